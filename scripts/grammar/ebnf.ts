/** The grammar as EBNF: `[ ]` is optional, `{ }` any number of times, `|` a choice, `" "` what stands there as it is. */
import { wordList, type WordRole } from "../../grammar/tokens.ts";
import { classes, rules, type Node } from "./rules.ts";

const wide = 100;

export function ebnf(): string {
  const lines = rules().map(({ name, body }) => ruleText(name, body));
  const lexical = Object.entries(classes).map(([name, pattern]) => `${name} = ? ${pattern.source} ? ;`);
  const words = (role: WordRole): string =>
    wordList
      .filter((word) => word.roles.includes(role))
      .map((word) => word.text)
      .join(" ");
  return `(* The grammar of .attn files. Made from grammar/*.ts by npm run generate; do not edit. *)

${lines.join("\n\n")}

(* Between two of these stand spaces, line ends and comments, from // to the end of the line. A regular expression
   stands between question marks. *)

${lexical.join("\n")}

(* Only these can never be names: ${words("reserved")}.
   A word that opens a declaration (${words("declaration")})
   or a clause (${words("clause").replace(/(.{60}\S*) /, "$1\n   ")})
   is a keyword only where one may begin; ${words("connective")}
   only after what is complete without them; ${words("place")} only after align. *)
`;
}

function ruleText(name: string, body: Node): string {
  const line = `${name} = ${textOf(body, false)} ;`;
  if (line.length <= wide) return line;
  const parts = body.kind === "choice" ? body.items.map((item) => textOf(item, false)) : undefined;
  if (parts) return `${name} =\n    ${parts.join("\n  | ")} ;`;
  return `${name} =\n    ${broken(body)} ;`;
}

/** A long sequence: its parts on lines as they fit. */
function broken(body: Node): string {
  const parts = body.kind === "sequence" ? body.items.map((item) => textOf(item, true)) : [textOf(body, false)];
  const lines: string[] = [];
  for (const part of parts) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + part.length <= wide - 4) lines[lines.length - 1] = `${last} ${part}`;
    else lines.push(part);
  }
  return lines.join("\n    ");
}

/** `inside`: a choice needs brackets of its own. */
function textOf(node: Node, inside: boolean): string {
  switch (node.kind) {
    case "literal":
      return `"${node.text}"`;
    case "class":
    case "rule":
      return node.name;
    case "sequence":
      return node.items.map((item) => textOf(item, true)).join(" ");
    case "choice": {
      const text = node.items.map((item) => textOf(item, true)).join(" | ");
      return inside ? `( ${text} )` : text;
    }
    case "optional":
      return `[ ${textOf(node.item, false)} ]`;
    case "repeated": {
      const item = textOf(node.item, true);
      const more = `{ ${node.separator ? `${textOf(node.separator, true)} ` : ""}${node.separator ? item : textOf(node.item, false)} }`;
      const once = `${item} ${more}`;
      if (node.least === 1) return once;
      return node.separator ? `[ ${once} ]` : more;
    }
    default:
      return node satisfies never;
  }
}
