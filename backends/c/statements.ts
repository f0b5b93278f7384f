/** Statements of a TileProgram as C: loops, branches, names. Takes a block and its context; writes it. */
import { settled, type Statement } from "../../src/tile/tile.ts";
import { loads, type Load } from "./loads.ts";
import { operation, slotOf } from "./operations.ts";
import { bare, expression } from "./scalar.ts";
import { ctypes, isWild, type Context } from "./unit.ts";
import { local, type Writer } from "./writer.ts";

export function block(statements: readonly Statement[], outer: Context, out: Writer): void {
  let cx = outer;
  let run: Load[] = [];
  for (const [n, statement] of statements.entries()) {
    switch (statement.kind) {
      case "load":
        // What is loaded together is asked for together.
        run.push(statement);
        if (statements[n + 1]?.kind === "load") break;
        loads(run, cx, out);
        run = [];
        break;
      case "let": {
        const { value } = statement;
        const text = bare(value, cx);
        const wild = value.type === "i32" && isWild(value, cx);
        const [next, binding] = cx.bind(statement.name, value.type, wild);
        cx = next;
        out.line(`const ${ctypes[value.type]} ${binding.text} = ${text};`);
        break;
      }
      case "for": {
        const to = local(statement.to, `${statement.name}_end`, cx, out);
        const [inner, { text }] = cx.bind(statement.name, "i32");
        out.count(text, to, () => block(statement.body, inner, out));
        break;
      }
      case "if":
        branch(statement, cx, out);
        break;
      case "visit":
        visit(statement, cx, out);
        break;
      default:
        cx = operation(statement, cx, out);
    }
  }
}

function branch(statement: Extract<Statement, { kind: "if" }>, cx: Context, out: Writer): void {
  const { when } = statement;
  if (when.kind === "const") {
    const taken = when.value === 0 ? statement.otherwise : statement.then;
    block(taken, cx, out);
    return;
  }
  if (statement.then.length === 0) {
    out.block(`if (!${expression(when, cx)})`, () => block(statement.otherwise, cx, out));
    return;
  }
  out.open(`if (${bare(when, cx)})`);
  block(statement.then, cx, out);
  if (statement.otherwise.length > 0) {
    out.close("} else {");
    out.reopen();
    block(statement.otherwise, cx, out);
  }
  out.close();
}

function visit(statement: Extract<Statement, { kind: "visit" }>, cx: Context, out: Writer): void {
  const { unit } = cx;
  const { within } = statement;
  const step = settled(statement.step);
  const [list, n, first, last] = ["list", "n", "first", "last"].map((x) => unit.names.fresh(x));
  out.line(`const int32_t *const ${list} = ${slotOf(statement.list, bare(statement.slot, cx), cx)};`);
  const limits = within ? [local(within.lo, "within_lo", cx, out), local(within.hi, "within_hi", cx, out)] : [];
  const cut = (fn: string, text: string, limit: string | undefined): string =>
    limit === undefined ? text : `${unit.helper(fn)}(${text}, ${limit})`;
  out.count(String(n), `${list}[0]`, () => {
    out.line(`const int32_t ${first} = ${cut("max_i32", `${list}[1 + 2 * ${n}]`, limits[0])};`);
    out.line(`const int32_t ${last} = ${cut("min_i32", `${list}[2 + 2 * ${n}]`, limits[1])};`);
    const [one, lo] = cx.bind(statement.lo, "i32");
    const [inner, hi] = one.bind(statement.hi, "i32");
    out.block(`for (int32_t ${lo.text} = ${first}; ${lo.text} < ${last}; ${lo.text} += ${step})`, () => {
      out.line(`const int32_t ${hi.text} = ${last} - ${lo.text} < ${step} ? ${last} : ${lo.text} + ${step};`);
      block(statement.body, inner, out);
    });
  });
}
