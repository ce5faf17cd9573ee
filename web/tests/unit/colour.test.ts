import assert from "node:assert/strict";
import { test } from "node:test";
import { fraction, heatScale, rampColour, robustScale, sign, strength } from "../../src/colour.ts";

test("strength rises from 0 at zero to 1 at the bound, alike on both sides", () => {
  const scale = { low: -8, high: 8 };
  assert.equal(strength(0, scale), 0);
  assert.equal(strength(8, scale), 1);
  assert.equal(strength(-8, scale), 1);
  assert.equal(strength(99, scale), 1);
  let last = 0;
  for (let v = 0.5; v <= 8; v += 0.5) {
    assert.ok(strength(v, scale) > last);
    assert.equal(strength(v, scale), strength(-v, scale));
    last = strength(v, scale);
  }
});

test("values of both signs have one scale for both, others start at zero", () => {
  assert.deepEqual(heatScale(-2, 8), { low: -8, high: 8 });
  assert.deepEqual(heatScale(-9, 8), { low: -9, high: 9 });
  assert.deepEqual(heatScale(0, 8), { low: 0, high: 8 });
  assert.deepEqual(heatScale(3, 8), { low: 0, high: 8 });
  assert.deepEqual(heatScale(-8, -3), { low: -8, high: 0 });
  assert.deepEqual(heatScale(0, 0), { low: 0, high: 0 });
  assert.deepEqual(heatScale(null, null), { low: 0, high: 0 });
  assert.equal(strength(8, heatScale(0, 8)), 1);
  assert.equal(strength(-8, heatScale(-8, 0)), 1);
});

test("no value and no bound give no colour", () => {
  assert.equal(strength(null, { low: 0, high: 8 }), 0);
  assert.equal(strength(3, { low: 0, high: 0 }), 0);
  assert.equal(strength(3, { low: 0, high: NaN }), 0);
  assert.equal(sign(null), "zero");
  assert.equal(sign(-0), "zero");
  assert.equal(sign(-1e-30), "negative");
});

test("one extreme unit does not set the scale", () => {
  const values: (number | null)[] = Array.from({ length: 1000 }, (_, i) => 1 + i / 1000);
  values.push(1e9, null);
  const scale = robustScale(values);
  assert.ok(scale.high < 2.01);
  assert.equal(scale.logarithmic, false);
  assert.equal(fraction(1e9, scale), 1);
});

test("a wide positive range is logarithmic", () => {
  const scale = robustScale([1, 10, 100, 1000]);
  assert.deepEqual(scale, { low: 1, high: 1000, logarithmic: true });
  assert.ok(Math.abs(fraction(Math.sqrt(1000), scale) - 0.5) < 1e-12);
  assert.equal(fraction(0, scale), 0);
  assert.equal(fraction(-5, scale), 0);
});

test("a scale of one value, or none, still has a width", () => {
  for (const values of [[], [null], [3], [3, 3]]) {
    const scale = robustScale(values);
    assert.ok(scale.high > scale.low);
  }
});

test("lightness is monotonic along the ramps", () => {
  const lightness = ([r, g, b]: readonly [number, number, number]) =>
    0.2126 * r + 0.7152 * g + 0.0722 * b;
  for (const theme of ["light", "dark"] as const) {
    const steps = Array.from({ length: 101 }, (_, i) => lightness(rampColour(i / 100, theme)));
    const direction = theme === "light" ? -1 : 1;
    steps.slice(1).forEach((l, i) => {
      assert.ok(direction * (l - (steps[i] ?? 0)) >= -1, `${theme} at ${i}`);
    });
  }
});
