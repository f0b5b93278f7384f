/**
 * Files and texts made to break things: each ends in a coded diagnostic and leaves no file behind. What a text could
 * do to time is held by limits that are checked first, so none of these is slow; no test asserts a time.
 */
import { lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { failure, fovea, foveaOf, scratch } from "./support.ts";

const { folder, file } = scratch();
const spec = "attention a(q, k, v: f32[L, D]) { mask causal example L = 12, D = 8 }";
const masked = (mask: string): string => `attention a(q, k, v: f32[L, D]) { mask ${mask} example L = 12, D = 8 }`;
const many = (count: number, each: (n: number) => string, separator: string): string =>
  Array.from({ length: count }, (_, n) => each(n)).join(separator);

describe("texts", () => {
  const texts: readonly (readonly [what: string, code: string, text: string | Uint8Array])[] = [
    ["20,000 parentheses", "FOV4002", masked(`${"(".repeat(20_000)}j${")".repeat(20_000)}`)],
    ["10 MB of comment", "FOV4001", `${spec} // ${"x".repeat(10_000_000)}`],
    ["a left spine of 4,990 sums", "FOV4002", masked(`${many(4990, () => "j", " + ")} < 3`)],
    ["a left spine of 2,000 disjunctions", "FOV4002", masked(many(2000, (n) => `j == ${n}`, " or "))],
    ["a right spine of conditions", "FOV4002", masked(`${"if j < 3 then true else ".repeat(2000)}false`)],
    ["5,000 `not`", "FOV4002", masked(`${"not ".repeat(5000)}causal`)],
    ["NUL", "FOV1002", masked("cau\0sal")],
    ["bytes that are no UTF-8", "FOV1002", Buffer.from([...Buffer.from(masked("causal")), 0xff, 0xc3, 0x28])],
    ["UTF-16", "FOV1002", Buffer.from(spec, "utf16le")],
    ["an escape sequence", "FOV1002", masked("\u001b[2J")],
    ["text that is reordered", "FOV1002", masked("causal // \u202E")],
    ["a number beyond a float", "FOV4004", masked("j < 1e999")],
    ["an integer beyond 53 bits", "FOV4004", masked("j < 99999999999999999999999")],
    ["a pattern that calls itself by way of another", "FOV3004", `pattern p = r pattern r = p ${masked("p")}`],
    [
      "patterns that double 40 times",
      "FOV4003",
      `${many(40, (n) => `pattern p${n + 1} = p${n} or p${n}`, " ")} pattern p0 = j < 3 ${masked("p40")}`,
    ],
    [
      "lets that double 40 times",
      "FOV4003",
      `attention a(q, k, v: f32[L, D]) { let y0 = j ${many(40, (n) => `let y${n + 1} = y${n} + y${n}`, " ")} mask y40 < 3 }`,
    ],
    ["a sum of two billion terms", "FOV4004", masked("sum(t < 2000000000, t) == 1")],
    ["a clause 2,000 times", "FOV3005", masked(many(2000, () => "causal", " mask "))],
    ["3,000 inputs", "FOV4005", `attention a(q, k, v: f32[L, D], ${many(3000, (n) => `t${n}: f32`, ", ")}) {}`],
    ["300 dimensions", "FOV4005", `attention a(q, k, v: f32[L, D], t: f32[${many(300, (n) => `T${n}`, ", ")}]) {}`],
    ["a head of 513 channels", "FOV4005", "attention a(q, k, v: f32[L, 513]) {}"],
    ["nothing at all", "FOV0005", ""],
    ["a comment alone", "FOV0005", "// nothing\n"],
  ];
  test.each(texts)("%s: %s", async (_, wanted, text) => {
    const { code, diagnostics } = await failure(text, "check", "-");
    expect(code).toBe(1);
    expect(diagnostics.map((d) => d.code)).toContain(wanted);
    expect(diagnostics.length).toBeLessThanOrEqual(50);
    expect(diagnostics.filter((d) => d.notes.length === 0 && d.code !== "FOV1001")).toEqual([]);
  });

  test("what is printed of them moves no cursor", async () => {
    const { err } = await foveaOf(masked("\u001b[2J\u202E"), "check", "-");
    expect(err).toContain("␛[2J�");
    expect(err).not.toMatch(/[\u001b\u202E]/);
  });

  test("names that are words of JavaScript", async () => {
    for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
      const text = `attention ${name}(q, k, v: f32[L, D], n: i32[${name}x]) { mask n[j] == 0 example L = 4, D = 4, ${name}x = 4, n = 0 }`;
      expect((await foveaOf(text, "run", "-", "--target", "tiles", "--json")).out).toContain(`"attention":"${name}"`);
      expect((await failure(text, "explain", "-", "--dim", `${name}=3`)).diagnostics[0]?.code).toBe("FOV0007");
    }
  });
});

