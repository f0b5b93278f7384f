/**
 * `project k along L by E`: keys or values replaced by R mixtures of them, E · K (Linformer, Wang et al. 2020, equation
 * 7). Takes the clauses and the signature; gives what each operand is projected by and how many keys are left.
 * Refuses what has no meaning then: a mixture has no position, so no mask or score may speak of j.
 */
import { diagnostic } from "../diagnostics/diagnostic.ts";
import { closest } from "../diagnostics/suggest.ts";
import { printScalar } from "../scalar/print.ts";
import { dependsOn, sameScalar, type Scalar } from "../scalar/scalar.ts";
import { isReal } from "../scalar/storage.ts";
import type { Clause } from "../syntax/ast.ts";
import { places, push, report, scopeOf, suggestion, type Resolver } from "./scope.ts";
import type { Signature } from "./signature.ts";
import type { Projection, Spec, SpecInput } from "./spec.ts";

type Project = Clause & { readonly kind: "project" };

export interface Projected {
  readonly projections: readonly Projection[];
  /** The signature as the rest of the spec sees it: as many keys as mixtures. */
  readonly signature: Signature;
}

export function resolveProjections(
  resolver: Resolver,
  clauses: readonly Clause[],
  signature: Signature,
): Projected | undefined {
  const wanted = clauses.filter((clause) => clause.kind === "project");
  if (wanted.length === 0) return { projections: [], signature };
  const found = wanted.map((clause) => projectionOf(resolver, clause, signature));
  const projections = found.flatMap((x) => x ?? []);
  if (projections.length < wanted.length) return undefined;
  const refuse = (message: string, clause: Project | undefined, help: string): undefined => {
    push(resolver.diagnostics, diagnostic("FOV3015", message, { span: clause?.span ?? wanted[0].span, help }));
    return undefined;
  };
  for (const operand of ["k", "v"] as const) {
    const own = projections.filter((x) => x.operand === operand);
    const other = operand === "k" ? "v" : "k";
    if (own.length > 1) return refuse(`${operand} is projected twice`, wanted[1], "one projection an operand");
    if (own.length === 0) return refuse(`${other} is projected and ${operand} is not`, wanted[0], "project both alike");
  }
  const [a, b] = projections;
  if (!sameScalar(a.rows, b.rows))
    return refuse(
      `k and v have different numbers of keys after \`project\`: ${printScalar(a.rows)} and ${printScalar(b.rows)}`,
      wanted[1],
      "give both projections the same first dimension",
    );
  return { projections, signature: { ...signature, extents: { ...signature.extents, key: a.rows } } };
}

function projectionOf(resolver: Resolver, clause: Project, signature: Signature): Projection | undefined {
  const { operand, along, by } = clause;
  const scope = scopeOf(resolver, places.shape);
  const { text } = operand;
  if (text !== "k" && text !== "v")
    return report(scope, "FOV3001", `\`project\` takes k or v, and this is \`${text}\``, operand.span);
  const keys = signature.extents.key;
  const size = resolver.sizes.get(along.text);
  if (!size || !sameScalar(size, keys))
    return report(
      scope,
      "FOV3001",
      `\`${along.text}\` is not the dimension of ${text}'s positions, which is ${printScalar(keys)}`,
      along.span,
    );
  const input = signature.inputs.find((x) => x.name === by.text);
  if (!input) {
    const near = closest(
      by.text,
      signature.inputs.map((x) => x.name),
    );
    return report(scope, "FOV3001", `no input is named \`${by.text}\``, by.span, suggestion(by.span, near));
  }
  return shaped(resolver, clause, input, text, signature);
}

/** E: [R, L], with a batch or head dimension before it or without. */
function shaped(
  resolver: Resolver,
  { by }: Project,
  input: SpecInput,
  operand: "k" | "v",
  { extents }: Signature,
): Projection | undefined {
  const scope = scopeOf(resolver, places.shape);
  const wrong = (why: string): undefined =>
    report(scope, "FOV2105", `\`${by.text}\` cannot project: ${why}`, by.span, {
      help: `declare it as \`${by.text}: f32[R, ${printScalar(extents.key)}]\`, with a head or batch dimension in front if each has its own`,
    });
  if (!isReal(input.dtype)) return wrong(`its elements are ${input.dtype}`);
  const at: Projection["at"][number][] = [];
  let rows: Scalar | undefined;
  for (const [n, dim] of input.dims.entries()) {
    const last = n === input.dims.length - 1;
    if (last && sameScalar(dim, extents.key)) at.push("key");
    else if (n === input.dims.length - 2) {
      at.push("mixture");
      rows = dim;
    } else if (sameScalar(dim, extents.keyHead) && !at.includes("head")) at.push("head");
    else if (sameScalar(dim, extents.batch) && !at.includes("batch")) at.push("batch");
    else return wrong(`its dimension ${printScalar(dim)} is no role of k`);
  }
  if (!rows || !at.includes("key"))
    return wrong(`it has ${input.dims.length} dimensions, the last of them not the keys`);
  return { operand, by: input.name, at, rows, keys: extents.key };
}

/** A mixture of keys has no position: what speaks of j after a projection is refused. */
export function refusePairs(resolver: Resolver, clauses: readonly Clause[], spec: Pick<Spec, "mask" | "score">): void {
  for (const kind of ["mask", "score"] as const) {
    if (!dependsOn(spec[kind], "j")) continue;
    const clause = clauses.find((x) => x.kind === kind);
    const project = clauses.find((x) => x.kind === "project");
    push(
      resolver.diagnostics,
      diagnostic("FOV3015", `\`${kind}\` speaks of key positions, which a projection mixes`, {
        ...(clause ? { span: clause.span } : {}),
        labels: project ? [{ span: project.span, text: "each key after this is a mixture of all keys" }] : [],
        notes: ["a causal or windowed mask would let every query see every key through the mixtures"],
        help: `leave out \`${kind}\`, or \`project\``,
      }),
    );
  }
}
