/**
 * C names and comments. Takes names and text of a spec; gives identifiers that C and C++ accept, each handed out
 * once per `Names`, and comment text in ASCII that can neither end its comment nor start another.
 */
const keywords = new Set(
  (
    "alignas alignof and and_eq asm auto bitand bitor bool break case catch char class compl const constexpr continue decltype default delete " +
    "do double else enum explicit export extern false float for friend goto if inline int long mutable namespace new noexcept not not_eq " +
    "nullptr operator or or_eq private protected public register reinterpret_cast restrict return short signed sizeof static static_assert " +
    "struct switch template this thread_local throw true try typedef typeid typename typeof union unsigned using virtual void volatile wchar_t " +
    "while xor xor_eq I NULL main linux unix i386 near far args workspace bytes dma base layout int8_t uint8_t int16_t uint16_t int32_t " +
    "uint32_t int64_t uint64_t size_t ptrdiff_t uintptr_t intptr_t INT32_MAX INT32_MIN SIZE_MAX memcpy memset"
  ).split(" "),
);

/** Letters, digits and underscores; neither empty nor led by a digit. */
export function plain(name: string): string {
  const text = name.replace(/[^A-Za-z0-9_]/gu, "_");
  return /^[A-Za-z]/.test(text) ? text : `x${text}`;
}

export class Names {
  readonly #taken: Set<string>;
  constructor(taken: Iterable<string> = []) {
    this.#taken = new Set(taken);
  }
  /** A fresh identifier that looks like `name`. */
  fresh(name: string): string {
    const stem = plain(name);
    let text = keywords.has(stem) || stem.startsWith("fovea_") ? `${stem}_` : stem;
    for (let n = 2; this.#taken.has(text); n++) text = `${stem}_${String(n)}`;
    this.#taken.add(text);
    return text;
  }
}

/** One line of a comment. */
export function comment(text: string): string {
  let out = "";
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    out += code >= 32 && code < 127 ? char : `<U+${code.toString(16).toUpperCase().padStart(4, "0")}>`;
  }
  return out.replaceAll("*/", "* /").replaceAll("/*", "/ *").replaceAll("??", "? ?").replaceAll("\\", "<U+005C>");
}
