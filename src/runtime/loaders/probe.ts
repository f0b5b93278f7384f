/** The smallest modules that only validate where SIMD and relaxed SIMD exist: one function () -> v128 each. */
const head = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10];
const splat = [65, 0, 253, 15];

export const probes = {
  plain: new Uint8Array([...head, 8, 1, 6, 0, ...splat, 11]),
  /** f32x4.relaxed_madd of three splats */
  relaxed: new Uint8Array([...head, 19, 1, 17, 0, ...splat, ...splat, ...splat, 253, 133, 2, 11]),
} as const;
