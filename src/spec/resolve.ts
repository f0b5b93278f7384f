/**
 * Level 1 to level 2: every attention of a file as a Spec. Takes the file, the prelude and what the command
 * line sets; gives the specs that stand, in the file's order, and all diagnostics. Guarantees: never throws on
 * any file; an attention with an error has no Spec and does not keep the others from having theirs.
 */
import { diagnostic, FoveaError, type Diagnostic, type Span } from "../diagnostics/diagnostic.ts";
import { closest } from "../diagnostics/suggest.ts";
import { printScalar } from "../scalar/print.ts";
import { isConst, sameScalar, type Scalar } from "../scalar/scalar.ts";
import type { AttentionDeclaration, Clause, Expr, File, Name } from "../syntax/ast.ts";
import { clauseLines, canonicalText, exprText, hasErrors } from "./canonical.ts";
import { clauseOf, once, resolveBlocks, resolveClauses } from "./clauses.ts";
import {
  callableOf,
  checkParams,
  collect,
  cycles,
  isFree,
  twice,
  type Attention,
  type Declarations,
  type ParamDeclaration,
} from "./declarations.ts";
import { resolveExample } from "./example.ts";
import { lowerValue } from "./expressions.ts";
import { refusePairsOf } from "./feature-map.ts";
import { refuseLater } from "./features.ts";
import { maxLength, tooLong } from "./inputs.ts";
import { lower } from "./lowering.ts";
import { evaluateParams, type Overrides } from "./params.ts";
import { refusePairs, resolveProjections } from "./projections.ts";
import { resolveRotations } from "./rotations.ts";
import { places, push, report, scopeOf, suggestion, type Callable, type Let, type Resolver } from "./scope.ts";
import { checkScheduleNames, resolveSchedules, scheduleText } from "./schedules.ts";
import { resolveSignature, type Implied } from "./signature.ts";
import type { Spec } from "./spec.ts";

export interface ResolveOptions {
  readonly set?: Readonly<Record<string, number>>;
  readonly dims?: Readonly<Record<string, number>>;
}

export interface Resolution {
  readonly specs: Spec[];
  readonly diagnostics: Diagnostic[];
}

export function resolve(file: File, prelude: File, options: ResolveOptions = {}): Resolution {
  const diagnostics: Diagnostic[] = [];
  const declarations = collect(file, prelude, diagnostics);
  cycles(declarations.callables, diagnostics);
  const set = new Map(Object.entries(options.set ?? {}));
  const dims = new Map(Object.entries(options.dims ?? {}));
  const known = { dims: new Set<string>(), params: new Set(declarations.params.map((param) => param.name.text)) };
  for (const attention of declarations.attentions.values()) {
    if (attention.kind === "attention")
      for (const clause of attention.clauses) if (clause.kind === "param") known.params.add(clause.name.text);
  }
  checkScheduleNames(declarations.schedules, new Set(declarations.attentions.keys()), diagnostics);
  const specs: Spec[] = [];
  for (const attention of declarations.attentions.values()) {
    const own: Diagnostic[] = [];
    try {
      const spec = resolveOne(file, declarations, attention, { set, dims, diagnostics: own, seenDims: known.dims });
      if (spec && !hasErrors(own)) specs.push(spec);
    } catch (error) {
      if (!(error instanceof FoveaError)) throw error;
      own.push(...error.diagnostics);
    }
    for (const each of own) push(diagnostics, each);
  }
  checkNames(diagnostics, set.keys(), known.params, "--set", "parameter");
  if (declarations.attentions.size > 0 && !hasErrors(diagnostics))
    checkNames(diagnostics, dims.keys(), known.dims, "--dim", "dimension");
  return { specs, diagnostics };
}

function checkNames(
  diagnostics: Diagnostic[],
  names: Iterable<string>,
  known: ReadonlySet<string>,
  flag: string,
  what: string,
): void {
  for (const name of names) {
    if (known.has(name)) continue;
    const near = closest(name, known);
    const notes =
      known.size > 0
        ? [`the ${what}s are ${[...known].map((each) => `\`${each}\``).join(", ")}`]
        : [`the file has no ${what}s`];
    push(
      diagnostics,
      diagnostic("FOV0007", `${flag}: no ${what} is named \`${name}\``, {
        notes,
        help: near && `did you mean \`${near}\`?`,
      }),
    );
  }
}

interface Request {
  readonly set: ReadonlyMap<string, number>;
  readonly dims: ReadonlyMap<string, number>;
  readonly diagnostics: Diagnostic[];
  readonly seenDims: Set<string>;
}

