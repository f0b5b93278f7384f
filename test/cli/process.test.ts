/** What only a process can show: exit codes, streams of bytes, pipes that close and devices that are full. */
import { spawnSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { expect, test } from "vitest";

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function fovea(args: readonly string[], options: { input?: string; stdout?: number; env?: object } = {}): Ended {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["bin/fovea.mjs", ...args], {
    encoding: "utf8",
    input: options.input ?? "",
    stdio: ["pipe", options.stdout ?? "pipe", "pipe"],
    env: { ...process.env, ...options.env },
  });
  return { code: status, out: stdout, err: stderr };
}

test("a spec on standard input, a tensor on standard output", () => {
  const input = "attention a(q, k, v: f32[L, D]) { example L = 4, D = 4 }";
  const { code, out, err } = fovea(["run", "-", "--target", "oracle", "-o", "-"], { input });
  expect(code).toBe(0);
  expect(out).toContain("NUMPY");
  expect(err).toMatch(/^o: f32\[4, 4\]/);
});

test("no command is wrong usage, and the help goes to stderr", () => {
  const { code, out, err } = fovea([]);
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(err).toContain("Usage: fovea");
});

test("colour only where it is wanted: never into a pipe", () => {
  const { code, err } = fovea(["check", "-"], { input: "attention {", env: { NO_COLOR: "1" } });
  expect(code).toBe(1);
  expect(err).toContain("error[FOV1001]");
  expect(err).not.toContain("\u001b");
});

test("standard output on a full device is FOV0003, on stderr", () => {
  const stdout = openSync("/dev/full", "w");
  const { code, err } = fovea(["fmt", "--json", "-"], { input: "attention {", stdout });
  closeSync(stdout);
  expect(code).toBe(1);
  expect(err).toContain("error[FOV0003]: standard output cannot be written: the disk is full");
});

test("a reader that has gone is no failure", () => {
  const { status, stderr } = spawnSync(
    "bash",
    ["-c", `"$0" bin/fovea.mjs explain examples/02-causal.attn | true; exit "\${PIPESTATUS[0]}"`, process.execPath],
    { encoding: "utf8" },
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
});
