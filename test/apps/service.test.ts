/**
 * examples/apps/service as a process of its own: what it answers is what the oracle says, and each kind of bad request
 * ends in its status and a code, with the service still answering afterwards.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";
import { caseOf, specOf } from "../loaders/support.ts";
import { apps, npmRun } from "./support.ts";

const folder = join(apps, "service");
let service: ChildProcess;
let origin: string;
beforeAll(async () => {
  npmRun("service", "build");
  service = spawn(process.execPath, ["server.mjs"], {
    cwd: folder,
    env: { ...process.env, PORT: "0", MAX_BYTES: "3000000" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (!service.stdout) throw new Error("the service has no stdout");
  const [line] = (await once(createInterface(service.stdout), "line")) as [string];
  origin = line;
}, 120_000);
afterAll(() => void service.kill("SIGKILL"));

interface Answer {
  readonly status: number;
  readonly said: {
    readonly o?: readonly number[];
    readonly error?: { readonly code: string; readonly message: string };
  };
}

async function post(body: unknown, more: RequestInit = {}): Promise<Answer> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const request = { method: "POST", headers: { "content-type": "application/json" }, body: text, ...more };
  const response = await fetch(`${origin}/attention`, request);
  return { status: response.status, said: (await response.json()) as Answer["said"] };
}

const sizes = { H: 2, L: 150, D: 20, Dv: 12 };
const spec = specOf(readFileSync(join(folder, "attention.attn"), "utf8"));
const { inputs, judge } = caseOf(spec, sizes);
const good = { dims: sizes, ...Object.fromEntries(Object.entries(inputs).map(([name, x]) => [name, [...x]])) };

test("it listens on the loopback and says what it takes", async () => {
  expect(origin).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  const response = await fetch(origin);
  expect(response.headers.get("content-type")).toBe("application/json");
  expect(await response.json()).toMatchObject({ attention: "recall", dims: ["H", "L", "D", "Dv"] });
});

test("its answer is what the oracle says", async () => {
  const { status, said } = await post(good);
  expect(status).toBe(200);
  expect(judge({ o: Float32Array.from(said.o ?? []) })).toMatchObject({ ok: true });
});

test("many at once get each their own", async () => {
  const one = (x: number): Promise<Answer> => post({ dims: { H: 1, L: 1, D: 1, Dv: 1 }, q: [1], k: [1], v: [x] });
  const answers = await Promise.all([...Array(20).keys()].map(one));
  expect(answers.map(({ said }) => said.o)).toEqual([...Array(20).keys()].map((x) => [x]));
});

const small = { dims: { H: 1, L: 2, D: 2, Dv: 1 }, q: [1, 0, 0, 1], k: [1, 0, 0, 1], v: [1, 2] };
test.each([
  ["no JSON", "{", 400, "json", "the body is not JSON"],
  ["not UTF-8", new Uint8Array([0xff, 0x22]), 400, "json", "the body is not JSON"],
  ["null", "null", 400, "json", "the body is not an object"],
  ["text in a tensor", { ...small, q: [1, 0, "0", 1] }, 400, "tensor", 'q[2] is "0", which is no f32'],
  ["a hole in a tensor", { ...small, k: [1, null, 0, 1] }, 400, "tensor", "k[1] is null, which is no f32"],
  ["more than f32 holds", { ...small, v: [1, 1e39] }, 400, "tensor", "v[1] is 1e+39, which is no f32"],
  ["a tensor that is none", { ...small, v: { length: 2 } }, 400, "tensor", "v is not an array of numbers"],
  [
    "a number too few",
    { ...small, q: [1, 0, 0] },
    400,
    "FOV2103",
    "recall: input q has 3 numbers; f32[H=1, L=2, D=2] needs 4",
  ],
  ["a tensor missing", { ...small, v: undefined }, 400, "FOV2101", "recall: input v is missing; it is f32[H, L, Dv]"],
  ["one too many", { ...small, w: [1] }, 400, "FOV2102", "recall: there is no input w"],
  [
    "a tensor named by what objects have",
    `{"__proto__": [1], "dims": {}}`,
    400,
    "FOV2102",
    "there is no input __proto__",
  ],
  ["no sizes", { ...small, dims: undefined }, 400, "FOV2106", "recall: dimension H has no value"],
  ["a size of text", { ...small, dims: { ...small.dims, L: "2" } }, 400, "FOV2106", "recall: dimension L is 2 by dims"],
  ["an unknown size", { ...small, dims: { ...small.dims, S: 2 } }, 400, "FOV0007", "recall: there is no dimension S"],
  ["sizes beyond all", { ...small, dims: { ...small.dims, L: 1e11 } }, 413, "FOV4005", "the limit is 2147483647"],
  [
    "two billion heads of nothing",
    { dims: { H: 2 ** 31 - 1, L: 0, D: 2, Dv: 1 }, q: [], k: [], v: [] },
    400,
    "tensor",
    "q is empty; every size is at least 1",
  ],
  ["scores beyond f32", { ...small, q: [3e38, 0, 0, 1], k: [3e38, 0, 0, 1] }, 422, "not-finite", "scores overflow f32"],
] as const)("%s is refused", async (_, body, status, code, message) => {
  const answer = body instanceof Uint8Array ? await post("", { body }) : await post(body);
  expect(answer).toEqual({
    status,
    said: { error: { code, message: expect.stringContaining(message) as string } },
  });
});

test("a body of another kind, too many bytes of one, and other paths and methods", async () => {
  expect(await post(small, { headers: { "content-type": "text/plain" } })).toMatchObject({
    status: 415,
    said: { error: { code: "content-type" } },
  });
  expect(await post(" ".repeat(3_000_001))).toMatchObject({ status: 413, said: { error: { code: "too-large" } } });
  expect((await fetch(`${origin}/other`)).status).toBe(404);
  const wrong = await fetch(`${origin}/attention`);
  expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "POST"]);
});

test("a caller who hangs up in the middle disturbs nobody, and SIGTERM ends it once its calls are answered", async () => {
  const socket = connect(Number(new URL(origin).port), "127.0.0.1");
  await once(socket, "connect");
  socket.write("POST /attention HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{");
  socket.destroy();
  const answers = [post(good), post(good)];
  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200]);
  const exited = once(service, "exit");
  service.kill("SIGTERM");
  expect(await exited).toEqual([0, null]);
});