function resolveOne(file: File, declarations: Declarations, declared: Attention, request: Request): Spec | undefined {
  const { diagnostics } = request;
  const params = new Map<string, Scalar>();
  const resolver = newResolver(file.path, declarations, params, diagnostics);
  const target = followAlias(declarations, declared, resolver);
  if (!target) return undefined;
  const { attention } = target;
  const overrides: Overrides = { set: request.set, alias: target.bound };
  evaluateParams(declarations.params, overrides, resolver, params);
  const own = attention.clauses.filter((clause) => clause.kind === "param");
  evaluateParams(own, overrides, resolver, params);
  checkAliasArguments(resolver, target, [...declarations.params, ...own]);
  return resolveAttention(withOwnFns(resolver, attention), attention, declared, declarations, request);
}

function newResolver(
  path: string,
  declarations: Declarations,
  params: ReadonlyMap<string, Scalar>,
  diagnostics: Diagnostic[],
): Resolver {
  return {
    lowerValue,
    path,
    diagnostics,
    params,
    callables: declarations.callables,
    broken: cycles(declarations.callables, []),
    attentions: new Set(declarations.attentions.keys()),
    inputs: new Map(),
    sizes: new Map(),
    lets: new Map(),
    used: { callables: new Set(), params: new Set(), lets: new Set() },
    bound: 0,
    steps: 0,
  };
}

interface Target {
  readonly attention: AttentionDeclaration;
  readonly bound: ReadonlyMap<string, { readonly value: number; readonly span: Span }>;
}

/** `a = b(w: 64)`, `b = c(n: 2)`: the nearest argument of a name wins. */
function followAlias(declarations: Declarations, declared: Attention, resolver: Resolver): Target | undefined {
  const bound = new Map<string, { value: number; span: Span }>();
  const seen = new Set<Attention>();
  const scope = scopeOf(resolver, places.constant);
  let at = declared;
  while (at.kind === "alias") {
    if (seen.has(at))
      return report(
        scope,
        "FOV3004",
        `the attention \`${declared.name.text}\` is defined by itself`,
        declared.name.span,
      );
    seen.add(at);
    for (const { name, value } of at.args) {
      if (!name)
        return report(scope, "FOV2003", "an argument of an attention has no name", value.span, {
          help: "name the parameter: `(w: 64)`",
        });
      const made = lower(value, scope);
      if (!made) return undefined;
      if (!isConst(made))
        return report(scope, "FOV3010", "an argument of an attention is not known at compile time", value.span);
      if (!bound.has(name.text)) bound.set(name.text, { value: made.value, span: name.span });
    }
    const next = declarations.attentions.get(at.of.text);
    if (!next)
      return report(
        scope,
        "FOV3001",
        `no attention is named \`${at.of.text}\``,
        at.of.span,
        suggestion(at.of.span, closest(at.of.text, declarations.attentions.keys())),
      );
    at = next;
  }
  return { attention: at, bound };
}

function checkAliasArguments(resolver: Resolver, target: Target, params: readonly ParamDeclaration[]): void {
  const names = params.map((param) => param.name.text);
  for (const [name, { span }] of target.bound) {
    if (names.includes(name)) continue;
    report(
      scopeOf(resolver, places.constant),
      "FOV0007",
      `\`${target.attention.name.text}\` has no parameter \`${name}\``,
      span,
      suggestion(span, closest(name, names)),
    );
  }
}

/** Functions declared in the attention hide those of the file. */
function withOwnFns(resolver: Resolver, attention: AttentionDeclaration): Resolver {
  const own = attention.clauses.flatMap((clause) => (clause.kind === "fn" ? [clause.fn] : []));
  if (own.length === 0) return resolver;
  const callables = new Map(resolver.callables);
  const seen = new Map<string, Span>();
  for (const fn of own) {
    checkParams(resolver.diagnostics, fn.params);
    if (seen.has(fn.name.text)) twice(resolver.diagnostics, fn.name, seen.get(fn.name.text));
    else if (isFree(resolver.diagnostics, fn.name, true)) callables.set(fn.name.text, callableOf("fn", fn));
    seen.set(fn.name.text, fn.name.span);
  }
  const broken: Set<Callable> = cycles(callables, resolver.diagnostics);
  return { ...resolver, callables, broken };
}

