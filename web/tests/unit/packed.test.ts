import assert from "node:assert/strict";
import { test } from "node:test";
import type { Unit } from "../../src/api.ts";
import {
  unpackNumbers,
  unpackUnit,
  type PackedExemplar,
  type PackedUnit,
} from "../../src/packed.ts";

const pack = (...values: number[]): string =>
  Buffer.from(new Float32Array(values).buffer).toString("base64");

const packIds = (...ids: number[]): string =>
  Buffer.from(new Int32Array(ids).buffer).toString("base64");

const place = {
  sequence: 9,
  position: 12,
  value: 1.5,
  document: { index: 3, source: "s", name: "n" },
  window: { begin: 10, end: 15, n_tokens: 20 },
};

const packed: PackedExemplar = {
  ...place,
  text: "a\ufeff\ufeff漢\\xff",
  lengths: [0, 1, 3, 6, 4],
  shared: [[3, 2]],
  invalid: [4],
  ids: packIds(1, 64, 7, 101, 102, 70_000),
  values: pack(0, 1.5, NaN, -2, 0.1, Infinity),
};

const unit = (exemplars: PackedExemplar[], groups: [string, number[]][]): PackedUnit => ({
  ...({ short: "1.mlp/2" } as Unit),
  exemplars,
  groups: groups.map(([name, indices]) => ({ name, title: name, exemplars: indices })),
});

test("numbers come back as the float32 they are, and others as null", () => {
  assert.deepEqual(unpackNumbers(pack(0.1, -3e-38, 3.4e38, -0)), [
    Math.fround(0.1),
    Math.fround(-3e-38),
    Math.fround(3.4e38),
    -0,
  ]);
  assert.deepEqual(unpackNumbers(pack(NaN, Infinity, 1)), [null, null, 1]);
  assert.deepEqual(unpackNumbers(""), []);
});

test("text is cut into pieces by bytes, with their tokens in the order of the window", () => {
  const [exemplar] = unpackUnit(unit([packed], [["top", [0]]])).groups[0]?.exemplars ?? [];
  const token = (position: number, id: number, value: number | null) => ({ position, id, value });
  assert.deepEqual(exemplar, {
    ...place,
    pieces: [
      { text: "", tokens: [token(10, 1, 0)] },
      { text: "a", tokens: [token(11, 64, 1.5)] },
      { text: "\ufeff", tokens: [token(12, 7, null)] },
      { text: "\ufeff漢", tokens: [token(13, 101, -2), token(14, 102, Math.fround(0.1))] },
      { text: "\\xff", tokens: [token(15, 70_000, null)], invalid: true },
    ],
  });
});

test("a group has the exemplars that it names, in its order", () => {
  const plain = { ...packed, text: "abc", lengths: [1, 1, 1], shared: [], invalid: [] };
  const other = { ...plain, sequence: 4, key: 11, pattern: pack(1, 2), key_norms: pack(3) };
  const { groups, short } = unpackUnit(
    unit(
      [plain, other],
      [
        ["top", [1, 0]],
        ["random", [1]],
        ["bottom", []],
      ],
    ),
  );
  assert.equal(short, "1.mlp/2");
  assert.deepEqual(
    groups.map(({ name, exemplars }) => [name, exemplars.map(({ sequence }) => sequence)]),
    [
      ["top", [4, 9]],
      ["random", [4]],
      ["bottom", []],
    ],
  );
  const first = groups[0]?.exemplars[0];
  assert.deepEqual([first?.key, first?.pattern, first?.key_norms], [11, [1, 2], [3]]);
  assert.ok(!("pattern" in (groups[0]?.exemplars[1] ?? {})));
});
