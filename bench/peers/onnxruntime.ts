/**
 * The peer of the benchmark: attention in onnxruntime-web, WASM provider, one thread. Each variant is a ModelProto
 * built in memory, with fixed dimensions (the peer may plan for them; our kernels take theirs at run time).
 * Tensors come and go as [B, H, L, D]; a variant that wants [B, L, H·D] gets its copy in `load`, which is not timed.
 * Guarantees: `run` is one session.run and nothing more; `output` is in [B, H, L, D] again.
 */
import onnxProto from "onnx-proto";
import * as ort from "onnxruntime-web";

const { onnx } = onnxProto;

export interface Shape {
  readonly B: number;
  readonly H: number;
  readonly L: number;
  readonly D: number;
}

export type Masking = { readonly kind: "none" | "causal" } | { readonly kind: "mask"; readonly mask: Uint8Array };

/** q, k and v. */
export type Qkv = readonly [Float32Array, Float32Array, Float32Array];

export interface Peer {
  readonly name: string;
  /** Takes the inputs of the next runs; gives a handle, so that sets can alternate. */
  readonly load: (qkv: Qkv) => { readonly run: () => Promise<void>; readonly output: () => Float32Array };
  readonly release: () => Promise<void>;
}

interface Node {
  readonly op: string;
  readonly domain?: string;
  readonly in: readonly string[];
  readonly out: string;
  readonly attributes?: readonly Attribute[];
}
type Attribute = { name: string; type: 1; f: number } | { name: string; type: 2; i: number } | Ints;
interface Ints {
  name: string;
  type: 7;
  ints: number[];
}

interface Graph {
  readonly name: string;
  /** Dimensions of q, k, v and o. */
  readonly dims: readonly number[];
  readonly mask: readonly number[] | undefined;
  readonly nodes: readonly Node[];
  readonly constants?: Readonly<Record<string, number>>;
}

const float = (name: string, f: number): Attribute => ({ name, type: 1, f });
const int = (name: string, i: number): Attribute => ({ name, type: 2, i });
const ints = (name: string, list: number[]): Attribute => ({ name, type: 7, ints: list });

export const peerVersion = (): string => ort.env.versions.web ?? ort.env.versions.common;

const [floatType, boolType] = [1, 9];

function model(graph: Graph): Uint8Array {
  const value = (name: string, elemType: number, dims: readonly number[]): object => ({
    name,
    type: { tensorType: { elemType, shape: { dim: dims.map((dimValue) => ({ dimValue })) } } },
  });
  const made = onnx.ModelProto.create({
    irVersion: 10,
    opsetImport: [
      { domain: "", version: 23 },
      { domain: "com.microsoft", version: 1 },
    ],
    graph: {
      name: graph.name,
      node: graph.nodes.map((n) => ({
        opType: n.op,
        domain: n.domain ?? "",
        input: [...n.in],
        output: [n.out],
        attribute: (n.attributes ?? []).map((a) => ({ ...a })),
      })),
      input: [
        ...["q", "k", "v"].map((name) => value(name, floatType, graph.dims)),
        ...(graph.mask ? [value("mask", boolType, graph.mask)] : []),
      ],
      output: [value("o", floatType, graph.dims)],
      initializer: Object.entries(graph.constants ?? {}).map(([name, x]) => ({
        name,
        dataType: floatType,
        dims: [],
        floatData: [x],
      })),
    },
  });
  return onnx.ModelProto.encode(made).finish();
}

/**
 * The variants that can say the masking: MultiHeadAttention and MatMul–Softmax–MatMul take no boolean mask.
 * GroupQueryAttention could say causal and a window, but took ten times as long as the others (1.30.0, n = 2048).
 */
function graphs({ B, H, L, D }: Shape, masking: Masking): { graph: Graph; packed: boolean }[] {
  const scale = 1 / Math.sqrt(D);
  const causal = masking.kind === "causal" ? 1 : 0;
  const heads = [B, H, L, D];
  const mask = masking.kind === "mask" ? [L, L] : undefined;
  const attention: Graph = {
    name: "Attention-23",
    dims: heads,
    mask,
    nodes: [
      {
        op: "Attention",
        in: mask ? ["q", "k", "v", "mask"] : ["q", "k", "v"],
        out: "o",
        attributes: [float("scale", scale), int("is_causal", causal)],
      },
    ],
  };
  const list = [{ graph: attention, packed: false }];
  if (mask) return list;
  const multiHead: Graph = {
    name: "MultiHeadAttention",
    dims: [B, L, H * D],
    mask,
    nodes: [
      {
        op: "MultiHeadAttention",
        domain: "com.microsoft",
        in: ["q", "k", "v"],
        out: "o",
        attributes: [int("num_heads", H), float("scale", scale), int("unidirectional", causal)],
      },
    ],
  };
  list.push({ graph: multiHead, packed: true });
  if (causal) return list;
  const matMul: Graph = {
    name: "MatMul-Softmax-MatMul",
    dims: heads,
    mask,
    nodes: [
      { op: "Transpose", in: ["k"], out: "kt", attributes: [ints("perm", [0, 1, 3, 2])] },
      { op: "MatMul", in: ["q", "kt"], out: "s" },
      { op: "Mul", in: ["s", "scale"], out: "scaled" },
      { op: "Softmax", in: ["scaled"], out: "p", attributes: [int("axis", -1)] },
      { op: "MatMul", in: ["p", "v"], out: "o" },
    ],
    constants: { scale },
  };
  list.push({ graph: matMul, packed: false });
  return list;
}

/** [B, A, C, D] → [B, C, A, D]. */
function swapped(x: Float32Array, [B, A, C, D]: readonly [number, number, number, number]): Float32Array {
  const y = new Float32Array(x.length);
  for (let b = 0; b < B; b++)
    for (let a = 0; a < A; a++)
      for (let c = 0; c < C; c++) {
        const from = ((b * A + a) * C + c) * D;
        y.set(x.subarray(from, from + D), ((b * C + c) * A + a) * D);
      }
  return y;
}

export async function onnxruntimePeers(shape: Shape, masking: Masking): Promise<Peer[]> {
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = "error";
  const peers: Peer[] = [];
  for (const { graph, packed } of graphs(shape, masking)) peers.push(await peerOf(shape, masking, graph, packed));
  return peers;
}

async function peerOf({ B, H, L, D }: Shape, masking: Masking, graph: Graph, packed: boolean): Promise<Peer> {
  const session = await ort.InferenceSession.create(model(graph), {
    executionProviders: ["wasm"],
    intraOpNumThreads: 1,
    graphOptimizationLevel: "all",
  });
  const masks = masking.kind === "mask" ? { mask: new ort.Tensor("bool", masking.mask, [L, L]) } : {};
  return {
    name: graph.name,
    load: (qkv) => {
      const [q, k, v] = qkv.map(
        (x) => new ort.Tensor("float32", packed ? swapped(x, [B, H, L, D]) : x, [...graph.dims]),
      );
      if (!q || !k || !v) throw new Error("onnxruntime: an input is missing");
      let last: ort.Tensor | undefined;
      return {
        run: async () => {
          last = (await session.run({ q, k, v, ...masks }))["o"];
        },
        output: () => {
          const data = last?.data;
          if (!(data instanceof Float32Array)) throw new Error(`onnxruntime: ${graph.name} gave no f32 output`);
          return packed ? swapped(data, [B, L, H, D]) : data;
        },
      };
    },
    release: () => session.release(),
  };
}
