import assert from "node:assert/strict";
import { test } from "node:test";
import type { Exemplar, Piece } from "../../src/api.ts";
import {
  between,
  distanceTitle,
  keysOf,
  pairsOf,
  queriesOf,
  seenFrom,
  strongest,
} from "../../src/pairs.ts";

const piece = (...positions: number[]): Piece => ({
  text: "x",
  tokens: positions.map((position) => ({ position, id: 0, value: null })),
});

const exemplar = (pattern: number[], key_norms: number[], begin: number, n: number): Exemplar => ({
  sequence: 0,
  position: begin,
  value: 0,
  document: { index: 0, source: "", name: "" },
  window: { begin, end: begin + n, n_tokens: begin + n },
  pieces: [],
  pattern,
  key_norms,
});

// Of three tokens from position 7 on; rows are queries.
const PATTERN = [1, 0.25, 0.75, 0.5, 0, 0.5];

test("a pair's value is its pattern times the key's norm, in float32", () => {
  const pairs = pairsOf(exemplar(PATTERN, [2, 4, 0.1], 7, 3));
  assert.ok(pairs);
  assert.deepEqual([pairs.n, pairs.first], [3, 7]);
  assert.equal(pairs.value(1, 0), 0.5);
  assert.equal(pairs.value(1, 1), 3);
  assert.equal(pairs.value(2, 2), Math.fround(0.05));
  assert.equal(strongest(pairs), 3);
  const plain = pairsOf(exemplar(PATTERN, [], 7, 3));
  assert.equal(plain?.value(2, 0), 0.5);
});

test("there are no pairs where none were kept", () => {
  const { pattern, ...without } = exemplar(PATTERN, [], 7, 3);
  assert.equal(pattern?.length, 6);
  assert.equal(pairsOf(without), null);
});

test("a piece looks back, and is looked at by what comes after it", () => {
  const pairs = pairsOf(exemplar(PATTERN, [], 7, 3));
  assert.ok(pairs);
  const pieces = [piece(7), piece(8), piece(9)];
  assert.deepEqual(keysOf(pairs, pieces, 1), [
    { piece: 1, value: 0.75 },
    { piece: 0, value: 0.25 },
  ]);
  assert.deepEqual(keysOf(pairs, pieces, 2), [
    { piece: 0, value: 0.5 },
    { piece: 2, value: 0.5 },
  ]);
  assert.deepEqual(queriesOf(pairs, pieces, 0), [
    { piece: 0, value: 1 },
    { piece: 2, value: 0.5 },
    { piece: 1, value: 0.25 },
  ]);
  assert.deepEqual(
    seenFrom(pairs, pieces, 1).map(({ tokens }) => tokens[0]?.value),
    [0.25, 0.75, 0],
  );
});

test("pieces of several tokens have the strongest of their pairs, of either sign", () => {
  const pairs = pairsOf(exemplar([1, 0.25, -0.75, 0.5, 0, 0.5], [], 0, 3));
  assert.ok(pairs);
  const [two, one] = [piece(0, 1), piece(2)];
  assert.equal(between(pairs, two, two), 1);
  assert.equal(between(pairs, piece(1), two), -0.75);
  assert.equal(between(pairs, one, two), 0.5);
  assert.equal(between(pairs, two, one), 0);
});

test("distances are named as they are binned", () => {
  assert.deepEqual(
    [0, 1, 2, 3, 17].map((bin) => distanceTitle(bin, 18)),
    ["itself", "1", "2–3", "4–7", "65536 and more"],
  );
});
