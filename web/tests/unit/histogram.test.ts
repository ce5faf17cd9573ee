import assert from "node:assert/strict";
import { test } from "node:test";
import { binPlot, closedBins, evenPlot, heightOf, niceTicks } from "../../src/histogram.ts";

const total = (bars: { count: number }[]) => bars.reduce((sum, bar) => sum + bar.count, 0);

test("spreading over even bars keeps the count", () => {
  const d = { edges: [-4, -2, -1, 0, 0.5, 1, 2, 4, 8], counts: [1, 4, 30, 50, 20, 7, 3, 1] };
  for (const n of [1, 7, 64, 500]) {
    const plot = evenPlot(d, -3.1, 6.7, n);
    assert.equal(plot.bars.length, n);
    assert.ok(Math.abs(total(plot.bars) - 116) < 1e-6, `${n} bars hold ${total(plot.bars)}`);
  }
});

test("a bin that reaches beyond the extremes is cut there", () => {
  const plot = evenPlot({ edges: [0, 8], counts: [10] }, 0, 5, 5);
  assert.deepEqual(
    plot.bars.map((bar) => bar.count),
    [2, 2, 2, 2, 2],
  );
});

test("an open outermost bin ends at the extreme value", () => {
  const bins = closedBins({ edges: [null, -1, 1, null], counts: [1, 2, 3] }, -5, 9);
  assert.deepEqual(
    bins.map((bin) => [bin.low, bin.high]),
    [
      [-5, -1],
      [-1, 1],
      [1, 9],
    ],
  );
});

test("empty bins at the ends are left out; nothing at all is no bars", () => {
  assert.equal(closedBins({ edges: [0, 1, 2, 3], counts: [0, 5, 0] }, 1, 2).length, 1);
  assert.deepEqual(binPlot({ edges: [0, 1], counts: [0] }, 0, 0).bars, []);
  assert.equal(binPlot({ edges: [], counts: [] }, 0, 0).locate(3), 0);
});

test("a value is located inside its bin, also between bins of unequal width", () => {
  const plot = binPlot({ edges: [0, 1, 10, 100], counts: [1, 1, 1] }, 0, 100);
  assert.ok(Math.abs(plot.locate(0.5) - 1 / 6) < 1e-12);
  assert.ok(Math.abs(plot.locate(5.5) - 1 / 2) < 1e-12);
  assert.equal(plot.locate(-3), 0);
  assert.equal(plot.locate(1e6), 1);
});

test("a constant unit has a plot", () => {
  const plot = evenPlot({ edges: [0, 0.001], counts: [500] }, 0, 0);
  assert.ok(Math.abs(total(plot.bars) - 500) < 1e-6);
});

test("heights: one count is seen on the logarithmic axis", () => {
  assert.equal(heightOf(0, 100, "log"), 0);
  assert.ok(heightOf(1, 30000, "log") > 0.05);
  assert.equal(heightOf(100, 100, "log"), 1);
  assert.equal(heightOf(25, 100, "linear"), 0.25);
  assert.equal(heightOf(3, 0, "linear"), 0);
});

test("ticks are round, few and inside", () => {
  for (const [low, high] of [
    [-1.53, 8.25],
    [0, 0.00031],
    [-1200, 40],
    [3, 3.0001],
  ] as const) {
    const ticks = niceTicks(low, high);
    assert.ok(ticks.length >= 2 && ticks.length <= 7, `${low}..${high}: ${ticks.join(" ")}`);
    assert.ok(ticks.every((t) => t >= low - 1e-9 && t <= high + 1e-9));
  }
});
