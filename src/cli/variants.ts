/**
 * The attentions that `compare` puts side by side. Takes files and `--set`, `--dim` and `--name` with lists of values;
 * gives one variant for each attention and each value that makes another attention of it, in the order of the words.
 * Guarantees: a name that no file knows is FOV0007; one that a file knows is set there and nowhere else.
 */
import { fail } from "../diagnostics/diagnostic.ts";
import { closest } from "../diagnostics/suggest.ts";
import type { Spec } from "../spec/spec.ts";
import { parse } from "../syntax/parse.ts";
import { filesOf, readSource, specsIn } from "./load.ts";
import { collectNumbers, type Common } from "./options.ts";
import type { Terminal } from "./terminal.ts";

export type Lists = Readonly<Record<string, readonly number[]>>;

export interface Variant {
  readonly file: string;
  readonly spec: Spec;
  /** The parameters that were set. */
  readonly set: Readonly<Record<string, number>>;
  /** The attention, and what tells it from its other variants: `local w=64`. */
  readonly label: string;
}

/** Rows of a comparison at most: more are no table any more. */
const mostVariants = 64;

/** `w=64,128`; a name once. */
export function collectLists(text: string, before: Lists = {}): Lists {
  const [name = "", values = ""] = text.split("=", 2);
  const one = collectNumbers("--set", false);
  const numbers = values.split(",").map((value) => one(`${name}=${value}`)[name] ?? 0);
  if (text.split("=").length !== 2) one(text);
  if (Object.hasOwn(before, name))
    fail("FOV0001", `--set gives \`${name}\` twice`, { help: `give it once, as \`--set ${name}=64,128\`` });
  return { ...before, [name]: [...new Set(numbers)] };
}

/** Every choice of one value a name. */
const choices = (lists: Lists): readonly Readonly<Record<string, number>>[] =>
  Object.entries(lists).reduce<readonly Readonly<Record<string, number>>[]>(
    (all, [name, values]) => all.flatMap((chosen) => values.map((value) => ({ ...chosen, [name]: value }))),
    [{}],
  );

export interface Wanted extends Omit<Common, "set" | "name"> {
  readonly set: Lists;
  readonly name?: string;
}

export function variantsOf(paths: readonly string[], options: Wanted, terminal: Terminal): readonly Variant[] {
  const { name, set, ...common } = options;
  const sources = filesOf(paths).map((path) => sourceOf(path, common, terminal));
  const names = name === undefined ? undefined : name.split(",").map((each) => each.trim());
  known("--set", "parameter", Object.keys(set), new Set(sources.flatMap(({ params }) => [...params])));
  known("--dim", "dimension", Object.keys(common.dim), new Set(sources.flatMap(({ dims }) => [...dims])));
  known("--name", "attention", names ?? [], new Set(sources.flatMap(({ attentions }) => [...attentions])));
  const all = sources.flatMap((source) =>
    variantsIn(source, set, common, terminal).filter(({ spec }) => names?.includes(spec.name) ?? true),
  );
  if (all.length > mostVariants)
    fail("FOV0001", `${all.length} attentions are to be compared; a table takes ${mostVariants}`, {
      help: "name fewer values, or pick attentions with `--name A,B`",
    });
  return all;
}

interface Source {
  readonly path: string;
  readonly text: string;
  readonly params: ReadonlySet<string>;
  readonly dims: ReadonlySet<string>;
  readonly attentions: ReadonlySet<string>;
}

/** What a file declares; its errors and warnings are said here, once. */
function sourceOf(path: string, common: Omit<Common, "set">, terminal: Terminal): Source {
  const text = readSource(path, terminal);
  const specs = specsIn(text, path, { ...common, dim: {}, set: {} }, terminal);
  const { declarations } = parse(text, path).file;
  const params = declarations.flatMap((declaration): readonly string[] => {
    if (declaration.kind === "param") return [declaration.name.text];
    if (declaration.kind !== "attention") return [];
    return declaration.clauses.flatMap((clause) => (clause.kind === "param" ? [clause.name.text] : []));
  });
  return {
    path,
    text,
    params: new Set(params),
    dims: new Set(specs.flatMap(({ sizes }) => sizes)),
    attentions: new Set(specs.map((spec) => spec.name)),
  };
}

function variantsIn(
  source: Source,
  wanted: Lists,
  common: Omit<Common, "set">,
  terminal: Terminal,
): readonly Variant[] {
  const of = <T>(record: Readonly<Record<string, T>>, names: ReadonlySet<string>): Readonly<Record<string, T>> =>
    Object.fromEntries(Object.entries(record).filter(([name]) => names.has(name)));
  const lists = of(wanted, source.params);
  const dim = of(common.dim, source.dims);
  const quiet: Terminal = { ...terminal, err: () => {} };
  const made = choices(lists).map((set) => ({
    set,
    specs: specsIn(source.text, source.path, { ...common, dim, set }, quiet),
  }));
  return [...source.attentions].flatMap((name) => {
    const found = made.flatMap(({ set, specs }) =>
      specs.filter((spec) => spec.name === name).map((spec) => ({ spec, set })),
    );
    // An attention that a parameter does not reach is the same whatever its value: it stands there once.
    const meanings = found.map(({ spec }) => meaning(spec));
    const distinct = found.filter((_, n) => meanings.indexOf(meanings[n] ?? "") === n);
    const swept = Object.keys(lists).filter((param) => new Set(distinct.map(({ set }) => set[param])).size > 1);
    return distinct.map(({ spec, set }) => ({
      file: source.path,
      spec,
      set,
      label: [name, ...swept.map((param) => `${param}=${set[param]}`)].join(" "),
    }));
  });
}

/** Everything of a spec but how it is written down. */
const meaning = (spec: Spec): string => JSON.stringify({ ...spec, text: "", clauses: [] });

function known(flag: string, what: string, wanted: readonly string[], names: ReadonlySet<string>): void {
  for (const name of wanted) {
    if (names.has(name)) continue;
    const near = closest(name, names);
    fail("FOV0007", `${flag}: no ${what} is named \`${name}\``, {
      notes: [names.size ? `the ${what}s are ${[...names].join(", ")}` : `the files have no ${what}s`],
      help: near ? `did you mean \`${near}\`?` : undefined,
    });
  }
}
