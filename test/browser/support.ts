/** Chromium without a window, and a server on the loopback for one folder; both end when asked. */
import { accessSync, constants, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { delimiter, extname, join } from "node:path";
import { chromium, type Browser } from "playwright-core";

/** The `chromium` that `npm run setup` installs, as the shell finds it. */
function executable(): string {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    const path = join(folder, "chromium");
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  throw new Error("no chromium on PATH: npm run setup");
}

/** WebGPU on the processor, by SwiftShader. */
const webgpu = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan"];

export const launch = (): Promise<Browser> =>
  chromium.launch({ executablePath: executable(), args: ["--no-sandbox", ...webgpu] });

const types: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".css": "text/css",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".json": "application/json",
  ".wasm": "application/wasm",
  ".wgsl": "text/plain",
};

export interface Served {
  readonly origin: string;
  readonly close: () => Promise<void>;
}

/** Files of the folder; a page asked for with `?csp=…` gets that Content Security Policy. */
export async function serve(folder: string): Promise<Served> {
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
    try {
      const content = readFileSync(join(folder, pathname));
      const csp = searchParams.get("csp");
      response.writeHead(200, {
        "content-type": types[extname(pathname)] ?? "application/octet-stream",
        ...(csp === null ? {} : { "content-security-policy": csp }),
      });
      response.end(content);
    } catch {
      response.writeHead(404).end();
    }
  });
  server.unref();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return {
    origin: `http://127.0.0.1:${address.port}`,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
