import assert from "node:assert/strict";
import { test } from "node:test";
import type { DocumentText } from "../../src/api.ts";
import { chunkFor, earlierPart } from "../../src/document_parts.ts";

const LENGTH = 128;
const N = 300; // sequences, the last a short one; numbers from 1000 on
const IN_PART = 16384 / LENGTH;

/** As the server cuts a document. */
function partFrom(chunk: number): DocumentText {
  const n = Math.min(IN_PART, N - chunk);
  return {
    index: 4,
    source: "s",
    name: "d",
    n_sequences: N,
    n_tokens: (N - 1) * LENGTH + 5,
    previous: null,
    next: null,
    more: chunk + n < N ? chunk + n : null,
    unit: null,
    sequences: Array.from({ length: n }, (_, i) => ({
      sequence: 1000 + chunk + i,
      chunk: chunk + i,
      pieces: [],
    })),
  };
}

test("a token beyond the first part is shown by the part that begins a little before it", () => {
  const first = partFrom(0);
  assert.equal(chunkFor(first, { sequence: 1000, position: 3 }), null);
  assert.equal(chunkFor(first, { sequence: 1127, position: 3 }), null, "the last that is here");
  for (const sequence of [1128, 1200, 1299]) {
    const chunk = chunkFor(first, { sequence, position: 0 });
    assert.ok(chunk !== null);
    assert.ok(partFrom(chunk).sequences.some((one) => one.sequence === sequence));
  }
});

test("a token of another document moves nothing", () => {
  assert.equal(chunkFor(partFrom(0), { sequence: 999, position: 0 }), null);
  assert.equal(chunkFor(partFrom(0), { sequence: 1300, position: 0 }), null);
});

test("earlier parts lead to the beginning and leave nothing out", () => {
  assert.equal(earlierPart(partFrom(0)), null);
  for (let chunk = N - 1; chunk > 0;) {
    const earlier = earlierPart(partFrom(chunk));
    assert.ok(earlier !== null && earlier < chunk);
    assert.ok((partFrom(earlier).more ?? N) >= chunk, `from ${earlier} to ${chunk}`);
    chunk = earlier;
  }
});
