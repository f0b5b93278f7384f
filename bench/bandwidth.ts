/**
 * How fast one core reads in WASM: gives a call that adds up `bytes` of memory, eight vectors at a time, and nothing
 * else. What a kernel that reads every byte once can reach.
 */
import binaryen from "binaryen";

const vectors = 8;

export async function bandwidth(bytes: number): Promise<() => void> {
  if (bytes % (vectors * 16) !== 0) throw new Error(`bench: ${bytes} bytes are no multiple of ${vectors * 16}`);
  const { instance } = await WebAssembly.instantiate(new Uint8Array(summing(Math.ceil(bytes / 65536))));
  const { run, memory } = instance.exports;
  if (typeof run !== "function" || !(memory instanceof WebAssembly.Memory))
    throw new Error("bandwidth: the module exports no run or no memory");
  // Pages that were never written are all the same one, and in the cache.
  new Float32Array(memory.buffer).fill(1);
  return () => void run(bytes);
}

/** `run(end) -> f32`: the sum of the bytes 0 … end as f32. */
function summing(pages: number): Uint8Array {
  const m = new binaryen.Module();
  try {
    m.setFeatures(binaryen.Features.SIMD128);
    m.setMemory(pages, pages, "memory");
    const [end, at] = [0, 1];
    const sums = Array.from({ length: vectors }, (_, n) => 2 + n);
    const get = (n: number): number => m.local.get(n, binaryen.v128);
    const integer = (n: number): number => m.local.get(n, binaryen.i32);
    const adds = sums.map((sum, n) => m.local.set(sum, m.f32x4.add(get(sum), m.v128.load(16 * n, 4, integer(at)))));
    const next = m.local.tee(at, m.i32.add(integer(at), m.i32.const(16 * vectors)), binaryen.i32);
    const body = [
      m.loop("again", m.block(null, [...adds, m.br_if("again", m.i32.lt_u(next, integer(end)))])),
      m.return(
        m.f32x4.extract_lane(
          sums.slice(1).reduce((all, n) => m.f32x4.add(all, get(n)), get(2)),
          0,
        ),
      ),
    ];
    m.addFunction(
      "run",
      binaryen.i32,
      binaryen.f32,
      [binaryen.i32, ...sums.map(() => binaryen.v128)],
      m.block(null, body),
    );
    m.addFunctionExport("run", "run");
    if (!m.validate()) throw new Error("bandwidth: the module does not validate");
    return m.emitBinary();
  } finally {
    m.dispose();
  }
}
