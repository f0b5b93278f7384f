/**
 * `fovea/runtime`: tensors and their files, bytes in and bytes out. Takes and gives `Tensor`s; reads no disk, so it
 * works in a browser as well. What a file holds that no kernel takes is refused with FOV2107.
 */
export { FoveaError, type Diagnostic } from "../diagnostics/diagnostic.ts";
export { readNpy, writeNpy } from "./npy.ts";
export { readNpz, writeNpz } from "./npz.ts";
export { readSafetensors, writeSafetensors, type TensorFile } from "./safetensors.ts";
export { fromNumbers, toNumbers, type Dtype, type Tensor, type TensorData } from "./tensor.ts";
