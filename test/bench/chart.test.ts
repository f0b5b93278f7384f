/** The chart of the benchmark: a bar for each kernel that has a peer, longer where it is faster. */
import { expect, test } from "vitest";
import { chart } from "../../bench/chart.ts";

test("draws a bar a kernel, longer for the faster one, and none where there is no peer", () => {
  const svg = chart([
    {
      case: "dense & n<512",
      rows: [
        { name: "MultiHeadAttention" },
        { name: "fovea plain", ratio: { min: 1.5 } },
        { name: "fovea relaxed", ratio: { min: 2.5 } },
      ],
    },
    { case: "alone", rows: [{ name: "fovea plain" }] },
  ]);
  expect(svg).toContain("dense &amp; n&lt;512");
  expect(svg).not.toContain("alone");
  const bars = [...svg.matchAll(/height="11" fill="(#\w+)"/g)].map(([, colour]) => colour);
  expect(bars).toHaveLength(2);
  const [plain = 0, relaxed = 0] = [...svg.matchAll(/width="([\d.]+)" height="11"/g)].map(([, w]) => Number(w));
  expect(plain).toBeGreaterThan(0);
  expect(relaxed).toBeGreaterThan(plain);
  expect(svg).toContain(">1.50<");
});
