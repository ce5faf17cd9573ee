// What happens between the tokens of an excerpt: a head's value at each pair of a query and a key at
// or before it, or what each key gave to an SAE's latent (docs/api.md). Positions count from the
// window's first token.
import type { Exemplar, Piece } from "./api.ts";

export interface Pairs {
  n: number; // tokens
  first: number; // position of the first in its sequence
  value: (query: number, key: number) => number;
}

/** Nothing where the exemplar has no pairs. A product of two float32 is rounded as the server does. */
export function pairsOf({ pattern, key_norms: norms = [], window }: Exemplar): Pairs | null {
  if (!pattern) return null;
  return {
    n: window.end - window.begin,
    first: window.begin,
    value: (query, key) => {
      const a = pattern[(query * (query + 1)) / 2 + key] ?? 0;
      return norms.length === 0 ? a : Math.fround(a * (norms[key] ?? 0));
    },
  };
}

/** A piece at the other end of a pair. */
export interface Link {
  piece: number;
  value: number;
}

/** The strongest of the pairs of their tokens; 0 where the key comes after the query. */
export function between(pairs: Pairs, query: Piece, key: Piece): number {
  let best = 0;
  for (const { position: q } of query.tokens) {
    for (const { position: k } of key.tokens) {
      if (k > q) continue;
      const value = pairs.value(q - pairs.first, k - pairs.first);
      if (Math.abs(value) > Math.abs(best)) best = value;
    }
  }
  return best;
}

const strongestFirst = (links: Link[]): Link[] =>
  links
    .filter(({ value }) => value !== 0)
    .sort((a, b) => Math.abs(b.value) - Math.abs(a.value) || a.piece - b.piece);

/** What the piece looks at, strongest first; itself too. */
export function keysOf(pairs: Pairs, pieces: readonly Piece[], at: number): Link[] {
  const query = pieces[at];
  if (!query) return [];
  return strongestFirst(
    pieces.slice(0, at + 1).map((key, piece) => ({ piece, value: between(pairs, query, key) })),
  );
}

/** What looks at the piece, strongest first; itself too. */
export function queriesOf(pairs: Pairs, pieces: readonly Piece[], at: number): Link[] {
  const key = pieces[at];
  if (!key) return [];
  return strongestFirst(
    pieces.slice(at).map((query, i) => ({ piece: at + i, value: between(pairs, query, key) })),
  );
}

/** The pieces as one of them sees them: each with the value of the pair that it makes with that one. */
export function seenFrom(pairs: Pairs, pieces: readonly Piece[], at: number): Piece[] {
  const middle = pieces[at];
  if (!middle) return [...pieces];
  return pieces.map((piece, i) => {
    const value = i <= at ? between(pairs, middle, piece) : between(pairs, piece, middle);
    return { ...piece, tokens: piece.tokens.map((token) => ({ ...token, value })) };
  });
}

/** The largest magnitude of all pairs. */
export function strongest(pairs: Pairs): number {
  let most = 0;
  for (let q = 0; q < pairs.n; q++) {
    for (let k = 0; k <= q; k++) most = Math.max(most, Math.abs(pairs.value(q, k)));
  }
  return most;
}

/** Distances from query to key as the bins of `head.distance` have them: 0, 1, 2–3, 4–7, … */
export function distanceTitle(bin: number, nBins: number): string {
  if (bin === 0) return "itself";
  const low = 2 ** (bin - 1);
  if (bin === nBins - 1) return `${low} and more`;
  return low === 1 ? "1" : `${low}–${2 * low - 1}`;
}
