/**
 * A user's description of a C device: JSON text in, a checked Device out. Whatever is missing, unknown or impossible
 * is refused with FOV5006, which names the field and what it may be; nothing is guessed but what may be left out:
 * `title`, `threads` (always 1 in C), `dma` (false), `dot` (as the vectors want it) and `versions` (true).
 */
import { fail } from "../diagnostics/diagnostic.ts";
import { closest } from "../diagnostics/suggest.ts";
import type { Device, DotForm, Layout, Memory } from "./device.ts";

type Fields = Readonly<Record<string, unknown>>;
const fields = ["name", "title", "backend", "vector", "threads", "memories", "dma", "dot", "versions"];
const kinds: readonly Memory["kind"][] = ["scratchpad", "cache", "main"];

export function parseDevice(text: string, path: string): Device {
  const refuse = (what: string, help?: string): never => fail("FOV5006", `${path}: ${what}`, { help });
  const description = record(parsed(text, refuse), "the description", refuse);
  only(description, fields, "the description", refuse);
  const {
    name,
    title = "as described by its owner",
    backend = "c",
    threads = 1,
    dma = false,
    versions = true,
  } = description;
  if (typeof name !== "string" || !/^[a-z0-9][a-z0-9.-]*$/.test(name))
    return refuse("name is no text of small letters, digits, dots and dashes", 'such as `"name": "my-board"`');
  if (typeof title !== "string" || !/^[ -~]{1,120}$/.test(title))
    return refuse("title is no line of at most 120 ASCII characters");
  if (backend !== "c") return refuse('backend is not "c": only C is made for described devices');
  if (threads !== 1) return refuse("threads is not 1: a C kernel runs on one thread");
  if (typeof dma !== "boolean") return refuse("dma is neither true nor false");
  if (typeof versions !== "boolean") return refuse("versions is neither true nor false");
  const vector = record(description["vector"], "vector", refuse);
  only(vector, ["lanes", "registers"], "vector", refuse);
  const lanes = whole(vector["lanes"], "vector.lanes", 1, 1024, refuse);
  const registers = whole(vector["registers"], "vector.registers", 1, 1024, refuse);
  return {
    name,
    title,
    backend,
    vector: { lanes, registers },
    threads,
    memories: memoriesOf(description["memories"], refuse),
    dma,
    dot: description["dot"] === undefined ? usualDot(lanes) : dotOf(description["dot"], refuse),
    versions,
  };
}

type Refuse = (what: string, help?: string) => never;

function parsed(text: string, refuse: Refuse): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return refuse("this is no JSON");
  }
}

function record(x: unknown, what: string, refuse: Refuse): Fields {
  if (typeof x !== "object" || x === null || Array.isArray(x)) return refuse(`${what} is no object`);
  return x as Fields;
}

function only(x: Fields, known: readonly string[], what: string, refuse: Refuse): void {
  const odd = Object.keys(x).find((key) => !known.includes(key));
  if (odd === undefined) return;
  const near = closest(odd, known);
  refuse(`${what} has no field ${odd}`, near ? `did you mean \`${near}\`?` : `it has ${known.join(", ")}`);
}

function whole(x: unknown, what: string, least: number, most: number, refuse: Refuse): number {
  if (typeof x !== "number" || !Number.isSafeInteger(x) || x < least || x > most)
    return refuse(`${what} is no whole number from ${least} to ${most}`);
  return x;
}

function memoriesOf(x: unknown, refuse: Refuse): readonly Memory[] {
  if (!Array.isArray(x) || x.length === 0)
    return refuse("memories is no list of at least one memory", "the fastest comes first");
  return x.map((each: unknown, n): Memory => {
    const memory = record(each, `memories[${n}]`, refuse);
    only(memory, ["name", "bytes", "kind"], `memories[${n}]`, refuse);
    const { name, kind } = memory;
    if (typeof name !== "string" || !/^[ -~]{1,40}$/.test(name))
      return refuse(`memories[${n}].name is no line of at most 40 ASCII characters`);
    const known = kinds.find((k) => k === kind);
    if (known === undefined) return refuse(`memories[${n}].kind is not one of ${kinds.join(", ")}`);
    return { name, bytes: whole(memory["bytes"], `memories[${n}].bytes`, 1024, 2 ** 48, refuse), kind: known };
  });
}

function dotOf(x: unknown, refuse: Refuse): readonly DotForm[] {
  if (!Array.isArray(x)) return refuse("dot is no list");
  const forms = x.map((each: unknown, n): DotForm => {
    const form = record(each, `dot[${n}]`, refuse);
    only(form, ["along", "b"], `dot[${n}]`, refuse);
    const { along, b } = form;
    if (along !== "columns" && along !== "rows") return refuse(`dot[${n}].along is neither columns nor rows`);
    return { along, b: layoutOf(b, along, n, refuse) };
  });
  for (const along of ["columns", "rows"] as const)
    if (!forms.some((form) => form.along === along)) refuse(`dot has no form along ${along}`);
  return forms;
}

/** The forms that the C code generator has. */
function layoutOf(x: unknown, along: DotForm["along"], n: number, refuse: Refuse): Layout {
  const layout = record(x, `dot[${n}].b`, refuse);
  only(layout, ["kind"], `dot[${n}].b`, refuse);
  if (layout["kind"] === "rows") return { kind: "rows" };
  if (layout["kind"] === "columns" && along === "columns") return { kind: "columns" };
  return refuse(`dot[${n}].b.kind is not ${along === "columns" ? "rows or columns" : "rows"}`);
}

/** Vectors run along the keys of a chunk; without them rows can be read as they lie. */
const usualDot = (lanes: number): readonly DotForm[] => [
  { along: "columns", b: { kind: lanes > 1 ? "columns" : "rows" } },
  { along: "rows", b: { kind: "rows" } },
];
