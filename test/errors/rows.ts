/**
 * The smallest input that raises each code: a spec with its mistake between « and », or the words of a command. What
 * is between the signs is the text that the diagnostic must point at.
 */
import type { Code } from "../../src/diagnostics/codes.ts";

export interface SpecRow {
  readonly code: Code;
  readonly spec: string;
  /** The way out: in `help` or in a note. */
  readonly says: string;
}

const a = (clauses: string, inputs = ""): string =>
  `attention a(q, k, v: f32[B, H, L, D]${inputs && `, ${inputs}`}) { ${clauses} }`;
const row = (code: Code, spec: string, says: string): SpecRow => ({ code, spec, says });

export const specRows: readonly SpecRow[] = [
  row("FOV1001", a("«maks» causal"), "did you mean `mask`?"),
  row("FOV1002", a("mask causal «&&» causal"), "write `and`"),
  row("FOV1003", 'attention a(q, k, v: f32[L, D], x: f32) { example x = «"a.npy }»', 'close it with `"`'),
  row("FOV2001", a("mask «i»"), ""),
  row("FOV2002", a("mask «t[b]» == 0", "t: i32[B, L]"), ""),
  row("FOV2003", a("mask «window»"), ""),
  row("FOV2004", "attention a(q: f32[B, H, L, D], «k»: f32[H, L, D], v: f32[B, H, L, D]) { }", ""),
  row("FOV2006", "attention a(q, k: f32[L, D], v: i8[L, D] scale «vs», vs: f32[D, L]) { }", "in their order"),
  row("FOV2106", a("example B = «-1»"), ""),
  row("FOV2108", "attention a(q, k, v: f32[B, H, L, D]) where «1 == 2» { }", ""),
  row("FOV3001", a("mask j <= «ii»"), ""),
  row("FOV3002", a("mask causal and «windw»(3)"), "did you mean `window`?"),
  row("FOV3003", `param w = 1 param «w» = 2 ${a("mask window(w)")}`, ""),
  row("FOV3004", `pattern p = «p» ${a("mask p")}`, ""),
  row("FOV3005", a("mask causal «mask causal»"), ""),
  row("FOV3006", "attention «a»(q, k: f32[B, H, L, D]) { }", ""),
  row("FOV3007", a("mask i mod «0» == 1"), ""),
  row("FOV3008", a("mask «i / 2» == j"), ""),
  row("FOV3009", a("weights sigmoid return o, «lse»"), ""),
  row("FOV3010", a("mask «diagonal»"), ""),
  row("FOV3011", a("mask «stride(8)»"), ""),
  row("FOV3012", "attention a(q, k, v: f32[B, H, «T», D]) { }", ""),
  row("FOV3013", a("score q[«row»] @ k[j]"), "`i` is the query's position"),
  row("FOV3014", `${a("mask causal")} schedule a for wasm { tile: 32 by «20» }`, ""),
  row("FOV3015", a("project k along L by E project v along L by E «mask causal»", "E: f32[R, L]"), "leave out `mask`"),
  row("FOV3016", "attention a(q, k: f32[L, D], «v»: i8[L, D]) { }", "write `v: i8[…] scale vs`"),
  row("FOV3017", "attention a(q, k, v: f32[L, D] scale «vs», vs: f32) { }", "leave it out"),
  row("FOV3018", `fn f(x) = x ${a("«mask window(4)» weights linear(f)")}`, "write `mask causal`"),
  row("FOV3103", a("«positions k at p»", "p: i32[L]"), ""),
  row("FOV3104", a("«route by h to x, y»"), ""),
  row("FOV3105", a("«precision int8 online»"), ""),
  row("FOV3107", a("«weights nystrom(landmarks: 32)»"), ""),
  row("FOV3108", a("mask causal and «top»(32, of: s)"), ""),
  row("FOV3109", a("return o, importance = «mass»"), ""),
  row("FOV3110", a("return o: i8[B, H, L, D] scale «os»", "os: f32"), "available now"),
  row("FOV3111", a("mask t[i] == 1", "t: «u8»[L]"), "declare it as `t: i32`"),
  row("FOV3112", a("score «near.o»"), ""),
  row("FOV3114", a("score «q[i] @ k[j]»"), ""),
  row("FOV3115", a("score «mean»(s)"), ""),
  row("FOV4001", `«»// ${"x".repeat(65536)}`, "split the file"),
  row("FOV4002", a(`mask ${"(".repeat(63)}«(»j`), "name a part of it"),
  row("FOV4003", `param n = «${"1 + ".repeat(5000)}1»`, "name parts of it"),
  row("FOV4004", a("mask i < «3000000000»"), ""),
];
