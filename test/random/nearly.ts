/**
 * Texts that are nearly specs: takes texts that are, gives arbitraries of the same with tokens taken out, swapped,
 * doubled or put in, and with bytes of noise. `textFault` puts one through parse, check, the renderers and, where no
 * error is found, the pipeline down to tile programs; gives a sentence where something throws or a diagnostic is
 * not whole.
 */
import fc from "fast-check";
import { check, stages } from "../../src/compile.ts";
import { codes } from "../../src/diagnostics/codes.ts";
import { FoveaError, type Diagnostic } from "../../src/diagnostics/diagnostic.ts";
import { renderText, toJson } from "../../src/diagnostics/render.ts";
import { wasm } from "../../src/targets/index.ts";

/** Names, numbers, strings, spaces and signs, each as one piece. */
const pieces = (text: string): string[] =>
  text.match(/[A-Za-z_]\w*|\d+(?:\.\d+)?|"[^"\n]*"|\s+|[^\s\w]{1,2}|./gsu) ?? [];

const inserted = fc.constantFrom(
  ...'( ) [ ] { } , : = == != <= >= -> - + * / @ . not and or if then else div mod in mask score scale weights blocks by align at axes let fn param pattern attention example return where output schedule for f32 i32 bool 0 1 -1 1e400 99999999999999999999 0.1e-400 i j bi bj h b row s q k v o lse L D S causal window(3) top mean sum(t<9,t) segment hash bit int true false " // \n \0 \u202E \uD800 é × 𝒳 __proto__ constructor'.split(
    " ",
  ),
  " ",
);

type Change = (all: string[]) => string[];

const at = (n: number, all: readonly string[]): number => (all.length === 0 ? 0 : n % all.length);

const change: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.nat(9999).map(
      (n): Change =>
        (all) =>
          all.toSpliced(at(n, all), 1),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.nat(9999), fc.nat(9999)).map(([m, n]): Change => (all) => {
      const [a, b] = [at(m, all), at(n, all)];
      return all.map((x, k) => (k === a ? (all[b] ?? x) : k === b ? (all[a] ?? x) : x));
    }),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(fc.nat(9999), inserted).map(
      ([n, x]): Change =>
        (all) =>
          all.toSpliced(at(n, all), 0, x, " "),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.nat(9999), inserted).map(
      ([n, x]): Change =>
        (all) =>
          all.length === 0 ? [x] : all.with(at(n, all), x),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.nat(9999), fc.integer({ min: 2, max: 400 })).map(
      ([n, times]): Change =>
        (all) =>
          all.toSpliced(at(n, all), 0, ...Array.from({ length: times }, () => all[at(n, all)] ?? "")),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.nat(9999).map(
      (n): Change =>
        (all) =>
          all.slice(0, at(n, all)),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.nat(9999), fc.string({ unit: "binary", maxLength: 6 })).map(
      ([n, x]): Change =>
        (all) =>
          all.toSpliced(at(n, all), 0, x),
    ),
  },
);

export const nearly = (texts: readonly string[]): fc.Arbitrary<string> =>
  fc
    .tuple(fc.constantFrom(...texts), fc.array(change, { minLength: 1, maxLength: 5 }))
    .map(([text, changes]) => changes.reduce((all, each) => each(all), pieces(text)).join(""));

export interface TextTally {
  texts: number;
  refused: number;
  lowered: number;
  readonly codes: Map<string, number>;
}

export const newTextTally = (): TextTally => ({ texts: 0, refused: 0, lowered: 0, codes: new Map() });

export function textFault(text: string, tally: TextTally): string | undefined {
  tally.texts++;
  const { specs, diagnostics } = check(text, "nearly.attn");
  for (const found of diagnostics) {
    tally.codes.set(found.code, (tally.codes.get(found.code) ?? 0) + 1);
    const wrong = diagnosticFault(found, text);
    if (wrong !== undefined) return wrong;
  }
  if (diagnostics.some(({ severity }) => severity === "error")) {
    tally.refused++;
    return undefined;
  }
  for (const spec of specs) {
    try {
      for (const stage of stages(spec, wasm)) if (stage.name === "legalise") tally.lowered++;
    } catch (error) {
      if (!(error instanceof FoveaError) || error.diagnostics.some(({ code }) => code.startsWith("FOV9"))) throw error;
    }
  }
  return undefined;
}

function diagnosticFault(found: Diagnostic, text: string): string | undefined {
  const { code, message, span } = found;
  if (!Object.hasOwn(codes, code) || code.startsWith("FOV9")) return `the code ${code}: ${message}`;
  if (message === "" || /undefined|NaN|\[object/.test(message.replaceAll(/`[^`]*`/g, "")))
    return `${code} says "${message}"`;
  if (span?.file === "nearly.attn" && !(0 <= span.start && span.start <= span.end && span.end <= text.length))
    return `${code} points at ${span.start} … ${span.end} of ${text.length}`;
  const sources = new Map([["nearly.attn", text]]);
  const shown = renderText([found], sources, { color: false });
  if (/[\0-\x08\x0b-\x1f\x7f\u202a-\u202e]/.test(shown)) return `${code} prints a control character`;
  JSON.stringify(toJson(found, sources));
  return undefined;
}
