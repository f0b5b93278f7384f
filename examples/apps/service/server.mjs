// An attention service over HTTP: POST /attention takes sizes and tensors as JSON and answers with the output, GET /
// says what it takes. It runs a generated kernel and nothing else of Fovea. Whatever is wrong with a request is said
// with a code: those that begin with FOV are the kernel's own, from the checks that its loader does before it runs.
import { createServer } from "node:http";
import { create } from "./kernels/recall.wasm.mjs";

const { PORT = "8080", HOST = "127.0.0.1", MAX_BYTES = String(16 * 2 ** 20) } = process.env;

class Refusal extends Error {
  constructor(status, code, message, headers = {}) {
    super(message);
    Object.assign(this, { status, code, headers });
  }
}

/** The body, no more of it than is allowed, whatever its header says. */
async function bodyOf(request) {
  const type = request.headers["content-type"] ?? "";
  if (!/^application\/json\s*(;|$)/i.test(type))
    throw new Refusal(415, "content-type", `the body is ${type || "of no type"}; application/json is needed`);
  const parts = [];
  let bytes = 0;
  for await (const part of request) {
    bytes += part.length;
    if (bytes > Number(MAX_BYTES))
      throw new Refusal(413, "too-large", `the body has more than ${MAX_BYTES} bytes`, { connection: "close" });
    parts.push(part);
  }
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(parts)));
  } catch (error) {
    throw new Refusal(400, "json", `the body is not JSON: ${error.message}`);
  }
}

/**
 * A tensor as the kernel takes it. Rounding to f32 must leave a number: 1e39 would be infinite. One of no numbers may
 * have any size, such as two billion heads of length 0, and a loop over them; so no size is 0 here, and a call's work
 * is bounded by the bytes of its body.
 */
function tensorOf(name, values) {
  if (!Array.isArray(values)) throw new Refusal(400, "tensor", `${name} is not an array of numbers`);
  if (values.length === 0) throw new Refusal(400, "tensor", `${name} is empty; every size is at least 1`);
  const wrong = values.findIndex((x) => typeof x !== "number" || !Number.isFinite(Math.fround(x)));
  if (wrong >= 0)
    throw new Refusal(400, "tensor", `${name}[${wrong}] is ${JSON.stringify(values[wrong])}, which is no f32`);
  return Float32Array.from(values);
}

function attend(kernel, body) {
  if (body === null || typeof body !== "object" || Array.isArray(body))
    throw new Refusal(400, "json", "the body is not an object with dims and tensors");
  const { dims, ...tensors } = body;
  const inputs = Object.fromEntries(Object.entries(tensors).map(([name, values]) => [name, tensorOf(name, values)]));
  const start = performance.now();
  const { o } = kernel.run(inputs, dims);
  const milliseconds = performance.now() - start;
  if (!o.every(Number.isFinite))
    throw new Refusal(422, "not-finite", "scores overflow f32: the output is not finite everywhere");
  return { o: [...o], milliseconds };
}

/** Sizes beyond a limit, and memory that cannot grow, are too much; the kernel's other refusals are of a bad request. */
const statusOf = (code) => ({ FOV4: 413, FOV2: 400, FOV0: 400 })[String(code).slice(0, 4)] ?? 500;

async function answerTo(request, kernel) {
  const { pathname } = new URL(request.url, "http://service");
  const method = { "/": "GET", "/attention": "POST" }[pathname];
  if (method === undefined) throw new Refusal(404, "path", `there is no ${pathname}; see GET /`);
  if (request.method !== method)
    throw new Refusal(405, "method", `${pathname} takes ${method}, not ${request.method}`, { allow: method });
  if (method === "POST") return attend(kernel, await bodyOf(request));
  const { attention, inputs, outputs, free } = kernel.manifest;
  return { attention, inputs, outputs, dims: free };
}

const kernel = await create();
const server = createServer(async (request, response) => {
  const send = (status, content, headers = {}) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(`${JSON.stringify(content)}\n`);
  };
  try {
    send(200, await answerTo(request, kernel));
  } catch (error) {
    if (request.destroyed && !request.complete && !(error instanceof Refusal)) return;
    const { status = statusOf(error.code), code = "internal", headers } = error;
    if (status === 500) console.error(error);
    const message = status === 500 ? "the service failed; its log says why" : error.message.replace(`${code} `, "");
    send(status, { error: { code, message } }, headers);
  }
});
server.requestTimeout = 30_000;

server.listen(Number(PORT), HOST, () => console.log(`http://${HOST}:${server.address().port}`));
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => {
    // Calls under way are answered; the process ends by itself when none is left.
    server.close(() => kernel.dispose());
    server.closeIdleConnections();
  });
}
