import assert from "node:assert/strict";
import { test } from "node:test";
import type { Exemplar, Piece } from "../../src/api.ts";
import {
  clickedPosition,
  clip,
  foldDuplicates,
  joinGraphemes,
  pieceAt,
  pieceValue,
  quotedText,
  shortTitle,
  steppedPosition,
  visibleText,
} from "../../src/pieces.ts";

const piece = (text: string, ...tokens: [number, number | null][]): Piece => ({
  text,
  tokens: tokens.map(([position, value]) => ({ position, id: position * 10, value })),
});

const exemplar = (pieces: Piece[], position: number, sequence = 1): Exemplar => ({
  sequence,
  position,
  value: 1,
  document: { index: 0, source: "s", name: "n" },
  window: { begin: 0, end: 9, n_tokens: 9 },
  pieces,
});

test("a piece is found by any of its tokens", () => {
  const pieces = [piece("a", [3, 1]), piece("é", [4, 1], [5, 2]), piece("b", [6, 1])];
  assert.equal(pieceAt(pieces, 4), 1);
  assert.equal(pieceAt(pieces, 5), 1);
  assert.equal(pieceAt(pieces, 6), 2);
  assert.equal(pieceAt(pieces, 7), -1);
});

test("a piece shows the value of largest magnitude", () => {
  assert.equal(pieceValue(piece("é", [0, 1], [1, -2], [2, null])), -2);
  assert.equal(pieceValue(piece("é", [0, null])), null);
  assert.equal(pieceValue(piece("", [0, 0])), 0);
});

test("excerpts are cut around the peak and never beyond the window", () => {
  const pieces = Array.from({ length: 100 }, (_, i) => piece("x", [i, 0]));
  assert.deepEqual(clip(pieces, 50, "5"), { begin: 47, end: 52 });
  assert.deepEqual(clip(pieces, 50, "16"), { begin: 40, end: 56 });
  assert.deepEqual(clip(pieces, 2, "16"), { begin: 0, end: 16 });
  assert.deepEqual(clip(pieces, 99, "5"), { begin: 95, end: 100 });
  assert.deepEqual(clip(pieces.slice(0, 3), 1, "5"), { begin: 0, end: 3 });
  assert.deepEqual(clip(pieces, 50, "full"), { begin: 0, end: 100 });
  assert.deepEqual(clip(pieces, 500, "5"), { begin: 0, end: 100 });
});

test("pieces that are drawn as one character become one, with all their tokens", () => {
  const bos = piece("", [0, 0]);
  const joined = joinGraphemes([
    bos,
    piece("a", [1, 1]),
    piece("न", [2, 1]),
    piece("ि", [3, -5], [4, 2]),
    piece("👩", [5, 1]),
    piece("\u200d", [6, 1]),
    piece("🚀", [7, 1]),
    piece(" b", [8, 1]),
  ]);
  assert.deepEqual(
    joined.map(({ text, tokens }) => [text, tokens.map((token) => token.position)]),
    [
      ["", [0]],
      ["a", [1]],
      ["नि", [2, 3, 4]],
      ["👩\u200d🚀", [5, 6, 7]],
      [" b", [8]],
    ],
  );
  assert.equal(pieceAt(joined, 4), 2);
  assert.deepEqual(bos, piece("", [0, 0]), "the input stays as it was");
});

test("controls are shown, never obeyed", () => {
  assert.equal(visibleText("a\u202eb", "marks"), "a‹U+202E›b");
  assert.equal(visibleText("\u0000\u001b\u007f", "marks"), "␀␛‹U+007F›");
  assert.equal(visibleText("a\tb", "marks"), "a\tb");
  assert.equal(visibleText("👩\u200d🚀", "marks"), "👩\u200d🚀");
  assert.equal(visibleText("", "marks"), "∅");
});

test("line breaks are a mark, or a mark and a break", () => {
  assert.equal(visibleText("a\nb\r\n", "marks"), "a↵b↵");
  assert.equal(visibleText("a\nb", "real"), "a↵\nb");
});

test("a quoted token shows its spaces and carries its combining marks", () => {
  assert.equal(quotedText(" the"), "␣the");
  assert.equal(quotedText("\u0301a"), "◌\u0301a");
});

test("the same tokens around the same peak fold; another peak does not", () => {
  const tokens = () => [piece("a", [0, 1]), piece("b", [1, 2])];
  const folded = foldDuplicates([
    exemplar(tokens(), 1, 7),
    exemplar(tokens(), 1, 8),
    exemplar(tokens(), 0, 9),
    exemplar(tokens(), 1, 10),
  ]);
  assert.deepEqual(
    folded.map((f) => [f.exemplar.sequence, f.duplicates.map((d) => d.sequence)]),
    [
      [7, [8, 10]],
      [9, []],
    ],
  );
});

test("clicks and arrows reach each token of a piece", () => {
  const shared = piece("🎉", [4, 1], [5, 2], [6, 3]);
  const clicks = [-1];
  for (let i = 0; i < 4; i++) clicks.push(clickedPosition(shared, clicks.at(-1) ?? 0) ?? NaN);
  assert.deepEqual(clicks, [-1, 4, 5, 6, 4]);
  assert.equal(steppedPosition(shared, 4, 1), 5);
  assert.equal(steppedPosition(shared, 5, -1), 4);
  assert.equal(steppedPosition(shared, 6, 1), undefined, "on to the next piece");
  assert.equal(steppedPosition(shared, 9, 1), undefined, "another piece is chosen");
});

test("buckets are named by their quantiles, without rounding noise", () => {
  const bucket = (low: number, high: number) =>
    shortTitle({ name: "bucket4", title: "long", quantiles: [low, high], exemplars: [] });
  assert.equal(bucket(0.999, 1), "99.9–100 %");
  assert.equal(bucket(0, 0.5), "0–50 %");
  assert.equal(shortTitle({ name: "top", title: "Highest maxima", exemplars: [] }), "Highest");
  assert.equal(shortTitle({ name: "gate+_in-", title: "long", exemplars: [] }), "gate+ in−");
  assert.equal(shortTitle({ name: "new", title: "Something", exemplars: [] }), "Something");
});
