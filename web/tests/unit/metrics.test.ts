import assert from "node:assert/strict";
import { test } from "node:test";
import { boundUnit, shownBound, typedBound } from "../../src/metrics.ts";

test("bounds of the frequency are percent, others are as they are", () => {
  assert.equal(boundUnit("positive_share"), "%");
  assert.equal(typedBound("positive_share", "5"), "0.05");
  assert.equal(shownBound("positive_share", "0.07"), "7");
  assert.equal(boundUnit("max"), "");
  assert.equal(typedBound("max", "5"), "5");
  assert.equal(shownBound("max", "-1.5"), "-1.5");
});

test("a bound that was typed is shown again as it was", () => {
  for (const text of ["", "0", "5", "12.5", "0.1", "33.3", "99.99", "100"]) {
    assert.equal(shownBound("positive_share", typedBound("positive_share", text)), text);
  }
});
