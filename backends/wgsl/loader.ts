/**
 * The manifest and the loader `<a>.wgsl.mjs` of an emitted module: one self-contained JavaScript file that finds
 * `<a>.wgsl` beside it, makes a pipeline for each head size (kept), and runs it on a WebGPU device. Bool tensors
 * are bytes, four in each u32 word.
 */
import type { Scalar } from "../../src/scalar/scalar.ts";
import type { TileProgram } from "../../src/tile/tile.ts";
import { threads } from "./context.ts";
import type { Module } from "./emit.ts";
import { identifier } from "./scalar.ts";

/** A size expression as JavaScript over the object `n`. */
export function javascript(x: Scalar): string {
  if (x.kind === "const") return String(x.value);
  if (x.kind === "size") return `n[${JSON.stringify(x.name)}]`;
  if (x.kind !== "call") throw new Error(`wgsl: ${x.kind} in an extent`);
  const [a = "0", b = "0", c = "0"] = x.args.map(javascript);
  const infix: Record<string, string> = {
    add: "+",
    sub: "-",
    mul: "*",
    lt: "<",
    le: "<=",
    gt: ">",
    ge: ">=",
    eq: "===",
    ne: "!==",
  };
  if (infix[x.fn]) return `(${a} ${infix[x.fn]} ${b})`;
  if (x.fn === "idiv") return `(${b} === 0 ? 0 : Math.floor(${a} / ${b}))`;
  if (x.fn === "mod") return `(${b} === 0 ? ${a} : ${a} - ${b} * Math.floor(${a} / ${b}))`;
  if (x.fn === "min" || x.fn === "max") return `Math.${x.fn}(${a}, ${b})`;
  if (x.fn === "select") return `(${a} ? ${b} : ${c})`;
  throw new Error(`wgsl: ${x.fn} in an extent`);
}

export function manifestOf(
  program: TileProgram,
  module: Module,
  fixed: Readonly<Record<string, number>>,
): Record<string, unknown> {
  const own = Object.fromEntries(Object.entries(fixed).filter(([n]) => program.sizes.includes(n)));
  return {
    version: 1,
    attention: program.name,
    target: "wgsl",
    fixed: own,
    free: program.sizes.filter((n) => !Object.hasOwn(own, n)),
    /** Sizes that are constants of the pipeline, as `const <identifier>: i32 = …;` in the module. */
    constants: module.constants.map((n) => ({ size: n, identifier: identifier("n", n) })),
    uniforms: [...module.uniforms, "total", "grid_width", "minus_infinity_bits", "nan_bits"],
    bindings: module.bindings.map(({ tensor, output }, n) => ({
      binding: n + 1,
      name: tensor.name,
      role: output ? "output" : "input",
      dtype: tensor.type,
      dims: tensor.dims.map((d) => (d.kind === "size" ? d.name : javascript(d))),
    })),
    boolStorage: "one byte an element, four in a u32 word, little end first",
    workgroup: { threads, grid: module.grid.map(javascript) },
  };
}

export function loaderOf(program: TileProgram, module: Module, manifest: Record<string, unknown>): string {
  const extents = module.bindings.map(
    ({ tensor }) => `  ${JSON.stringify(tensor.name)}: (n) => [${tensor.dims.map(javascript).join(", ")}],`,
  );
  return `// SPDX-License-Identifier: 0BSD
// Loader of ${program.name}.wgsl: create({ device }) gives a kernel, kernel.run(inputs, dims) its outputs.
export const manifest = ${JSON.stringify(manifest, null, 2)};
const extents = {
${extents.join("\n")}
};
const workgroups = (n) => ${module.grid.map(javascript).join(" * ") || "1"};
${body}`;
}