describe("paths to read", () => {
  test.each([
    ["nowhere.attn", "there is no such file"],
    ["/dev/null/a.attn", "no directory"],
    ["a\0b", "NUL"],
    ["x".repeat(300), "too long"],
  ])("%j", async (path, says) => {
    const { code, diagnostics } = await failure("", "check", path);
    expect(code).toBe(1);
    expect(diagnostics).toMatchObject([{ code: "FOV0002", message: expect.stringContaining(says) as string }]);
  });

  test("a folder without specs, a circle of links, a file without an end", async () => {
    mkdirSync(join(folder, "empty.attn"));
    symlinkSync("circle.attn", join(folder, "circle.attn"));
    expect((await failure("", "check", join(folder, "empty.attn"))).diagnostics[0]?.code).toBe("FOV0005");
    expect((await failure("", "check", join(folder, "circle.attn"))).diagnostics[0]?.message).toContain("circle");
    expect((await failure("", "check", "/dev/zero")).diagnostics[0]?.code).toBe("FOV4001");
  });

  test("tensor files: a folder, an ending that says nothing, a header that lies, a member that is not there", async () => {
    const run = async (input: string): Promise<string> => {
      const { code, diagnostics } = await failure(spec, "run", "-", "--target", "oracle", "--input", `q=${input}`);
      expect(code).toBe(1);
      return `${diagnostics[0]?.code} ${diagnostics[0]?.message}`;
    };
    mkdirSync(join(folder, "folder.npy"));
    expect(await run(join(folder, "folder.npy"))).toMatch(/^FOV0002 .*is a directory/);
    expect(await run(file("q.csv", "1,2"))).toMatch(/^FOV0002 .*no tensor format/);
    expect(await run(file("q.safetensors", Buffer.alloc(64, 255)))).toMatch(/^FOV2107 .*header/);
    const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999, 9999999999), }".padEnd(117);
    const lies = Buffer.concat([Buffer.from("\x93NUMPY\x01\x00\x76\x00", "latin1"), Buffer.from(`${header}\n`)]);
    expect(await run(file("lies.npy", lies))).toMatch(/^FOV2107 .*needs/);
    expect(await run("/dev/zero.npy")).toMatch(/^FOV0002/);
  });
});

