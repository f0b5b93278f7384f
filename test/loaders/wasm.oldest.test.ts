/** Loaders on the oldest Node that Fovea runs on: it has no relaxed SIMD, so they pick the plain module. */
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { dims, good, plainText } from "./attentions.ts";
import { compiled, emitted, loaded, written } from "./support.ts";

test("plain is picked where both modules are, and relaxed is refused", async () => {
  const t = await compiled("wasm", plainText, onTestFinished);
  const picked = (await t.create()).run(good(), dims);
  expect(picked).toEqual((await t.create({ simd: "plain" })).run(good(), dims));
  await expect(t.create({ simd: "relaxed" })).rejects.toThrow(
    "FOV5002 t: this machine has no relaxed WebAssembly SIMD",
  );
  const folder = written(new Map([...(await emitted(t.spec, ["wasm"]))].filter(([name]) => !/relaxed/.test(name))));
  const { create } = await loaded<"wasm">(join(folder, "t.wasm.mjs"));
  expect((await create()).run(good(), dims)).toEqual(picked);
});

test("where only the relaxed module was compiled, the machine is said to lack it", async () => {
  const t = await compiled("wasm", plainText, onTestFinished, {}, { simd: "relaxed" });
  await expect(t.create()).rejects.toThrow("FOV5002 t: this machine has no relaxed WebAssembly SIMD");
});
