// The page's script. It imports the loaders that `npm run build` compiles and nothing else: real queries, keys and
// values come from a .safetensors file, weights and outputs from the kernels, and what is drawn is what they gave.
import { create as createFull } from "./kernels/full.mjs";
import { create as createNear } from "./kernels/near.mjs";
import { chart } from "./chart.mjs";
import { layerFrom } from "./layer.mjs";

const element = (id) => document.getElementById(id);
const percent = (x) => `${(100 * x).toFixed(x < 0.1 ? 1 : 0)} %`;
const say = (text, wrong = false) => {
  element("status").textContent = text;
  element("status").classList.toggle("wrong", wrong);
};

/** `?target=wasm` asks for one; without it the loader takes WebGPU where there is any. */
const target = new URLSearchParams(location.search).get("target") ?? "auto";
const [full, near] = await Promise.all([createFull({ target }), createNear({ target })]).catch((error) => {
  say(error.message, true);
  throw error;
});
const layer = await layerFrom("kernels/layer.safetensors").catch((error) => {
  say(error.message, true);
  throw error;
});
const { heads: H, length: L, channels: D, q, k, v, pieces } = layer;

/**
 * Values whose first L channels are the identity matrix and whose last D are the layer's own: of row i of the output,
 * the first L numbers are what query i gives to each key, and the others its output. One call gives both.
 */
const Dv = L + D;
const values = new Float32Array(H * L * Dv);
for (let n = 0; n < H * L; n++) {
  values[n * Dv + (n % L)] = 1;
  values.set(v.subarray(n * D, (n + 1) * D), n * Dv + L);
}
async function resultOf(kernel, more) {
  const { o } = await kernel.run({ q, k, v: values, ...more }, { H, L, D, Dv });
  const part = (from, to) => {
    const taken = new Float32Array(H * L * (to - from));
    for (let n = 0; n < H * L; n++) taken.set(o.subarray(n * Dv + from, n * Dv + to), n * (to - from));
    return taken;
  };
  return { weights: part(0, L), output: part(L, Dv) };
}

const everything = await resultOf(full);
const chosen = { head: 0, query: 22, window: Number(element("window").value) };
let within = everything;

/** Runs the kernel for the window as it stands; where it moves meanwhile, once more for the last place only. */
let running = false;
async function computed() {
  if (running) return;
  running = true;
  try {
    for (let w; w !== chosen.window;) {
      w = chosen.window;
      within = await resultOf(near, { w });
      draw();
    }
  } catch (error) {
    say(error.message, true);
  } finally {
    running = false;
  }
}

function draw() {
  const { head, window: w } = chosen;
  const inside = (query, key) => Math.abs(query - key) <= w;
  drawMap(element("near-map"), within.weights, inside);
  drawMap(element("full-map"), everything.weights, () => true);
  drawText(element("near-text"), within.weights, inside);
  drawText(element("full-text"), everything.weights, () => true);

  let [pairs, mass, off, size] = [0, 0, 0, 0];
  for (let n = 0; n < L * L; n++) {
    if (!inside(Math.floor(n / L), n % L)) continue;
    pairs++;
    mass += everything.weights[head * L * L + n];
  }
  for (let n = head * L * D; n < (head + 1) * L * D; n++) {
    off += (within.output[n] - everything.output[n]) ** 2;
    size += everything.output[n] ** 2;
  }
  element("kept").textContent = percent(pairs / (L * L));
  element("mass").textContent = percent(mass / L);
  element("change").textContent = percent(Math.sqrt(off / size));
  element("width").textContent = `±${w} tokens`;
  for (const button of element("heads").querySelectorAll("button"))
    button.setAttribute("aria-pressed", String(button.value === String(head)));
}

/** A pixel a pair in the canvas's own colour; what is not visited is grey, the chosen query is framed. */
function drawMap(canvas, weights, inside) {
  canvas.width = canvas.height = L;
  const context = canvas.getContext("2d");
  const image = context.createImageData(L, L);
  const [red, green, blue] = getComputedStyle(canvas).color.match(/\d+/g).map(Number);
  for (let n = 0; n < L * L; n++) {
    const [query, key] = [Math.floor(n / L), n % L];
    const shade = Math.sqrt(weights[chosen.head * L * L + n]);
    const pixel = inside(query, key) ? [red, green, blue, 255 * shade] : [128, 128, 128, 44];
    if (Math.abs(query - chosen.query) === 1) pixel[3] = Math.max(pixel[3], 110);
    image.data.set(pixel, 4 * n);
  }
  context.putImageData(image, 0, 0);
}

