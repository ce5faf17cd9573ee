// A unit as its page fetches it (docs/api.md, /api/packed): each exemplar once, as one text and one
// string of values, where the pages work on pieces and tokens.
import type { Exemplar, Group, Piece, Unit } from "./api.ts";

export interface PackedExemplar extends Omit<Exemplar, "pieces" | "pattern" | "key_norms"> {
  text: string;
  lengths: number[]; // of its pieces, in bytes of UTF-8
  shared?: [piece: number, nTokens: number][]; // pieces of several tokens
  invalid?: number[]; // pieces with bytes that are not UTF-8
  ids: string;
  values: string;
  pattern?: string;
  key_norms?: string;
}

export type PackedUnit = Omit<Unit, "groups"> & {
  exemplars: PackedExemplar[];
  groups: (Omit<Group, "exemplars"> & { exemplars: number[] })[];
};

/** Base64 of numbers of four bytes, the lowest first. */
function unpack<T>(packed: string, numberAt: (view: DataView, at: number) => T): T[] {
  const bytes = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Array.from({ length: bytes.length / 4 }, (_, i) => numberAt(view, 4 * i));
}

/** Of float32; what is no number is null, as elsewhere in the JSON. */
export const unpackNumbers = (packed: string): (number | null)[] =>
  unpack(packed, (view, at) => {
    const value = view.getFloat32(at, true);
    return Number.isFinite(value) ? value : null;
  });

/** The text cut into parts of so many bytes of UTF-8. */
function cut(text: string, lengths: readonly number[]): string[] {
  const bytes = new TextEncoder().encode(text);
  const plain = bytes.length === text.length; // ASCII, where a byte is a character
  // Otherwise U+FEFF at the beginning of a part would be taken for a mark of the encoding.
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let begin = 0;
  return lengths.map((length) => {
    const end = begin + length;
    const part = plain ? text.slice(begin, end) : decoder.decode(bytes.subarray(begin, end));
    begin = end;
    return part;
  });
}

function piecesOf(packed: PackedExemplar): Piece[] {
  const values = unpackNumbers(packed.values);
  const ids = unpack(packed.ids, (view, at) => view.getInt32(at, true));
  const nTokens = new Map(packed.shared);
  const invalid = new Set(packed.invalid);
  let token = 0;
  return cut(packed.text, packed.lengths).map((text, piece) => {
    const end = token + (nTokens.get(piece) ?? 1);
    const tokens = [];
    for (; token < end; token++) {
      const position = packed.window.begin + token;
      tokens.push({ position, id: ids[token] ?? 0, value: values[token] ?? null });
    }
    return { text, tokens, ...(invalid.has(piece) && { invalid: true }) };
  });
}

function unpackExemplar(packed: PackedExemplar): Exemplar {
  const { sequence, position, value, document, window, key, pattern, key_norms: norms } = packed;
  return {
    ...{ sequence, position, value, document, window },
    pieces: piecesOf(packed),
    ...(key !== undefined && { key }),
    ...(pattern !== undefined && { pattern: unpackNumbers(pattern) }),
    ...(norms !== undefined && { key_norms: unpackNumbers(norms).map((norm) => norm ?? 0) }),
  };
}

export function unpackUnit({ exemplars: packed, groups, ...unit }: PackedUnit): Unit {
  const exemplars = packed.map(unpackExemplar);
  return {
    ...unit,
    groups: groups.map((group) => ({
      ...group,
      exemplars: group.exemplars.flatMap((index) => exemplars[index] ?? []),
    })),
  };
}
