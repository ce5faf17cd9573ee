// What is shown of an exemplar's pieces: which of them, as which characters, and which exemplars
// are the same text again.
import type { Exemplar, Group, Piece } from "./api.ts";

/** How many tokens of an excerpt are shown, as Neuronpedia's lists have it. */
export const CONTEXTS = ["5", "16", "full"] as const;
export type Context = (typeof CONTEXTS)[number];

/** The piece that holds the token at `position`, or -1. */
export const pieceAt = (pieces: readonly Piece[], position: number): number =>
  pieces.findIndex((piece) => piece.tokens.some((token) => token.position === position));

/** What a click on a piece chooses: its first token, or the one after the token that is chosen, so
 * that each token of a character that several share can be reached. */
export function clickedPosition({ tokens }: Piece, chosen: number): number | undefined {
  const i = tokens.findIndex(({ position }) => position === chosen);
  return tokens[(i + 1) % tokens.length]?.position;
}

/** The token beside the chosen one, where both are of the piece. */
export function steppedPosition({ tokens }: Piece, chosen: number, step: number) {
  const i = tokens.findIndex(({ position }) => position === chosen);
  return i < 0 ? undefined : tokens[i + step]?.position;
}

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** Joins pieces that are drawn as one: a vowel sign with its consonant, the parts of an emoji. Alone
 * they would have no width and could not be pointed at. The result ends on grapheme boundaries. */
export function joinGraphemes(pieces: readonly Piece[]): Piece[] {
  const text = pieces.map((piece) => piece.text).join("");
  const starts = new Set(Array.from(graphemes.segment(text), (segment) => segment.index));
  const joined: Piece[] = [];
  let offset = 0;
  for (const piece of pieces) {
    const last = joined.at(-1);
    // A piece without text (BOS) stands alone; so does the first with text after it.
    if (last && last.text !== "" && piece.text !== "" && !starts.has(offset)) {
      last.text += piece.text;
      last.tokens = [...last.tokens, ...piece.tokens];
      if (piece.invalid) last.invalid = true;
    } else {
      joined.push({ ...piece });
    }
    offset += piece.text.length;
  }
  return joined;
}

/** [begin, end) of the pieces around the one that holds the peak. A value depends on what came
 * before it and on nothing after, so two thirds of them stand before it, as far as there are any. */
export function clip(
  pieces: readonly Piece[],
  position: number,
  context: Context,
): { begin: number; end: number } {
  const peak = pieceAt(pieces, position);
  if (peak < 0 || context === "full") return { begin: 0, end: pieces.length };
  const n = Math.min(Number(context), pieces.length);
  const before = Math.ceil(((n - 1) * 2) / 3);
  const begin = Math.max(0, Math.min(peak - before, pieces.length - n));
  return { begin, end: begin + n };
}

/** The value a piece is coloured by: the one of largest magnitude among its tokens. */
export function pieceValue(piece: Piece): number | null {
  let best: number | null = null;
  for (const { value } of piece.tokens) {
    if (value !== null && (best === null || Math.abs(value) > Math.abs(best))) best = value;
  }
  return best;
}

// Controls that would be invisible, or would reorder the text around them. The joiners U+200C and
// U+200D stay: scripts and emoji need them.
const HIDDEN =
  // eslint-disable-next-line no-control-regex
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/gu;

const named = (character: string): string => {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return String.fromCodePoint(0x2400 + code); // ␀ … ␟
  return `‹U+${code.toString(16).toUpperCase().padStart(4, "0")}›`;
};

/** The text with its controls made visible; a line break is `↵`, followed by a real one on demand. */
export function visibleText(text: string, breaks: "marks" | "real"): string {
  if (text === "") return "∅"; // a token without text, such as BOS
  return text
    .replaceAll("\r\n", "\n")
    .replace(HIDDEN, named)
    .replaceAll("\n", breaks === "real" ? "↵\n" : "↵");
}

/** For a tooltip: spaces are visible too, and a lone combining mark gets something to sit on. */
export function quotedText(text: string): string {
  const shown = visibleText(text, "marks").replaceAll(" ", "␣").replaceAll("\t", "⇥");
  return /^\p{M}/u.test(shown) ? `◌${shown}` : shown;
}

export interface Folded {
  exemplar: Exemplar;
  duplicates: Exemplar[];
}

/** Exemplars with the same tokens around a peak at the same place are folded under the first. */
export function foldDuplicates(exemplars: readonly Exemplar[]): Folded[] {
  const byTokens = new Map<string, Folded>();
  for (const exemplar of exemplars) {
    const ids = exemplar.pieces.flatMap((piece) => piece.tokens.map((token) => token.id));
    const key = `${exemplar.position - exemplar.window.begin}:${ids.join(",")}`;
    const first = byTokens.get(key);
    if (first) first.duplicates.push(exemplar);
    else byTokens.set(key, { exemplar, duplicates: [] });
  }
  return [...byTokens.values()];
}

const SHORT_NAMES: Readonly<Record<string, string>> = {
  top: "Highest",
  bottom: "Lowest",
  random: "Random",
};

/** A sign class as it reads: `gate+_in-` is `gate+ in−`. */
export const classTitle = (name: string): string => name.replace("_", " ").replaceAll("-", "−");

/** For the list of groups: buckets by the share of sequences below and above, `99–99.9 %`. */
export function shortTitle({ name, title, quantiles }: Group): string {
  if (name.startsWith("gate")) return classTitle(name);
  if (!quantiles) return SHORT_NAMES[name] ?? title;
  const percent = (q: number) => String(Number((q * 100).toPrecision(6)));
  return `${percent(quantiles[0])}–${percent(quantiles[1])} %`;
}