function drawText(text, weights, inside) {
  const row = (chosen.head * L + chosen.query) * L;
  for (const [key, button] of text.querySelectorAll("button").entries()) {
    button.style.setProperty("--weight", `${(100 * Math.sqrt(weights[row + key])).toFixed(0)}%`);
    button.classList.toggle("outside", !inside(chosen.query, key));
    button.setAttribute("aria-pressed", String(key === chosen.query));
    button.title = `${percent(weights[row + key])} of the attention`;
  }
}

function choose(change) {
  Object.assign(chosen, change);
  draw();
}

function button(text, value, onClick) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.value = value;
  made.addEventListener("click", onClick);
  return made;
}

for (let head = 0; head < H; head++)
  element("heads").append(button(String(head + 1), String(head), () => choose({ head })));
for (const side of ["near", "full"]) {
  let word;
  for (const [query, piece] of pieces.entries()) {
    // A piece that begins a word carries a mark for the space before it; lines break between words only.
    if (piece.startsWith("▁") || !word) element(`${side}-text`).append(" ", (word = document.createElement("span")));
    word.append(button(piece.replace("▁", ""), String(query), () => choose({ query })));
  }
  element(`${side}-map`).addEventListener("click", ({ offsetY, currentTarget }) =>
    choose({ query: Math.min(L - 1, Math.floor((offsetY / currentTarget.clientHeight) * L)) }),
  );
}
element("window").addEventListener("input", ({ currentTarget }) => {
  chosen.window = Number(currentTarget.value);
  element("width").textContent = `±${chosen.window} tokens`;
  void computed();
});

/** Normal enough: the sum of four uniform numbers. */
const random = (count) =>
  Float32Array.from({ length: count }, () => 1.7 * (Math.random() + Math.random() + Math.random() + Math.random() - 2));
/** Lets the browser draw. */
const pause = () => new Promise((resolve) => setTimeout(resolve, 20));

async function timed(call) {
  await call();
  const times = [];
  for (let n = 0; n < 3; n++) {
    const start = performance.now();
    await call();
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[1];
}

const slowest = 2000;
async function measured() {
  const points = [];
  const w = chosen.window;
  for (let length = 256; length <= 8192; length *= 2) {
    // Twice the length is four times the pairs.
    if (4 * (points.at(-1)?.full ?? 0) > slowest) break;
    say(`Measuring ${length} tokens on ${full.target === "wgsl" ? "WebGPU" : "WebAssembly"} …`);
    await pause();
    const dims = { H: 2, L: length, D: 64, Dv: 64 };
    const [q, k, v] = [0, 1, 2].map(() => random(2 * length * 64));
    const point = {
      length,
      near: await timed(() => near.run({ q, k, v, w }, dims)),
      full: await timed(() => full.run({ q, k, v }, dims)),
    };
    points.push(point);
    element("chart").replaceChildren(chart(points, Math.min(640, element("chart").clientWidth)));
    const times = point.full / point.near;
    element("verdict").textContent =
      `${length} tokens: ${point.full.toFixed(1)} ms for everything, ${point.near.toFixed(1)} ms within ±${w}: ` +
      (times >= 1.05 ? `${times.toFixed(times < 10 ? 1 : 0)} times as fast.` : "no gain at this length.");
  }
}

element("measure").addEventListener("click", async ({ currentTarget }) => {
  currentTarget.disabled = true;
  try {
    await measured();
    ready();
  } catch (error) {
    say(error.message, true);
  } finally {
    currentTarget.disabled = false;
  }
});

function ready() {
  say(full.target === "wgsl" ? "Runs on WebGPU here. " : "Runs on WebAssembly here. ");
  if (full.target !== "wgsl") return;
  const other = document.createElement("a");
  other.href = "?target=wasm";
  other.textContent = "Try WebAssembly";
  element("status").append(other);
}

await computed();
element("window").disabled = element("measure").disabled = false;
ready();
