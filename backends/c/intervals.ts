/**
 * Interval arithmetic that is written down instead of done: bounds are int64_t expressions of C, of which only their
 * own bounds for all allowed sizes are known here. Each new expression becomes a constant of its own, once.
 */
import type { Scalar } from "../../src/scalar/scalar.ts";

/** The largest size that is not refused anyway. */
export const largestSize = 2 ** 30;
const [least, most] = [-(2 ** 31), 2 ** 31 - 1];
/** Plain 64-bit arithmetic is exact below this; beyond it the held forms are used. */
const exact = 2 ** 60;

/** An int64_t expression and between which numbers it lies for all allowed sizes. */
export interface Number64 {
  readonly text: string;
  readonly lo: number;
  readonly hi: number;
}
export interface Interval {
  readonly lo: Number64;
  readonly hi: Number64;
}

export const constant = (value: number): Number64 => ({ text: `INT64_C(${value})`, lo: value, hi: value });
export const point = (x: Number64): Interval => ({ lo: x, hi: x });
/** Any int32_t; the interval, by identity, of what comes from tensors. */
export const whole: Interval = { lo: constant(least), hi: constant(most) };
/** Is it inside int32_t for every allowed size? */
export const fits = ({ lo, hi }: Interval): boolean => lo.lo >= least && hi.hi <= most;
const isConstant = (x: Number64): boolean => x.lo === x.hi;

export class Intervals {
  readonly #lines: string[] = [];
  readonly #known = new Map<string, string>();

  /** The checks, and what they are computed from. */
  needed(): readonly string[] {
    const used = new Set<string>();
    const kept: string[] = [];
    for (const line of this.#lines.toReversed()) {
      const name = /^const int64_t (\w+) = /.exec(line)?.[1];
      if (name !== undefined && !used.has(name)) continue;
      for (const word of line.match(/\w+/g) ?? []) used.add(word);
      kept.push(line);
    }
    return kept.reverse();
  }

  /** The interval, of which no more than int32_t is left once it is checked. */
  checked({ lo, hi }: Interval): Interval {
    if (hi.hi > most) this.#check(`${hi.text} > INT32_MAX`);
    if (lo.lo < least) this.#check(`${lo.text} < INT32_MIN`);
    const held = (n: Number64): Number64 => ({ ...n, lo: Math.max(n.lo, least), hi: Math.min(n.hi, most) });
    return { lo: held(lo), hi: held(hi) };
  }

  /** 0 … to − 1. */
  below(to: Number64): Interval {
    return { lo: constant(0), hi: this.max(constant(0), this.add(to, constant(-1))) };
  }