describe("paths to write", () => {
  const run = ["run", "-", "--target", "oracle", "-o"];
  test.each([
    ["nowhere/o.npy", "there is no such file or directory"],
    ["/dev/null/o.npy", "no directory"],
    ["/proc/o.npy", "cannot be written"],
    [`${"x".repeat(300)}.npy`, "too long"],
    ["o.txt", "no tensor format"],
    ["o", "no tensor format"],
  ])("%s", async (path, says) => {
    const { code, diagnostics } = await failure(spec, ...run, path);
    expect(code).toBe(1);
    expect(diagnostics).toMatchObject([{ code: "FOV0003", message: expect.stringContaining(says) as string }]);
  });

  test("folders that cannot be made, or are files, are refused at once", async () => {
    for (const out of ["/proc/x", "/sys/x/y", file("plain", "")]) {
      const { code, diagnostics } = await failure(spec, "compile", "-", "--target", "c", "-o", out);
      expect([code, diagnostics[0]?.code]).toEqual([1, "FOV0003"]);
    }
  });

  test("a folder where a file should go is no mistake of the compiler", async () => {
    const out = join(folder, "taken");
    mkdirSync(join(out, "a.c.json"), { recursive: true });
    const { code, diagnostics } = await failure(spec, "compile", "-", "--target", "c", "-o", out);
    expect(code).toBe(1);
    expect(diagnostics).toMatchObject([
      { code: "FOV0003", message: expect.stringContaining("it is a directory") as string },
    ]);
    expect(readdirSync(out)).toEqual(["a.c.json"]);
  });

  test("two attentions of one name never take each other's place", async () => {
    const [one, two] = ["causal", "window(3)"].map((mask, n) =>
      file(`same${n}.attn`, `attention same(q, k, v: f32[B, H, L, D]) { mask ${mask} }`),
    );
    const out = join(folder, "same");
    for (const more of [[], ["--force"]]) {
      const { code, diagnostics } = await failure(
        "",
        "compile",
        one ?? "",
        two ?? "",
        "--target",
        "c",
        "-o",
        out,
        ...more,
      );
      expect([code, diagnostics[0]?.code]).toEqual([1, "FOV0006"]);
      expect(readdirSync(folder)).not.toContain("same");
    }
  });

  test("a folder in the way stays, and no draft is left", async () => {
    mkdirSync(join(folder, "out.npy"));
    const before = readdirSync(folder);
    expect((await failure(spec, ...run, join(folder, "out.npy"))).diagnostics[0]?.message).toContain("is a directory");
    expect((await failure(spec, "view", "-", "-o", join(folder, "out.npy"))).diagnostics[0]?.code).toBe("FOV0003");
    expect(readdirSync(folder)).toEqual(before);
  });

  test("a full device is said, and stays a device", async () => {
    // By a link: were it replaced by a file, only the link would be lost.
    const device = join(folder, "device.svg");
    symlinkSync("/dev/full", device);
    const { code, diagnostics } = await failure(spec, "view", "-", "-o", device);
    expect(code).toBe(1);
    expect(diagnostics).toMatchObject([{ code: "FOV0003", message: expect.stringContaining("full") as string }]);
    expect(lstatSync(device).isSymbolicLink()).toBe(true);
  });

  test("a failed run leaves the old file", async () => {
    const path = file("old.npy", "old");
    expect((await failure(spec, ...run, path, "--dim", "D=0")).code).toBe(1);
    expect(readFileSync(path, "utf8")).toBe("old");
  });
});

describe("sizes", () => {
  const sized = async (...args: readonly string[]): Promise<readonly string[]> =>
    (await failure(spec, "run", "-", "--target", "wasm", ...args)).diagnostics.map((d) => `${d.code} ${d.message}`);

  test("each is refused by its code before anything is allocated", async () => {
    expect(await sized("--dim", "D=0")).toEqual(["FOV2106 a: the head size is 0"]);
    expect(await sized("--dim", "D=513")).toEqual(["FOV4005 the head size of `q` is 513"]);
    expect(await sized("--dim", "L=67108864")).toEqual(["FOV4005 --dim L=67108864 is too large"]);
    expect(await sized("--dim", "L=67108863", "--dim", "D=64")).toEqual(
      ["q", "k", "v", "o"].map((name) => `FOV4005 a: ${name} has 4294967232 elements`),
    );
    expect(await sized("--dim", "L=30000000")).toEqual([
      "FOV4006 a: inputs and outputs take 3840000000 bytes; the target can address 2147418112",
    ]);
  });

  test("a length that the spec's example says is held to the same limit", async () => {
    const text = "attention a(q, k, v: f32[L, 1]) { example L = 100000000 }";
    const { diagnostics } = await failure(text, "explain", "-");
    expect(diagnostics).toMatchObject([{ code: "FOV4005", message: "a: the dimension L is 100000000" }]);
  });

  test("a long text is explained without its tensors: only the mask's are needed", async () => {
    const text =
      "attention a(q, k, v: f32[B, H, L, D]) { mask causal and window(64) example B = 1, H = 8, L = 262144, D = 256 }";
    const { code, out } = await foveaOf(text, "explain", "-", "--json");
    expect(code).toBe(0);
    const { keptPairs, tiles } = JSON.parse(out) as { keptPairs: number; tiles: { full: number; skipped: number } };
    const L = 262144;
    expect(keptPairs).toBeCloseTo((64 * L - (63 * 64) / 2) / L ** 2, 15);
    expect(tiles.skipped).toBeGreaterThan(1e8);
  });

  test("zero rows and zero keys are no mistake", async () => {
    for (const zero of ["L=0", "B=0"])
      expect((await fovea("run", "examples/01-dense.attn", "--target", "tiles", "--dim", zero)).code).toBe(0);
  });
});
