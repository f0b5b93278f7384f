/**
 * Roles from the names of q's dimensions: `B` batch, `H` head, `L` position, `D` channel, in any order, or as
 * `axes` says. A number takes the role whose name is absent, and that name then means the number.
 */
import { diagnostic, type Span } from "../diagnostics/diagnostic.ts";
import { closest } from "../diagnostics/suggest.ts";
import { int } from "../scalar/scalar.ts";
import type { Clause, Expr } from "../syntax/ast.ts";
import { push, suggestion, type Resolver } from "./scope.ts";
import type { Role } from "./spec.ts";
import { ungroup } from "./walk.ts";

const letters: readonly (readonly [Role, string])[] = [
  ["batch", "B"],
  ["head", "H"],
  ["position", "L"],
  ["channel", "D"],
];
/** What `axes` calls them. */
const axisNames: ReadonlyMap<string, Role> = new Map([
  ["batch", "batch"],
  ["head", "head"],
  ["query", "position"],
  ["channel", "channel"],
]);

export function readRoles(
  resolver: Resolver,
  q: readonly Expr[],
  axes: (Clause & { kind: "axes" }) | undefined,
  at: Span,
): readonly Role[] | undefined {
  const names = namesOfRoles(resolver, q, axes);
  if (!names) return undefined;
  const refuse = (message: string, span: Span, help: string): undefined => {
    push(resolver.diagnostics, diagnostic("FOV3012", message, { span, help }));
    return undefined;
  };
  const present = new Set(q.map(ungroup).flatMap((dim) => (dim.kind === "name" ? [dim.name] : [])));
  const absent = letters.map(([role]) => role).filter((role) => !present.has(names.get(role) ?? ""));
  const numbers = q.filter((dim) => ungroup(dim).kind === "number").length;
  const needed = absent.filter((role) => role === "position" || role === "channel");
  const free = numbers === needed.length ? [...needed] : numbers === absent.length ? [...absent] : [];
  if (numbers > 0 && free.length === 0) {
    return refuse(
      "the roles of q's numeric dimensions cannot be told",
      at,
      "name the dimensions; `--dim` fixes their sizes",
    );
  }
  const roles: Role[] = [];
  for (const dim of q) {
    const bare = ungroup(dim);
    const known = bare.kind === "name" ? [...names].find(([, name]) => name === bare.name)?.[0] : undefined;
    const role = bare.kind === "number" ? free.shift() : known;
    if (!role) {
      const text = bare.kind === "name" ? `\`${bare.name}\` of q` : "this dimension of q";
      return refuse(
        `the role of ${text} cannot be told`,
        dim.span,
        "q's dimensions are `B`, `H`, `L` and `D`; say `axes query = T` for other names",
      );
    }
    if (roles.includes(role))
      return refuse(`q has its ${role} twice`, dim.span, "every dimension of q has a role of its own");
    roles.push(role);
    const name = names.get(role);
    if (bare.kind === "number" && name !== undefined && !resolver.sizes.has(name))
      resolver.sizes.set(name, int(bare.value));
  }
  for (const role of ["position", "channel"] as const) {
    if (!roles.includes(role))
      return refuse(`q has no ${role} dimension`, at, `name one of its dimensions \`${names.get(role) ?? ""}\``);
  }
  return roles;
}

/** The name of each role's dimension, with `axes` over the four letters. */
function namesOfRoles(
  resolver: Resolver,
  q: readonly Expr[],
  axes: (Clause & { kind: "axes" }) | undefined,
): Map<Role, string> | undefined {
  const names = new Map<Role, string>(letters);
  const seen = new Set<Role>();
  const dims = q.map(ungroup).flatMap((dim) => (dim.kind === "name" ? [dim.name] : []));
  for (const { role, dim } of axes?.entries ?? []) {
    const known = axisNames.get(role.text);
    if (!known) {
      push(
        resolver.diagnostics,
        diagnostic("FOV3012", `\`axes\` knows no role \`${role.text}\``, {
          span: role.span,
          notes: ["the roles are `batch`, `head`, `query` and `channel`"],
          ...suggestion(role.span, closest(role.text, axisNames.keys())),
        }),
      );
      return undefined;
    }
    if (seen.has(known)) {
      push(
        resolver.diagnostics,
        diagnostic("FOV3003", `the role \`${role.text}\` is given twice`, { span: role.span }),
      );
      return undefined;
    }
    if (!dims.includes(dim.text)) {
      push(
        resolver.diagnostics,
        diagnostic("FOV3001", `q has no dimension \`${dim.text}\``, {
          span: dim.span,
          ...suggestion(dim.span, closest(dim.text, dims)),
        }),
      );
      return undefined;
    }
    seen.add(known);
    names.set(known, dim.text);
  }
  // A letter that `axes` gave to another role is free of its own.
  for (const [role, letter] of letters) {
    if (!seen.has(role) && [...names].some(([other, name]) => other !== role && name === letter)) names.delete(role);
  }
  return names;
}
