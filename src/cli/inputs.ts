/**
 * From the command line's words to the sizes and tensors of one call. Takes a Spec and the options; gives tensors
 * from files, the rest drawn from the seed.
 */
import { dirname, resolve } from "node:path";
import { diagnostic, fail, type Diagnostic } from "../diagnostics/diagnostic.ts";
import { namesOfTensors, readTensorFile, readTensors } from "../runtime/load.ts";
import type { Tensor } from "../runtime/tensor.ts";
import type { Spec } from "../spec/spec.ts";
import { callOf, givenAs, type GivenTensor, type Loaded, type Need } from "../verify/call.ts";
import type { Common } from "./options.ts";

/** Sizes from --dim, the tensors' own dimensions and the example. */
export const inputsOf = (spec: Spec, options: Common, need?: Need): Loaded =>
  callOf(spec, givenTensors(spec, options), {
    dims: options.dim,
    seed: options.seed,
    advise: (diagnostics) => withHelp(diagnostics, spec, options),
    ...(need ? { need } : {}),
  });

/** --inputs, then --input, then the files that an `example` names. */
function givenTensors(spec: Spec, options: Common): Map<string, GivenTensor> {
  const given = new Map<string, Tensor>();
  if (options.inputs !== undefined) {
    const wanted = new Set(spec.inputs.map((i) => i.name));
    for (const [name, tensor] of readTensors(options.inputs, wanted)) given.set(name, tensor);
  }
  const named = new Set<string>();
  for (const each of options.input) {
    const [, name, path, member] = /^([A-Za-z_][A-Za-z0-9_]*)=([^#]+)(?:#(.+))?$/.exec(each) ?? [];
    if (name === undefined || path === undefined) {
      return fail("FOV0001", `--input needs NAME=FILE or NAME=FILE#MEMBER, not \`${each}\``, {
        help: "such as `--input q=tensors.npz#q`",
      });
    }
    if (named.has(name))
      return fail("FOV0001", `--input gives ${name} twice`, { help: "keep one of them; `--inputs` may name it too" });
    named.add(name);
    given.set(name, readTensorFile(path, member));
  }
  for (const [name, value] of Object.entries(spec.example.values)) {
    if (value.kind !== "file" || given.has(name)) continue;
    given.set(name, readTensorFile(resolve(spec.path === "-" ? "." : dirname(spec.path), value.path)));
  }
  return new Map([...given].map(([name, tensor]) => [name, givenAs(spec, name, tensor)]));
}

/** A tensor is missing: what the file has instead, and how to give one. */
function withHelp(diagnostics: readonly Diagnostic[], spec: Spec, options: Common): readonly Diagnostic[] {
  if (diagnostics.every((d) => d.code !== "FOV2101")) return diagnostics;
  const names = options.inputs === undefined ? [] : namesOfTensors(options.inputs);
  const notes = names.length ? [`\`${options.inputs}\` has ${names.join(", ")}`] : [];
  const missing = (d: Diagnostic): string =>
    spec.inputs.find((i) => d.message.endsWith(` ${i.name} is missing`))?.name ?? "NAME";
  return diagnostics.map((d) =>
    d.code === "FOV2101"
      ? diagnostic(d.code, d.message, {
          notes,
          help: `give it with \`--input ${missing(d)}=FILE\`; numbers are drawn only where no float tensor is given`,
        })
      : d,
  );
}
