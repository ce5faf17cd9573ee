import assert from "node:assert/strict";
import { test } from "node:test";
import { csvOf, fileName } from "../../src/export.ts";

test("a table is CSV as RFC 4180 has it", () => {
  assert.equal(
    csvOf([
      ["token", "value"],
      ['a "quoted", one', -1.5],
      ["two\nlines", null],
      ["", 0],
    ]),
    'token,value\r\n"a ""quoted"", one",-1.5\r\n"two\nlines",\r\n,0\r\n',
  );
});

test("a file's name has nothing that a file system minds", () => {
  assert.equal(fileName("9.sae:small/42"), "9.sae_small_42");
  assert.equal(fileName("../../etc"), ".._.._etc");
  assert.equal(fileName("日本"), "日本");
});