const body = `const error = (code, text) => Object.assign(new Error(\`\${code} \${manifest.attention}: \${text}\`), { code });
const product = (dims) => dims.reduce((a, b) => a * b, 1);
const bytesOf = (binding) => (binding.dtype === "bool" ? 1 : 4);
const kinds = { f32: Float32Array, i32: Int32Array, bool: Uint8Array };

async function source(wgsl) {
  if (typeof wgsl === "string") return wgsl;
  const url = wgsl ?? new URL(\`./\${manifest.attention}.wgsl\`, import.meta.url);
  if (url.protocol === "file:") return (await import("node:fs/promises")).readFile(url, "utf8");
  const answer = await fetch(url);
  if (!answer.ok) throw error("FOV0002", \`\${url} cannot be read (\${answer.status})\`);
  return answer.text();
}

/** Sizes from dims and from inputs that carry their own; contradictions are refused. */
function sizesOf(inputs, dims) {
  const n = { ...manifest.fixed };
  const put = (name, value, what) => {
    if (!Number.isSafeInteger(value) || value < 0) throw error("FOV2106", \`\${name} = \${value} in \${what} is not a size\`);
    if (name in n && n[name] !== value) throw error("FOV2005", \`\${name} is \${n[name]} and, in \${what}, \${value}\`);
    n[name] = value;
  };
  for (const name of [...manifest.free, ...Object.keys(manifest.fixed)]) if (dims[name] !== undefined) put(name, dims[name], "dims");
  for (const b of manifest.bindings) {
    const given = b.role === "input" ? inputs[b.name] : undefined;
    if (!given || !Array.isArray(given.dims)) continue;
    if (given.dims.length !== b.dims.length) throw error("FOV2105", \`input \${b.name} has \${given.dims.length} dimensions, needs \${b.dims.length}\`);
    b.dims.forEach((name, at) => {
      if (manifest.free.includes(name) || name in manifest.fixed) put(name, given.dims[at], \`input \${b.name}\`);
    });
  }
  for (const name of manifest.free) if (n[name] === undefined) throw error("FOV2106", \`the dimension \${name} is missing\`);
  return n;
}

export async function create({ gpu, device, wgsl } = {}) {
  let adapter;
  if (!device) {
    gpu ??= globalThis.navigator?.gpu;
    adapter = gpu ? await gpu.requestAdapter() : undefined;
    if (!adapter) throw error("FOV5002", "no WebGPU adapter answers");
    device = await adapter.requestDevice();
  }
  const text = await source(wgsl);
  const pipelines = new Map();
  let lost;
  device.lost.then((why) => { lost = why.message || why.reason; });
  const kept = { gpu, adapter, device };

  const layout = device.createBindGroupLayout({
    entries: [
      { binding: 0, visibility: 4, buffer: { type: "uniform" } },
      ...manifest.bindings.map((b) => ({
        binding: b.binding,
        visibility: 4,
        buffer: { type: b.role === "output" ? "storage" : "read-only-storage" },
      })),
    ],
  });

  async function pipelineFor(n) {
    const key = manifest.constants.map((c) => n[c.size]).join();
    if (!pipelines.has(key)) {
      const code = manifest.constants.reduce(
        (t, c) => t.replace(new RegExp(\`^const \${c.identifier}: i32 = \\\\d+;\`, "m"), \`const \${c.identifier}: i32 = \${n[c.size]};\`),
        text,
      );
      device.pushErrorScope("validation");
      const pipeline = device.createComputePipeline({
        layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
        compute: { module: device.createShaderModule({ code }), entryPoint: "main" },
      });
      const refused = await device.popErrorScope();
      if (refused) throw error("FOV5003", \`the module is refused: \${refused.message}\`);
      pipelines.set(key, pipeline);
    }
    return pipelines.get(key);
  }

  /** Records the kernel; \`buffers\` has a GPUBuffer for each binding by name. Gives the uniform buffer it made. */
  async function encode(encoder, buffers, n) {
    const pipeline = await pipelineFor(n);
    const total = workgroups(n);
    const width = Math.min(total, device.limits.maxComputeWorkgroupsPerDimension);
    const special = { total, grid_width: width, minus_infinity_bits: 0xff800000, nan_bits: 0x7fc00000 };
    const data = new Uint32Array(manifest.uniforms.map((name) => special[name] ?? n[name]));
    const uniform = device.createBuffer({ size: data.byteLength, usage: 64 | 8 });
    device.queue.writeBuffer(uniform, 0, data);
    if (total === 0) return uniform;
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, device.createBindGroup({
      layout,
      entries: [
        { binding: 0, resource: { buffer: uniform } },
        ...manifest.bindings.map((b) => ({ binding: b.binding, resource: { buffer: buffers[b.name] } })),
      ],
    }));
    pass.dispatchWorkgroups(width, Math.ceil(total / width));
    pass.end();
    return uniform;
  }

  async function run(inputs, dims = {}, { out = {} } = {}) {
    if (lost !== undefined) throw error("FOV5005", \`the device was lost: \${lost}\`);
    const n = sizesOf(inputs, dims);
    const made = [];
    const buffer = (bytes, usage) => {
      const b = device.createBuffer({ size: Math.max(4, Math.ceil(bytes / 4) * 4), usage });
      made.push(b);
      return b;
    };
    const buffers = {};
    const results = [];
    for (const b of manifest.bindings) {
      const shape = extents[b.name](n);
      const count = product(shape);
      if (b.role === "output") {
        buffers[b.name] = buffer(count * 4, 128 | 4);
        results.push({ name: b.name, count });
        continue;
      }
      const given = inputs[b.name];
      if (given === undefined) throw error("FOV2101", \`input \${b.name} is missing\`);
      const data = given.data ?? given;
      if (!ArrayBuffer.isView(data)) {
        buffers[b.name] = data;
        continue;
      }
      if (!(data instanceof kinds[b.dtype])) throw error("FOV2104", \`input \${b.name} must be a \${kinds[b.dtype].name}\`);
      if (data.length !== count) {
        const type = \`\${b.dtype}[\${b.dims.map((d, at) => \`\${d}=\${shape[at]}\`).join(", ")}]\`;
        throw error("FOV2103", \`input \${b.name} has \${data.length} numbers; \${type} needs \${count}\`);
      }
      const bytes = new Uint8Array(Math.ceil((count * bytesOf(b)) / 4) * 4);
      bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      buffers[b.name] = buffer(bytes.length, 128 | 8);
      device.queue.writeBuffer(buffers[b.name], 0, bytes);
    }
    device.pushErrorScope("validation");
    const encoder = device.createCommandEncoder();
    made.push(await encode(encoder, buffers, n));
    for (const r of results) {
      r.copy = buffer(r.count * 4, 1 | 8);
      encoder.copyBufferToBuffer(buffers[r.name], 0, r.copy, 0, r.copy.size);
    }
    device.queue.submit([encoder.finish()]);
    const refused = await device.popErrorScope();
    if (refused) throw error("FOV5003", refused.message);
    const found = {};
    for (const { name, count, copy } of results) {
      await copy.mapAsync(1);
      const data = new Float32Array(copy.getMappedRange(), 0, count);
      found[name] = out[name] ?? new Float32Array(count);
      found[name].set(data);
      copy.unmap();
    }
    for (const b of made) b.destroy();
    return found;
  }

  return { manifest, threads: 1, run, encode, dispose: () => { pipelines.clear(); if (kept.adapter) device.destroy(); } };
}
`;
