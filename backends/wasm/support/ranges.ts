/**
 * Range lists in linear memory, in AssemblyScript: a count, then pairs lo, hi of half-open ranges, all i32. `add` and
 * `join` never hold more than `capacity` ranges: a list that is full even after joining widens its last range, so
 * keys are asked for that nobody needs, but none is lost. `unite` leaves a list sorted and disjoint, ranges that
 * touch joined. What each gives is told again, in TypeScript, by src/micro/support.ts.
 */
const most: i32 = 0x7fffffff;

function low(list: usize, n: i32): i32 {
  return load<i32>(list + ((n as usize) << 3), 4);
}

function high(list: usize, n: i32): i32 {
  return load<i32>(list + ((n as usize) << 3), 8);
}

function put(list: usize, n: i32, lo: i32, hi: i32): void {
  const at = list + ((n as usize) << 3);
  store<i32>(at, lo, 4);
  store<i32>(at, hi, 8);
}

/** Heap order below `n`: by lo, the greatest at the root. */
function sink(list: usize, from: i32, n: i32): void {
  const lo = low(list, from);
  const hi = high(list, from);
  let hole = from;
  while (true) {
    let child = 2 * hole + 1;
    if (child >= n) break;
    if (child + 1 < n && low(list, child + 1) > low(list, child)) child++;
    if (low(list, child) <= lo) break;
    put(list, hole, low(list, child), high(list, child));
    hole = child;
  }
  put(list, hole, lo, hi);
}

function sort(list: usize, n: i32): void {
  for (let from = n / 2 - 1; from >= 0; from--) sink(list, from, n);
  for (let last = n - 1; last > 0; last--) {
    const lo = low(list, last);
    const hi = high(list, last);
    put(list, last, low(list, 0), high(list, 0));
    put(list, 0, lo, hi);
    sink(list, 0, last);
  }
}

/** Cuts every range to 0 … extent, rounds it out to granules, cuts it again, drops what is empty; sorts and joins. */
export function range_unite(list: usize, granule: i32, extent: i32): void {
  const count = load<i32>(list);
  let kept = 0;
  let sorted = true;
  let before = 0;
  for (let n = 0; n < count; n++) {
    const from = max(low(list, n), 0);
    const to = min(high(list, n), extent);
    if (from >= to) continue;
    const lo = from - (from % granule);
    const rest = to % granule;
    const missing = rest == 0 ? 0 : granule - rest;
    put(list, kept++, lo, missing > extent - to ? extent : to + missing);
    if (lo < before) sorted = false;
    before = lo;
  }
  if (!sorted) sort(list, kept);
  let last = -1;
  for (let n = 0; n < kept; n++) {
    const lo = low(list, n);
    const hi = high(list, n);
    if (last >= 0 && lo <= high(list, last)) put(list, last, low(list, last), max(hi, high(list, last)));
    else put(list, ++last, lo, hi);
  }
  store<i32>(list, last + 1);
}

/** Appends lo … hi, unless it is empty; the list need not be sorted, before or after. */
export function range_add(list: usize, capacity: i32, lo: i32, hi: i32): void {
  if (lo >= hi) return;
  assert(capacity > 0);
  if (load<i32>(list) >= capacity) range_unite(list, 1, most);
  const count = load<i32>(list);
  if (count < capacity) {
    put(list, count, lo, hi);
    store<i32>(list, count + 1);
  } else put(list, count - 1, min(lo, low(list, count - 1)), max(hi, high(list, count - 1)));
}

/** list[slot] = all ranges of list[from] … list[to − 1], for lists that begin `stride` bytes after each other. */
export function range_join(lists: usize, stride: i32, capacity: i32, slot: i32, from: i32, to: i32): void {
  const list = lists + slot * stride;
  store<i32>(list, 0);
  for (let source = from; source < to; source++) {
    const other = lists + source * stride;
    const count = load<i32>(other);
    for (let n = 0; n < count; n++) range_add(list, capacity, low(other, n), high(other, n));
  }
  range_unite(list, 1, most);
}
