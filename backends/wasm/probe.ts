/** The smallest modules that only validate where SIMD and relaxed SIMD exist. */
const start = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10];

/** () -> v128: i32.const 0, i8x16.splat */
export const simdProbe = new Uint8Array([...start, 8, 1, 6, 0, 65, 0, 253, 15, 11]);
/** () -> v128: three splats, f32x4.relaxed_madd */
export const relaxedProbe = new Uint8Array([
  ...start,
  19,
  1,
  17,
  0,
  65,
  0,
  253,
  15,
  65,
  0,
  253,
  15,
  65,
  0,
  253,
  15,
  253,
  133,
  2,
  11,
]);
