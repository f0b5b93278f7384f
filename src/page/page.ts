/**
 * The script of the page that `bench --page` writes. Takes cases.json beside it: kernels with their loaders, the
 * tensors of one call and what the oracle says of a few rows. Runs each in this browser, shows what it does and gives
 * the results as a file of the shape of `bench --json`. Asks for nothing that does not lie beside it.
 */
import { measured, pause, type Case, type Page, type Result } from "./measure.ts";

const element = (id: string): HTMLElement => {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no ${id}`);
  return found;
};
const button = (id: string): HTMLButtonElement => {
  const found = element(id);
  if (!(found instanceof HTMLButtonElement)) throw new Error(`${id} is no button`);
  return found;
};
const say = (text: string): void => void (element("status").textContent = text);
function part(parent: HTMLElement, tag: string, name: string, text = ""): HTMLElement {
  const made = document.createElement(tag);
  made.className = name;
  made.textContent = text;
  parent.append(made);
  return made;
}

interface Card {
  readonly item: HTMLElement;
  readonly time: HTMLElement;
  readonly note: HTMLElement;
  readonly bar: HTMLElement;
}

function cardOf({ attention, target, dims, elsewhereMs }: Case, machine: string): Card {
  const item = part(element("cases"), "li", "waiting");
  const head = part(item, "div", "head");
  part(part(head, "span", "name", `${attention} `), "span", "target", target);
  const time = part(head, "span", "time");
  const bar = part(part(item, "div", "bar"), "i", "");
  const sizes = Object.entries(dims)
    .map(([name, size]) => `${name}=${size}`)
    .join(" ");
  part(item, "div", "faint", elsewhereMs === null ? sizes : `${sizes}; ${milliseconds(elsewhereMs)} on ${machine}`);
  const note = part(item, "div", "faint note", "waiting");
  return { item, time, note, bar };
}

const milliseconds = (ms: number): string => `${ms >= 100 ? ms.toFixed(0) : ms.toPrecision(3)} ms`;

async function machineOf(): Promise<object> {
  const adapter = "gpu" in navigator ? await navigator.gpu.requestAdapter().catch(() => null) : null;
  const { vendor = "", architecture = "", description = "" } = adapter?.info ?? {};
  return {
    cpu: "unknown",
    cores: navigator.hardwareConcurrency,
    arch: "wasm32",
    os: navigator.platform,
    browser: navigator.userAgent,
    gpu: [vendor, architecture, description].filter(Boolean).join(" ") || null,
  };
}

interface Diagnostic {
  readonly code: string;
  readonly severity: "error";
  readonly message: string;
  readonly file: string;
  readonly span: null;
  readonly notes: readonly string[];
  readonly fixes: readonly string[];
}

function diagnosticOf(error: unknown, { file }: Case): Diagnostic {
  const text = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && "code" in error ? String(error.code) : "FOV9001";
  return { code, severity: "error", message: text.replace(`${code} `, ""), file, span: null, notes: [], fixes: [] };
}

/** One case after the other; what cannot run here hides nothing of the others. */
async function runAll({ cases }: Page, cards: readonly Card[]): Promise<object> {
  const results: Result[] = [];
  const diagnostics: Diagnostic[] = [];
  const bar = element("progress");
  for (const [n, each] of cases.entries()) {
    const card = cards[n];
    if (!card) continue;
    say(`${n + 1} of ${cases.length}: ${each.attention} on ${each.target}`);
    card.item.className = "running";
    try {
      const result = await measured(each, (text) => void (card.note.textContent = text));
      await pause();
      results.push(result);
      card.item.className = "done";
      card.time.textContent = milliseconds(result.medianMs);
      card.note.textContent = `right; best ${milliseconds(result.minMs)} of ${result.runs} runs, ${result.gflops.toFixed(1)} GFLOP/s`;
    } catch (error) {
      const told = diagnosticOf(error, each);
      diagnostics.push(told);
      card.item.className = "failed";
      card.note.textContent = `${told.code}: ${told.message}`;
    }
    bar.setAttribute("value", String((n + 1) / cases.length));
    draw(cases, cards, results);
  }
  say(`Done: ${results.length} of ${cases.length} ran here. A bar is the time of one call, shorter is faster.`);
  return { version: 1, ok: diagnostics.length === 0, diagnostics, machine: await machineOf(), results };
}

/** Bars against the slowest. */
function draw(cases: Page["cases"], cards: readonly Card[], results: readonly Result[]): void {
  const slowest = Math.max(...results.map((result) => result.medianMs), 1e-9);
  for (const [n, { file, attention, target }] of cases.entries()) {
    const found = results.find((r) => r.file === file && r.attention === attention && r.target === target);
    const bar = cards[n]?.bar;
    if (bar && found) bar.style.width = `${Math.max(1, (100 * found.medianMs) / slowest)}%`;
  }
}

function save(report: object): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([`${JSON.stringify(report, null, 2)}\n`], { type: "application/json" }));
  link.download = "bench.json";
  link.click();
}

async function main(): Promise<void> {
  const response = await fetch("cases.json");
  const page = (await response.json()) as Page;
  const cards = page.cases.map((each) => cardOf(each, page.machine.cpu));
  const { cores, gpu, browser } = (await machineOf()) as { cores: number; gpu: string | null; browser: string };
  element("machine").textContent = `This machine: ${cores} cores, ${gpu ?? "no WebGPU"}. ${browser}`;
  say(`${page.cases.length} kernels are ready; nothing leaves this device.`);
  const [run, download] = [button("run"), button("download")];
  let made: object | undefined;
  download.addEventListener("click", () => made && save(made));
  run.addEventListener("click", async () => {
    run.disabled = true;
    try {
      made = await runAll(page, cards);
      download.disabled = false;
    } finally {
      run.textContent = "Run again";
      run.disabled = false;
    }
  });
  run.disabled = false;
}

main().catch((error: unknown) => say(error instanceof Error ? error.message : String(error)));
