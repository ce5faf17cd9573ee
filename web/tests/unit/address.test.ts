import assert from "node:assert/strict";
import { test } from "node:test";
import {
  encodeAddress,
  exampleUnit,
  findAddress,
  looksLikeAddress,
  randomUnit,
  splitAddress,
} from "../../src/address.ts";
import type { SiteInfo } from "../../src/api.ts";

const SITES: SiteInfo[] = [
  { name: "blocks.0.mlp.hook_post", short: "0.mlp", layer: 0, n_units: 8 },
  { name: "blocks.12.mlp.hook_post", short: "12.mlp", layer: 12, n_units: 400 },
  { name: "blocks.3.hook_resid_post/sae:a/7", short: "3.resid/sae:a/7", layer: 3, n_units: 16 },
];

const described = (text: string, here: SiteInfo | null = null): string => {
  const found = findAddress(text, SITES, here);
  if (found.kind === "error") return "error";
  return found.kind === "unit" ? `${found.site.short}#${found.index}` : found.site.short;
};

test("an address is found in its short and its long form", () => {
  assert.equal(described("12.mlp/345"), "12.mlp#345");
  assert.equal(described("  /12.mlp/345 "), "12.mlp#345");
  assert.equal(described("blocks.12.mlp.hook_post/345"), "12.mlp#345");
  assert.equal(described("12.mlp"), "12.mlp");
  assert.equal(described("12.mlp/"), "12.mlp");
  assert.equal(described("0.mlp/0"), "0.mlp#0");
});

test("a site's name may hold slashes and end in a number", () => {
  assert.equal(described("blocks.3.hook_resid_post/sae:a/7"), "3.resid/sae:a/7");
  assert.equal(described("blocks.3.hook_resid_post/sae:a/7/15"), "3.resid/sae:a/7#15");
});

test("Neuronpedia's addresses lead to the same units", () => {
  assert.equal(described("smollm2/12-mlp/345"), "12.mlp#345");
  assert.equal(described("/smollm2/12/345/"), "12.mlp#345");
  assert.equal(described("smollm2/3-sae/15"), "3.resid/sae:a/7#15");
  assert.equal(described("smollm2/13-mlp/1"), "error");
  assert.equal(described("smollm2/3-other/1"), "error");
  const named = { name: "blocks.9.hook_resid_post/sae:small", short: "9.sae:small", layer: 9 };
  const found = findAddress("m/9-small/4", [{ ...named, n_units: 8 }]);
  assert.ok(found.kind === "unit" && found.index === 4);
});

test("only what can be meant as an address is one, the rest is text to look for", () => {
  for (const text of ["12.mlp/345", "nowhere/1", "12.mlp", "blocks.3.x", " "]) {
    assert.ok(looksLikeAddress(text), text);
  }
  for (const text of ["gold", "the 3rd of May", "1/2 a pint", "http://x"]) {
    assert.ok(!looksLikeAddress(text), text);
  }
});

test("a layer's only SAE needs no name", () => {
  assert.equal(described("3.sae/15"), "3.resid/sae:a/7#15");
  assert.equal(described("3.sae"), "3.resid/sae:a/7");
  assert.equal(described("12.sae/1"), "error");
  const first = SITES[2];
  assert.ok(first);
  const two = [...SITES, { ...first, name: "blocks.3.hook_mlp_out/sae:b", short: "3.sae:b" }];
  assert.equal(findAddress("3.sae/1", two).kind, "error");
});

test("a bare number means the site we are on", () => {
  assert.equal(described("5", SITES[1] ?? null), "12.mlp#5");
  assert.equal(described("5"), "error");
});

test("what does not exist is an error that says what does", () => {
  for (const text of ["", "13.mlp/1", "12.mlp/400", "12.mlp/-1", "12.mlp/1e2", "12.mlp/1/2"]) {
    assert.equal(described(text), "error", text);
  }
  const found = findAddress("12.mlp/400", SITES);
  assert.ok(found.kind === "error" && found.message.includes("0 to 399"));
});

test("splitting takes the last number only", () => {
  assert.deepEqual(splitAddress("a/b/12"), { site: "a/b", index: 12 });
  assert.deepEqual(splitAddress("a/b12"), { site: "a/b12", index: null });
});

test("a random unit is drawn from all units", () => {
  assert.equal(randomUnit(SITES, 0), "0.mlp/0");
  assert.equal(randomUnit(SITES, 8 / 424), "12.mlp/0");
  assert.equal(randomUnit(SITES, 0.999999999), "3.resid/sae:a/7/15");
  assert.equal(randomUnit(SITES, 1), "3.resid/sae:a/7/15");
  assert.equal(randomUnit([], 0.5), "");
});

test("the example exists", () => {
  const { short, index } = exampleUnit(SITES);
  assert.notEqual(described(`${short}/${index}`), "error");
});

test("an address is escaped, but stays readable", () => {
  assert.equal(encodeAddress("3.resid/sae:a b/7"), "3.resid/sae:a%20b/7");
  assert.equal(encodeAddress("<x>?#/1"), "%3Cx%3E%3F%23/1");
});
