/** The text of a Plan: what golden tests hold and `explain` opens with. One range a line. */
import { printScalar } from "../scalar/print.ts";
import type { Axis, Plan, Range, Stage, Visit } from "../plan/plan.ts";

const p = (x: Parameters<typeof printScalar>[0]): string => printScalar(x, { origins: true });
const plain = (x: Parameters<typeof printScalar>[0]): string => printScalar(x);

export function printPlan(plan: Plan): string {
  return [
    `plan ${plan.name}`,
    `  query ${printAxis(plan.axes.query)}, position ${plain(plan.position)}`,
    `  key ${printAxis(plan.axes.key)}`,
    ...plan.stages.flatMap(stage),
    "",
  ].join("\n");
}

const printAxis = ({ name, extent, split }: Axis): string =>
  `${name} < ${plain(extent)}${split ? ` = ${plain(split.by)} * ${split.outer.name} + ${split.inner.name}` : ""}`;

function stage(each: Stage): readonly string[] {
  switch (each.kind) {
    case "attend":
      return [
        "  attend",
        ...visit(each.visit),
        `    mask ${p(each.mask)}`,
        `    scale ${plain(each.scale)}`,
        `    score ${p(each.score)}`,
        `    state ${each.state.kind}, ${each.state.strategy}, reference ${each.state.reference}, weight ${plain(each.state.weight)}`,
        `    starts from reference ${plain(each.state.init.reference)}, sum ${plain(each.state.init.sum)}`,
      ];
    case "merge":
      return [`  merge ${each.parts}`];
    case "fold":
      return [`  fold ${each.outputs.map((o) => (o.name === o.value ? o.name : `${o.name} = ${o.value}`)).join(", ")}`];
  }
}

function visit(v: Visit): readonly string[] {
  return [
    ...v.may.map((r) => `    may  ${range(r)}`),
    ...v.must.map((r) => `    must ${range(r)}`),
    ...(v.verdict
      ? [
          `    verdict may ${plain(v.verdict.may)}`,
          `    verdict must ${plain(v.verdict.must)}`,
          ...v.verdict.summaries.map(
            (x) => `    summary ${x.min} .. ${x.max} of ${plain(x.value)} over the ${x.side} tile`,
          ),
        ]
      : []),
    ...(v.perHead ? ["    per head"] : []),
  ];
}

function range({ when, lo, hi, over, origin }: Range): string {
  const loops = over.map((o) => ` for ${o.name} in ${plain(o.from)} .. ${plain(o.to)}`).join("");
  return `${plain(lo)} .. ${plain(hi)}${loops}${when.kind === "const" ? "" : ` when ${plain(when)}`}   (${origin})`;
}
