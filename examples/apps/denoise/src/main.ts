/**
 * The app: pictures in, the generated kernel's picture out. `create` takes WebGPU where it is and WebAssembly elsewhere;
 * the bundler finds the modules through the loaders, for they name them by `new URL(…, import.meta.url)`.
 */
import { create } from "../kernels/denoise.mjs";
import { noisy, patchesOf, pixelsOf, psnr, show, type Drawing, type Pixels } from "./pixels.ts";
import { lighthouse } from "./scene.ts";

/** The spec's width; its kernel knows rows of no other. */
const width = 96;
const patch = 5;

function find<T extends Element>(id: string, kind: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no ${kind.name} ${id}`);
  return found;
}
const status = find("status", HTMLElement);
const [noise, smoothing] = [find("noise", HTMLInputElement), find("smoothing", HTMLInputElement)];
const say = (id: string, text: string): void => void (find(id, HTMLElement).textContent = text);

type Kernel = Awaited<ReturnType<typeof create>>;

async function denoised(kernel: Kernel, given: Pixels, sigma: number, h: number): Promise<Pixels> {
  const [L, D] = [given.width * given.height, patch * patch];
  const patches = patchesOf(given, patch);
  const squares = (n: number): number => patches.subarray(n * D, (n + 1) * D).reduce((sum, x) => sum + x * x, 0);
  const energy = Float32Array.from({ length: L }, (_, n) => squares(n));
  // Two patches of the same picture differ by their noise alone: strength is in units of that.
  const strength = 1 / (2 * D * (h * Math.max(sigma, 0.01)) ** 2);
  const inputs = { q: patches, k: patches, v: given.rgb, energy, strength };
  const { o } = await kernel.run(inputs, { L, D, C: 3 });
  return { ...given, rgb: new Float32Array(o) };
}

let clean = pixelsOf(lighthouse, width, 64);
let drawn: Promise<void> | undefined;
let stale = false;

/** One computation at a time, and one more for the last wish where there were others meanwhile. */
async function draw(kernel: Kernel): Promise<void> {
  stale = true;
  drawn ??= (async () => {
    for (; stale;) {
      stale = false;
      const [sigma, h] = [Number(noise.value), Number(smoothing.value)];
      const before = noisy(clean, sigma);
      const start = performance.now();
      const after = await denoised(kernel, before, sigma, h);
      const milliseconds = performance.now() - start;
      show(find("before", HTMLCanvasElement), before);
      show(find("after", HTMLCanvasElement), after);
      say("noise-text", `σ = ${sigma.toFixed(2)}`);
      say("smoothing-text", `h = ${h.toFixed(2)} σ`);
      say("before-text", decibels(psnr(before, clean)));
      say("after-text", decibels(psnr(after, clean)));
      status.textContent =
        `${clean.width} × ${clean.height} pixels, 121 keys each, in ${milliseconds.toFixed(0)} ms ` +
        `on ${kernel.target === "wgsl" ? "WebGPU" : "WebAssembly"}.`;
    }
  })().finally(() => (drawn = undefined));
  return drawn;
}

const decibels = (x: number): string => (Number.isFinite(x) ? `${x.toFixed(1)} dB` : "no noise");

/** A file as the kernel's width has it: its middle, no higher than wide, so that any picture is quick. */
async function opened(file: File): Promise<Pixels> {
  const bitmap = await createImageBitmap(file);
  const height = Math.min(width, Math.max(1, Math.round((bitmap.height / bitmap.width) * width)));
  const fit: Drawing = (context, w) => {
    const scaled = (bitmap.height / bitmap.width) * w;
    context.drawImage(bitmap, 0, (height - scaled) / 2, w, scaled);
  };
  return pixelsOf(fit, width, height);
}

function fail(error: unknown): void {
  status.textContent = error instanceof Error ? error.message : String(error);
  status.classList.add("wrong");
}

try {
  const wanted = new URLSearchParams(location.search).get("target");
  const kernel = await create(wanted === "wasm" || wanted === "wgsl" ? { target: wanted } : {});
  const again = (): void => void draw(kernel).catch(fail);
  noise.addEventListener("input", again);
  smoothing.addEventListener("input", again);
  find("picture", HTMLInputElement).addEventListener("change", async ({ currentTarget }) => {
    const file = currentTarget instanceof HTMLInputElement ? currentTarget.files?.[0] : undefined;
    if (!file) return;
    try {
      clean = await opened(file);
      again();
    } catch {
      fail(new Error(`${file.name} is no picture that this browser can read`));
    }
  });
  await draw(kernel);
} catch (error) {
  fail(error);
}
