/** What stands under the help of each command: lines as they are typed, from a folder with the examples in it. */
export const examples: Readonly<Record<string, readonly string[]>> = {
  fovea: ["fovea explain examples/04-sinks.attn", "fovea compile examples/04-sinks.attn --target wasm,wgsl,c -o out"],
  check: ["fovea check examples/04-sinks.attn", "fovea check examples --json"],
  fmt: ["fovea fmt examples/04-sinks.attn", "fovea fmt --check examples"],
  explain: [
    "fovea explain examples/04-sinks.attn --dim L=4096",
    "fovea explain examples/03-local.attn --name local --set w=64 --target c",
  ],
  compile: [
    "fovea compile examples/04-sinks.attn --target wasm,wgsl -o out",
    "fovea compile examples/03-local.attn --name local --set w=64 --target c --prefix my_ -o out",
  ],
  run: [
    "fovea run examples/04-sinks.attn --target wasm --dim L=128 -o o.npy",
    "fovea run examples/04-sinks.attn --target oracle --inputs examples/real/encoder-layer0.safetensors",
  ],
  verify: ["fovea verify examples/04-sinks.attn --target wasm --dim L=128"],
  bench: [
    "fovea bench examples/04-sinks.attn --dim L=512",
    "fovea bench examples/04-sinks.attn --dim L=512 --page out/page",
  ],
  compare: [
    "fovea compare examples/01-dense.attn examples/03-local.attn --name dense,local --set w=16,64 --inputs examples/real/encoder-layer0.safetensors",
  ],
  view: ["fovea view examples/04-sinks.attn", "fovea view examples/04-sinks.attn --dim L=256 -o mask.png"],
  doctor: ["fovea doctor"],
  completion: ["fovea completion bash > fovea.bash   # then, in ~/.bashrc: source fovea.bash"],
};
