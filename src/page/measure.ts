/**
 * One kernel in this browser: its tensors fetched, its results held against what the oracle says of a few rows, and
 * only then timed. Takes a case of cases.json; gives a result of the shape of `bench --json`.
 */
export interface Tensor {
  readonly name: string;
  readonly array: "Float32Array" | "Int32Array" | "Uint8Array" | "Uint16Array";
  /** Where its numbers lie. */
  readonly file: string;
  readonly scalar: boolean;
}

/** Numbers that JSON lacks are their names. */
export interface Check {
  readonly output: string;
  readonly at: readonly number[];
  readonly want: readonly (number | string)[];
  /** How far a number may be from what is wanted. */
  readonly within: readonly number[];
}

export interface Case {
  readonly file: string;
  readonly attention: string;
  readonly target: string;
  readonly dims: Readonly<Record<string, number>>;
  readonly threads: number;
  readonly loader: string;
  readonly inputs: readonly Tensor[];
  readonly checks: readonly Check[];
  readonly flops: number;
  readonly visitedPairs: number;
  /** The median where the page was made, if it ran there. */
  readonly elsewhereMs: number | null;
}

export interface Page {
  readonly cases: readonly Case[];
  readonly machine: { readonly cpu: string };
}

type Numbers = Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer>;

interface Entry {
  readonly name: string;
  readonly dtype: string;
}

interface Kernel {
  readonly threads: number;
  readonly manifest: { readonly free: readonly string[]; readonly outputs: readonly Entry[] };
  readonly device?: GPUDevice;
  run(inputs: object, dims: object): Promise<Record<string, ArrayLike<number>>> | Record<string, ArrayLike<number>>;
  allocate(dims: object): { readonly inputs: Record<string, Numbers | GPUBuffer>; run(): unknown };
  dispose(): void;
}

export interface Result {
  readonly file: string;
  readonly attention: string;
  readonly target: string;
  readonly dims: Case["dims"];
  readonly threads: number;
  readonly medianMs: number;
  readonly minMs: number;
  readonly runs: number;
  readonly gflops: number;
  readonly visitedPairs: number;
}

/** A sample is at least so long: clocks of browsers are coarse. */
const budget = { warmMs: 200, timedMs: 1000, sampleMs: 20, leastSamples: 5 };

export const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

async function bytesOf(path: string): Promise<ArrayBuffer> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path} cannot be read: ${response.status}`);
  return response.arrayBuffer();
}

async function inputsOf({ inputs }: Case): Promise<ReadonlyMap<string, Numbers>> {
  const arrays = { Float32Array, Int32Array, Uint8Array, Uint16Array };
  const entries = inputs.map(async ({ name, array, file }) => [name, new arrays[array](await bytesOf(file))] as const);
  return new Map(await Promise.all(entries));
}

/** The bits of a half as its number. */
function halfOf(bits: number, dtype: string): number {
  if (dtype === "bf16") return new Float32Array(Uint32Array.of(bits << 16).buffer)[0] ?? 0;
  const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -24 * fraction);
}

/** What is wrong with the outputs, if anything is. */
function faultOf(
  checks: Case["checks"],
  entries: readonly Entry[],
  outputs: Record<string, ArrayLike<number>>,
): string {
  for (const { output, at, want, within } of checks) {
    const dtype = entries.find((entry) => entry.name === output)?.dtype ?? "f32";
    for (const [n, place] of at.entries()) {
      const raw = Number(outputs[output]?.[place]);
      const got = dtype === "f16" || dtype === "bf16" ? halfOf(raw, dtype) : raw;
      const wanted = Number(want[n]);
      if (Object.is(got, wanted) || got === wanted || Math.abs(got - wanted) <= (within[n] ?? 0)) continue;
      return `${output}[${place}] is ${got}, the oracle says ${wanted}`;
    }
  }
  return "";
}

interface Times {
  readonly samples: readonly number[];
  readonly runs: number;
}

async function timesOf(run: () => unknown, progress: (share: number) => void): Promise<Times> {
  const sample = async (count: number): Promise<number> => {
    const begun = performance.now();
    for (let n = 0; n < count; n++) {
      const made = run();
      if (made instanceof Promise) await made;
    }
    return (performance.now() - begun) / count;
  };
  let each = await sample(1);
  const warmed = performance.now() + budget.warmMs;
  for (let count = 1; performance.now() < warmed; count *= 2) each = await sample(count);
  const count = Math.max(1, Math.ceil(budget.sampleMs / Math.max(each, 1e-3)));
  const wanted = Math.max(budget.leastSamples, Math.round(budget.timedMs / Math.max(each * count, 1e-3)));
  const samples: number[] = [];
  while (samples.length < wanted) {
    samples.push(await sample(count));
    progress(samples.length / wanted);
    await pause();
  }
  return { samples: samples.toSorted((a, b) => a - b), runs: count * wanted };
}

/** `tell` is told what goes on. */
export async function measured(each: Case, tell: (text: string) => void): Promise<Result> {
  tell("loading");
  await pause();
  const { create } = (await import(new URL(each.loader, import.meta.url).href)) as {
    create: (options: object) => Promise<Kernel>;
  };
  const inputs = await inputsOf(each);
  const kernel = await create(each.target === "wasm" ? { threads: each.threads } : {});
  try {
    const { free, outputs } = kernel.manifest;
    const dims = Object.fromEntries(Object.entries(each.dims).filter(([name]) => free.includes(name)));
    tell("checking what it computes");
    await pause();
    const fault = faultOf(each.checks, outputs, await kernel.run(argumentsOf(each, inputs), dims));
    if (fault) throw Object.assign(new Error(`${each.attention} on ${each.target}: ${fault}`), { code: "FOV5007" });
    const room = kernel.allocate(dims);
    for (const [name, value] of inputs) put(kernel, room.inputs[name], value);
    tell("warming up");
    await pause();
    const { samples, runs } = await timesOf(
      () => room.run(),
      (share) => tell(`running, ${Math.round(100 * share)} %`),
    );
    const medianMs = samples[samples.length >> 1] ?? 0;
    const { file, attention, target, visitedPairs } = each;
    const gflops = medianMs === 0 ? 0 : each.flops / medianMs / 1e6;
    const minMs = samples[0] ?? 0;
    return {
      file,
      attention,
      target,
      dims: each.dims,
      threads: kernel.threads,
      medianMs,
      minMs,
      runs,
      gflops,
      visitedPairs,
    };
  } finally {
    kernel.dispose();
  }
}

/** A scalar is given as a number. */
const argumentsOf = ({ inputs }: Case, data: ReadonlyMap<string, Numbers>): object =>
  Object.fromEntries(inputs.map(({ name, scalar }) => [name, scalar ? data.get(name)?.[0] : data.get(name)]));

/** Fills one input of the room; bytes of a buffer come in fours. */
function put(kernel: Kernel, to: Numbers | GPUBuffer | undefined, from: Numbers): void {
  if (!to) return;
  if (ArrayBuffer.isView(to)) return to.set(from);
  const bytes = new Uint8Array(Math.ceil(from.byteLength / 4) * 4);
  bytes.set(new Uint8Array(from.buffer, from.byteOffset, from.byteLength));
  kernel.device?.queue.writeBuffer(to, 0, bytes);
}
