import assert from "node:assert/strict";
import { test } from "node:test";
import { formatCount, formatPercent, formatValue, plural } from "../../src/numbers.ts";

test("values have four digits and a real minus", () => {
  assert.equal(formatValue(8.25), "8.25");
  assert.equal(formatValue(-1.53456), "−1.535");
  assert.equal(formatValue(0.00012346), "0.0001235");
  assert.equal(formatValue(-0.0000123), "−1.23e−5");
  assert.equal(formatValue(12345.6), "12350");
  assert.equal(formatValue(1234567), "1.23e6");
  assert.equal(formatValue(-0), "0");
});

test("what is no number is a dash", () => {
  for (const x of [null, undefined, NaN, Infinity]) assert.equal(formatValue(x), "–");
  assert.equal(formatPercent(null), "–");
});

test("counts are grouped, shares are per cent", () => {
  assert.equal(formatCount(30012), "30,012");
  assert.equal(formatPercent(0.4), "40 %");
  assert.equal(plural(1, "token"), "1 token");
  assert.equal(plural(2000, "token"), "2,000 tokens");
});
