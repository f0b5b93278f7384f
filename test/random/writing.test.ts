/** Where artifacts are written: links that wait there are replaced or refused, never followed, and no draft is left. */
import { lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { failure, foveaOf, scratch } from "../cli/support.ts";

const { folder, file } = scratch();
const spec = "attention a(q, k, v: f32[L, D]) { mask causal }";
const compile = (out: string, ...more: readonly string[]) => ["compile", "-", "--target", "wgsl", "-o", out, ...more];

test("a link under a file's name or that of a draft is not written through", async () => {
  const out = join(folder, "out");
  mkdirSync(out);
  const [victim, other] = [file("victim", "mine"), file("other", "mine")];
  symlinkSync(victim, join(out, "a.wgsl.part"));
  symlinkSync(other, join(out, "a.wgsl"));
  expect((await failure(spec, ...compile(out))).diagnostics[0]?.code).toBe("FOV0006");
  expect((await foveaOf(spec, ...compile(out, "--force"))).code).toBe(0);
  expect([readFileSync(victim, "utf8"), readFileSync(other, "utf8")]).toEqual(["mine", "mine"]);
  expect(lstatSync(join(out, "a.wgsl")).isSymbolicLink()).toBe(false);
  expect(readdirSync(out).filter((name) => name.includes("tmp"))).toEqual([]);
});

test("a folder that cannot be is FOV0003", async () => {
  for (const out of ["/dev/full", "/dev/null/x", join(file("plain", ""), "x"), "a\0b"])
    expect((await failure(spec, ...compile(out))).diagnostics[0]?.code, JSON.stringify(out)).toBe("FOV0003");
});
