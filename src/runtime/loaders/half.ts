/** A number as the bits of the nearest f16 or bf16, ties to even: what a single number that a caller passes becomes. */
export function narrowed(dtype: "f16" | "bf16", x: number): number {
  const bits = new Uint32Array(Float32Array.of(x).buffer)[0] ?? 0;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (dtype === "bf16") {
    if (magnitude > 0x7f800000) return (bits >>> 16) | 0x40;
    return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
  }
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  // Added to 1/2 in f32, what lies below 2^-14 is rounded to a multiple of 2^-24.
  if (magnitude < 0x38800000) return sign | ((Math.fround(Math.fround(Math.abs(x)) + 0.5) - 0.5) * 2 ** 24);
  return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >> 13) & 1)) >> 13);
}
