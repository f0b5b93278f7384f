/**
 * A typed layer over what binaryen's declarations lack. Takes the loaded package; gives functions. Guarantees: a
 * member that this version does not have is named in the error, instead of a call of undefined.
 */
import type binaryenModule from "binaryen";

export type Binaryen = typeof binaryenModule;
export type Module = InstanceType<Binaryen["Module"]>;
export type Ref = number;

/** Loads on first use: the import alone takes a second. */
export const loadBinaryen = async (): Promise<Binaryen> => (await import("binaryen")).default;

function member(of: object, name: string): (...args: readonly unknown[]) => unknown {
  const found: unknown = Reflect.get(of, name);
  if (typeof found !== "function") throw new Error(`binaryen: this version has no ${name}`);
  return (...args) => Reflect.apply(found, of, args);
}

function number(x: unknown, name: string): number {
  if (typeof x !== "number") throw new Error(`binaryen: ${name} gives no number`);
  return x;
}

/** a · b + c in each lane, rounded once or twice as the machine likes. */
export function relaxedMadd(binaryen: Binaryen, m: Module, a: Ref, b: Ref, c: Ref): Ref {
  const name = "_BinaryenSIMDTernary";
  return number(member(binaryen, name)(m.ptr, binaryen.RelaxedMaddVecF32x4, a, b, c), name);
}

export function dataSegments(m: Module): number {
  const name = "getNumDataSegments";
  return number(member(m, name)(), name);
}
