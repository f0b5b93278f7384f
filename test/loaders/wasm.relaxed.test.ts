/** Loaders where relaxed SIMD is: they pick it, refuse what is wrong with it, and leave plain modules alone. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { dims, good, mixedText, plainText } from "./attentions.ts";
import { compiled, emitted, expectAlone, expectOnlyMemory, loaded, specOf, written, type Compiled } from "./support.ts";

const drops: (() => void)[] = [];
afterAll(() => drops.forEach((remove) => remove()));

let t: Compiled<"wasm">;
beforeAll(async () => {
  t = await compiled("wasm", plainText, (remove) => void drops.push(remove));
}, 120_000);

test("relaxed is picked where both modules are", async () => {
  const picked = (await t.create()).run(good(), dims);
  expect(picked).toEqual((await t.create({ simd: "relaxed" })).run(good(), dims));
  const folder = written(new Map([...(await emitted(t.spec, ["wasm"]))].filter(([name]) => name !== "t.wasm")));
  const { create } = await loaded<"wasm">(join(folder, "t.wasm.mjs"));
  expect((await create()).run(good(), dims)).toEqual(picked);
});

test("a changed byte of one module does not touch the other", async () => {
  const folder = written(await emitted(t.spec, ["wasm"]));
  const damaged = readFileSync(join(folder, "t.wasm"));
  damaged[damaged.length - 200] ^= 1;
  writeFileSync(join(folder, "t.wasm"), damaged);
  const { create } = await loaded<"wasm">(join(folder, "t.wasm.mjs"));
  await expect(create({ simd: "relaxed" })).resolves.toBeDefined();
  await expect(create({ simd: "plain" })).rejects.toThrow("FOV5004 t: t.wasm is not as it was compiled");
});

test("says that the relaxed file is missing", async () => {
  const files = new Map([...(await emitted(t.spec, ["wasm"]))].filter(([name]) => !name.endsWith(".wasm")));
  const { create } = await loaded<"wasm">(join(written(files), "t.wasm.mjs"));
  await expect(create()).rejects.toThrow(/^FOV0002 t: file:.*t\.relaxed\.wasm cannot be read: ENOENT/);
});

test("only the relaxed module", async () => expectAlone(t, "relaxed"));

test("a relaxed module imports a memory and nothing else", async () => expectOnlyMemory(specOf(mixedText), "relaxed"));
