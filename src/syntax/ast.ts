/**
 * Level 1, the Ast: what the file says, as written. Every node has a span (byte offsets are UTF-16 code
 * units into the source), sugar is kept (chained comparisons, named arguments, calls of patterns), and
 * comments are kept beside the file so that the formatter loses nothing.
 */
import type { Span } from "../diagnostics/diagnostic.ts";

export interface Name {
  readonly text: string;
  readonly span: Span;
}

export type UnaryOperator = "-" | "not";
export type ComparisonOperator = "<" | "<=" | ">" | ">=" | "==" | "!=";
export type BinaryOperator = "or" | "and" | "+" | "-" | "*" | "/" | "@" | "div" | "mod" | "in";

/** A positional argument has no name; `window(w: 64)` names its argument. */
export interface Argument {
  readonly name?: Name;
  readonly value: Expr;
}

export type Expr = { readonly span: Span } & (
  | { readonly kind: "number"; readonly value: number; readonly text: string; readonly integer: boolean }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "bool"; readonly value: boolean }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "unary"; readonly op: UnaryOperator; readonly operand: Expr }
  | { readonly kind: "binary"; readonly op: BinaryOperator; readonly left: Expr; readonly right: Expr }
  /** `a <= b < c`: operands.length === ops.length + 1 */
  | { readonly kind: "comparison"; readonly ops: readonly ComparisonOperator[]; readonly operands: readonly Expr[] }
  | { readonly kind: "if"; readonly condition: Expr; readonly then: Expr; readonly otherwise: Expr }
  | { readonly kind: "call"; readonly callee: Name; readonly args: readonly Argument[] }
  | { readonly kind: "index"; readonly target: Expr; readonly indices: readonly Expr[] }
  | { readonly kind: "member"; readonly target: Expr; readonly member: Name }
  | { readonly kind: "group"; readonly inner: Expr }
);

export interface Input {
  readonly names: readonly Name[];
  readonly dtype: Name;
  /** null: a scalar input without brackets. */
  readonly dims: readonly Expr[] | null;
  readonly scale?: Name;
  readonly zero?: Name;
  readonly span: Span;
}

export interface Entry {
  readonly name: Name;
  readonly value: Expr;
}

/** `{ qk: i8 -> i32, tile: 32 by 16 }`; `arrow` and `by` are the optional second part. */
export interface RecordEntry {
  readonly name: Name;
  readonly value: Expr;
  readonly arrow?: Name;
  readonly by?: Expr;
}

export interface Returned {
  readonly alias?: Name;
  readonly name: Name;
  readonly type?: {
    readonly dtype: Name;
    readonly dims: readonly Expr[] | null;
    readonly scale?: Name;
    readonly zero?: Name;
  };
}

export type Clause = { readonly span: Span } & (
  | { readonly kind: "mask" | "score" | "scale" | "output"; readonly value: Expr }
  | { readonly kind: "weights"; readonly name: Name; readonly args: readonly Argument[] | null }
  | { readonly kind: "blocks"; readonly rows: Expr; readonly columns?: Expr }
  | { readonly kind: "align"; readonly to: "start" | "end" | "at"; readonly at?: Expr }
  | { readonly kind: "axes"; readonly entries: readonly { readonly role: Name; readonly dim: Name }[] }
  | { readonly kind: "project"; readonly operand: Name; readonly along: Name; readonly by: Name }
  | { readonly kind: "rotate"; readonly operands: readonly Name[]; readonly by: Expr }
  | { readonly kind: "positions"; readonly operand: Name; readonly at: Name }
  | { readonly kind: "route"; readonly by: Expr; readonly to: readonly Name[] }
  | {
      readonly kind: "precision";
      readonly words: readonly Name[] | null;
      readonly record: readonly RecordEntry[] | null;
    }
  | { readonly kind: "return"; readonly values: readonly Returned[] }
  | { readonly kind: "let"; readonly name: Name; readonly value: Expr }
  | { readonly kind: "fn"; readonly fn: FnDeclaration }
  | { readonly kind: "param"; readonly name: Name; readonly value: Expr }
  | { readonly kind: "example"; readonly entries: readonly Entry[] }
);

export interface FnDeclaration {
  readonly name: Name;
  readonly params: readonly Name[];
  readonly body: Expr;
  readonly span: Span;
}

export type Declaration = { readonly span: Span } & (
  | { readonly kind: "pattern"; readonly name: Name; readonly params: readonly Name[]; readonly body: Expr }
  | { readonly kind: "fn"; readonly fn: FnDeclaration }
  | { readonly kind: "param"; readonly name: Name; readonly value: Expr }
  | {
      readonly kind: "attention";
      readonly name: Name;
      readonly inputs: readonly Input[];
      readonly where: readonly Expr[];
      readonly clauses: readonly Clause[];
    }
  /** `attention local64 = local(w: 64)` */
  | { readonly kind: "alias"; readonly name: Name; readonly of: Name; readonly args: readonly Argument[] }
  | { readonly kind: "schedule"; readonly name: Name; readonly target: Name; readonly record: readonly RecordEntry[] }
);

export type AttentionDeclaration = Extract<Declaration, { kind: "attention" }>;

export interface Comment {
  /** Text with its leading `//`. */
  readonly text: string;
  readonly span: Span;
  /** True when nothing but white space stands before it on its line. */
  readonly ownLine: boolean;
}

export interface File {
  readonly source: string;
  /** What diagnostics call the file; "-" for standard input. */
  readonly path: string;
  readonly declarations: readonly Declaration[];
  readonly comments: readonly Comment[];
}