  call(x: Scalar & { kind: "call" }, args: readonly Interval[]): Interval {
    const [a = whole, b = whole, c = whole] = args;
    switch (x.fn) {
      case "add":
        return { lo: this.add(a.lo, b.lo), hi: this.add(a.hi, b.hi) };
      case "sub":
        return { lo: this.#sub(a.lo, b.hi), hi: this.#sub(a.hi, b.lo) };
      case "neg":
        return { lo: this.#sub(constant(0), a.hi), hi: this.#sub(constant(0), a.lo) };
      case "mul": {
        if (a.lo.lo >= 0 && b.lo.lo >= 0) return { lo: this.mul(a.lo, b.lo), hi: this.mul(a.hi, b.hi) };
        const all = [a.lo, a.hi].flatMap((m) => [b.lo, b.hi].map((n) => this.mul(m, n)));
        return { lo: all.reduce((m, n) => this.min(m, n)), hi: all.reduce((m, n) => this.max(m, n)) };
      }
      case "abs":
        return { lo: constant(0), hi: this.#magnitude(a) };
      case "min":
        return { lo: this.min(a.lo, b.lo), hi: this.min(a.hi, b.hi) };
      case "max":
        return { lo: this.max(a.lo, b.lo), hi: this.max(a.hi, b.hi) };
      case "idiv": {
        if (b.lo.lo > 0) {
          const ends = (n: Number64): readonly Number64[] => [this.#idiv(n, b.lo), this.#idiv(n, b.hi)];
          const [lo, hi] = [ends(a.lo), ends(a.hi)];
          return { lo: lo.reduce((m, n) => this.min(m, n)), hi: hi.reduce((m, n) => this.max(m, n)) };
        }
        if (a.lo.lo >= 0 && b.lo.lo >= 0) return { lo: constant(0), hi: this.#idiv(a.hi, this.max(constant(1), b.lo)) };
        const size = this.#magnitude(a);
        return { lo: this.#sub(constant(0), size), hi: size };
      }
      case "mod": {
        if (b.lo.lo > 0) return { lo: constant(0), hi: this.add(b.hi, constant(-1)) };
        // Between 0 and the divisor; what is divided by 0 stays what it is.
        const zero = constant(0);
        const least = b.lo.lo >= 0 ? a.lo : this.min(a.lo, this.add(b.lo, constant(1)));
        return { lo: this.min(zero, least), hi: this.max(zero, this.max(a.hi, this.add(b.hi, constant(-1)))) };
      }
      case "select":
        return this.union(b, c);
      default:
        return whole;
    }
  }

  #magnitude({ lo, hi }: Interval): Number64 {
    return lo.lo >= 0 ? hi : this.max(this.#sub(constant(0), lo), hi);
  }
  union(a: Interval, b: Interval): Interval {
    return { lo: this.min(a.lo, b.lo), hi: this.max(a.hi, b.hi) };
  }
  add(a: Number64, b: Number64): Number64 {
    return this.#binary("add", a, b, a.lo + b.lo, a.hi + b.hi, "+");
  }
  #sub(a: Number64, b: Number64): Number64 {
    return this.#binary("sub", a, b, a.lo - b.hi, a.hi - b.lo, "-");
  }
  mul(a: Number64, b: Number64): Number64 {
    const all = [a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi];
    return this.#binary("mul", a, b, Math.min(...all), Math.max(...all), "*");
  }
  min(a: Number64, b: Number64): Number64 {
    if (a.hi <= b.lo || a.text === b.text) return a;
    return b.hi <= a.lo ? b : this.#binary("min", a, b, Math.min(a.lo, b.lo), Math.min(a.hi, b.hi));
  }
  max(a: Number64, b: Number64): Number64 {
    if (a.lo >= b.hi || a.text === b.text) return a;
    return b.lo >= a.hi ? b : this.#binary("max", a, b, Math.max(a.lo, b.lo), Math.max(a.hi, b.hi));
  }

  /** Floored, by what is above 0. */
  #idiv(a: Number64, b: Number64): Number64 {
    const all = [a.lo, a.hi].flatMap((m) => [b.lo, b.hi].map((n) => Math.floor(m / n)));
    return this.#binary("idiv", a, b, Math.min(...all), Math.max(...all));
  }

  #binary(name: string, a: Number64, b: Number64, lo: number, hi: number, operator?: string): Number64 {
    if (operator && isConstant(a) && isConstant(b) && Math.abs(lo) < 2 ** 52) return constant(lo);
    if (operator === "+" && isConstant(b) && b.lo === 0) return a;
    const small = [a.lo, a.hi, b.lo, b.hi, lo, hi].every((n) => Math.abs(n) < exact);
    const text = operator && small ? `${a.text} ${operator} ${b.text}` : `fovea_wide_${name}(${a.text}, ${b.text})`;
    return { text: this.#named(text), lo, hi };
  }

  #named(text: string): string {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const name = `n${this.#known.size}`;
    this.#known.set(text, name);
    this.#lines.push(`const int64_t ${name} = ${text};`);
    return name;
  }

  #check(text: string): void {
    const line = `if (${text}) return FOVEA_OVERFLOW;`;
    if (!this.#lines.includes(line)) this.#lines.push(line);
  }
}
