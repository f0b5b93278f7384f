/** The elements of a tensor one after the other, with their indices. Takes its extents; the indices are the same array each time. */
export function* everyPlace(dims: readonly number[]): Generator<readonly [flat: number, index: readonly number[]]> {
  const count = dims.reduce((a, d) => a * d, 1);
  const index = dims.map(() => 0);
  for (let flat = 0; flat < count; flat++) {
    yield [flat, index];
    for (let d = dims.length - 1; d >= 0 && ++index[d] === dims[d]; d--) index[d] = 0;
  }
}
