import assert from "node:assert/strict";
import { test } from "node:test";
import { fieldUses } from "../../src/keys.ts";

test("where one types, all keys are the field's", () => {
  for (const type of ["text", "number", "search", "textarea", "select-one"]) {
    assert.ok(fieldUses(type, "j") && fieldUses(type, "ArrowLeft") && fieldUses(type, "?"), type);
  }
});

test("a choice keeps the keys that it is made with, and leaves the others to the page", () => {
  assert.ok(fieldUses("radio", "ArrowRight") && fieldUses("radio", " "));
  assert.ok(!fieldUses("radio", "j") && !fieldUses("radio", "1") && !fieldUses("radio", "["));
  assert.ok(fieldUses("checkbox", " "));
  assert.ok(!fieldUses("checkbox", "ArrowRight") && !fieldUses("checkbox", "u"));
});