function resolveAttention(
  resolver: Resolver,
  attention: AttentionDeclaration,
  declared: Attention,
  declarations: Declarations,
  request: Request,
): Spec | undefined {
  const { diagnostics } = resolver;
  const name: Name = declared.name;
  refuseLater(resolver, attention.clauses);
  const clauses = once(attention.clauses, diagnostics);
  const passed = resolveSignature(resolver, attention, clauseOf(clauses, "axes"), checkedDims(resolver, request));
  for (const size of resolver.sizes.keys()) request.seenDims.add(size);
  if (!passed) return undefined;
  const projected = resolveProjections(resolver, attention.clauses, passed);
  if (!projected) return undefined;
  const { signature, projections } = projected;
  const rotated = resolveRotations(resolver, attention.clauses, passed);
  if (!rotated) return undefined;
  declareLets(resolver, attention.clauses);
  resolveBlocks(resolver, clauses);
  const resolved = resolveClauses(resolver, clauses, signature, passed.extents);
  if (resolved && projections.length > 0) refusePairs(resolver, attention.clauses, resolved);
  if (resolved?.weights.kind === "linear")
    refusePairsOf(resolver, attention.clauses, { ...resolved, extents: signature.extents });
  checkLets(resolver);
  const where = [...resolveWhere(resolver, attention.where), ...signature.implied, ...rotated.implied];
  const schedules = resolveSchedules(resolver, name.text, declarations.schedules);
  const example = resolveExample(resolver, clauseOf(clauses, "example"));
  if (!resolved || hasErrors(diagnostics)) return undefined;
  const fixed: Record<string, number> = {};
  for (const [dim, value] of request.dims) {
    const size = resolver.sizes.get(dim);
    if (size && !isConst(size, value))
      push(
        diagnostics,
        diagnostic("FOV2005", `--dim ${dim}=${value} contradicts the signature of \`${name.text}\``, {
          span: attention.name.span,
        }),
      );
    else if (size) Object.defineProperty(fixed, dim, { value, enumerable: true, configurable: true, writable: true });
  }
  return {
    name: name.text,
    path: resolver.path,
    span: declared.span,
    text: canonicalText(attention, name, resolver, declarations.params),
    inputs: signature.inputs,
    sizes: signature.sizes,
    fixed,
    roles: signature.roles,
    extents: signature.extents,
    ...resolved,
    ...(rotated.rotations.length > 0 ? { rotations: rotated.rotations } : {}),
    ...(projections.length > 0 ? { projections } : {}),
    ...(resolver.blocks ? { blocks: resolver.blocks } : {}),
    where: where.filter((each, n) => where.findIndex((other) => sameScalar(other.condition, each.condition)) === n),
    example,
    ...(schedules.length > 0 ? { schedules } : {}),
    clauses: [
      ...attention.clauses.flatMap((clause) =>
        clause.kind === "rotate"
          ? [
              {
                clause: "rotate",
                text: `${clause.operands.map((x) => x.text).join(", ")} by ${exprText(clause.by)}`,
                default: false,
              },
            ]
          : [],
      ),
      ...projections.map(({ operand, by, keys }) => ({
        clause: "project",
        text: `${operand} along ${printScalar(keys)} by ${by}`,
        default: false,
      })),
      ...clauseLines(clauses, resolved, resolver),
      ...schedules.map((each) => ({ clause: "schedule", text: scheduleText(each), default: false })),
    ],
  };
}

function checkedDims(resolver: Resolver, request: Request): ReadonlyMap<string, number> {
  const good = new Map<string, number>();
  for (const [name, value] of request.dims) {
    if (!Number.isInteger(value) || value < 0)
      push(resolver.diagnostics, diagnostic("FOV2106", `--dim ${name}=${value} is not a size`));
    else if (value > maxLength) push(resolver.diagnostics, tooLong(`--dim ${name}=${value} is too large`));
    else good.set(name, value);
  }
  return good;
}

function declareLets(resolver: Resolver, clauses: readonly Clause[]): void {
  for (const clause of clauses) {
    if (clause.kind !== "let") continue;
    const { name, value } = clause;
    const first: Let | undefined = resolver.lets.get(name.text);
    if (first) twice(resolver.diagnostics, name, first.name.span);
    else if (resolver.inputs.has(name.text) || resolver.sizes.has(name.text) || resolver.params.has(name.text)) {
      push(
        resolver.diagnostics,
        diagnostic("FOV3003", `\`${name.text}\` is already an input, a dimension or a parameter`, { span: name.span }),
      );
    } else if (isFree(resolver.diagnostics, name)) resolver.lets.set(name.text, { name, value });
  }
}

/** A let that nothing uses is looked at too, in the place that allows most. */
function checkLets(resolver: Resolver): void {
  for (const { name, value } of resolver.lets.values()) {
    if (resolver.used.lets.has(name.text)) continue;
    lower(value, { ...scopeOf(resolver, places.score), lets: [name.text] });
  }
}

function resolveWhere(resolver: Resolver, conditions: readonly Expr[]): Implied[] {
  const scope = scopeOf(resolver, places.where);
  return conditions.flatMap((x) => {
    const condition = lower(x, scope);
    if (!condition) return [];
    if (condition.type !== "bool") report(scope, "FOV2001", "a condition of `where` is not a truth value", x.span);
    else if (isConst(condition, 0)) report(scope, "FOV2108", "the condition never holds", x.span);
    return isConst(condition) ? [] : [{ condition, text: exprText(x), span: x.span }];
  });
}
