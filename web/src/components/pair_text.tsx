// The text of an excerpt whose tokens make pairs: point at one, and lines lead to what it looks at and
// to what looks at it; beside the text the triangle of all pairs. Of a head the colours follow: they
// are the values that the token under the pointer has with the others, at rest those of the excerpt's
// query. Of a latent they stay its own values.
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Exemplar, Piece } from "../api.ts";
import { strength, type HeatScale } from "../colour.ts";
import { formatCount, formatValue } from "../numbers.ts";
import { keysOf, queriesOf, seenFrom, strongest, type Link, type Pairs } from "../pairs.ts";
import { pieceAt, quotedText } from "../pieces.ts";
import { TokenText, type Pointing, type TokenView } from "./tokens.tsx";
import { Triangle } from "./triangle.tsx";

const MOST_LINES = 10;
const MOST_LISTED = 6;

export interface PairProps {
  exemplar: Exemplar;
  pieces: readonly Piece[];
  pairs: Pairs;
  view: TokenView;
  /** Whose values the colours are: of a head those of pairs. */
  values: "pairs" | "tokens";
}

export function PairText({ exemplar, pieces, pairs, view, values }: PairProps) {
  const box = useRef<HTMLDivElement>(null);
  const [pointed, setPointed] = useState<number | null>(null);
  const rest = pieceAt(pieces, exemplar.position);
  const at = pointed ?? rest;
  const scale = useMemo<HeatScale>(() => {
    if (values === "pairs") return view.scale;
    const most = strongest(pairs);
    return { low: -most, high: most };
  }, [pairs, values, view]);
  const keys = useMemo(() => keysOf(pairs, pieces, at), [pairs, pieces, at]);
  const queries = useMemo(() => queriesOf(pairs, pieces, at), [pairs, pieces, at]);
  const shown = useMemo(
    () => (values === "pairs" ? seenFrom(pairs, pieces, at) : pieces),
    [pairs, pieces, at, values],
  );
  const pointing = useMemo<Pointing>(
    () => ({
      at: setPointed,
      value: (index) => keysOf(pairs, pieces, index)[0]?.value ?? 0,
      tip: (index) => <PairTip pairs={pairs} pieces={pieces} at={index} values={values} />,
    }),
    [pairs, pieces, values],
  );
  return (
    <div class="pairs">
      <div class="pair-text" ref={box}>
        <TokenText
          pieces={shown}
          marked={rest}
          view={view}
          label="Excerpt"
          before={pairs.first > 0 && <span class="more">…</span>}
          after={exemplar.window.end < exemplar.window.n_tokens && <span class="more">…</span>}
          pointing={pointing}
        />
        {pointed !== null && (
          <Lines box={box} at={pointed} keys={keys} queries={queries} scale={scale} />
        )}
      </div>
      <Triangle pairs={pairs} pieces={pieces} at={at} scale={scale} onPoint={setPointed} />
    </div>
  );
}

interface LinesProps {
  box: { current: HTMLElement | null };
  at: number;
  keys: readonly Link[];
  queries: readonly Link[];
  scale: HeatScale;
}

interface Line {
  path: string;
  kind: "key" | "query" | "negative";
  strength: number;
}

/** Arcs over the text from the token to the others, the stronger the thicker. */
function Lines({ box, at, keys, queries, scale }: LinesProps) {
  const [lines, setLines] = useState<readonly Line[]>([]);
  useLayoutEffect(() => {
    const text = box.current;
    if (!text) return;
    const ground = text.getBoundingClientRect();
    const placeOf = (piece: number) => {
      const rect = text.querySelector(`.tok[data-i="${piece}"]`)?.getClientRects()[0];
      return rect && { x: rect.x + rect.width / 2 - ground.x, y: rect.y - ground.y };
    };
    const from = placeOf(at);
    const linesTo = (links: readonly Link[], kind: "key" | "query") =>
      links
        .filter(({ piece }) => piece !== at)
        .slice(0, MOST_LINES)
        .flatMap(({ piece, value }) => {
          const to = placeOf(piece);
          if (!from || !to) return [];
          return [
            {
              path: arc(from, to),
              kind: value < 0 ? ("negative" as const) : kind,
              strength: strength(value, scale),
            },
          ];
        });
    setLines([...linesTo(keys, "key"), ...linesTo(queries, "query")]);
  }, [box, at, keys, queries, scale]);
  return (
    <svg class="pair-lines" aria-hidden="true">
      {lines.map(({ path, kind, strength: s }) => (
        <path
          key={path}
          class={`line-${kind}`}
          d={path}
          stroke-width={(0.75 + 2.25 * s).toFixed(2)}
          stroke-opacity={(0.25 + 0.75 * s).toFixed(2)}
        />
      ))}
    </svg>
  );
}

interface Point {
  x: number;
  y: number;
}

function arc(from: Point, to: Point): string {
  const height = Math.min(34, 8 + Math.abs(to.x - from.x) * 0.12);
  const middle = (from.x + to.x) / 2;
  const top = Math.min(from.y, to.y) - height;
  const at = ({ x, y }: Point) => `${x.toFixed(1)} ${y.toFixed(1)}`;
  return `M${at(from)} Q${at({ x: middle, y: top })} ${at(to)}`;
}

interface TipProps {
  pairs: Pairs;
  pieces: readonly Piece[];
  at: number;
  values: PairProps["values"];
}

const TITLES = {
  pairs: ["attends to", "attended by"],
  tokens: ["given by", "gives to"],
} as const;

function PairTip({ pairs, pieces, at, values }: TipProps) {
  const piece = pieces[at];
  const token = piece?.tokens[0];
  if (!piece || !token) return null;
  const [to, by] = TITLES[values];
  return (
    <>
      <div class="tip-title">
        <bdi>{quotedText(piece.text)}</bdi>
      </div>
      <div class="muted">
        token {formatCount(token.position)}, id {token.id}
        {values === "tokens" && `, value ${formatValue(token.value, 5)}`}
      </div>
      <div class="tip-columns">
        <Ends title={to} links={keysOf(pairs, pieces, at)} pieces={pieces} />
        <Ends title={by} links={queriesOf(pairs, pieces, at)} pieces={pieces} />
      </div>
    </>
  );
}

interface EndsProps {
  title: string;
  links: readonly Link[];
  pieces: readonly Piece[];
}

const Ends = ({ title, links, pieces }: EndsProps) => (
  <table>
    <caption>{title}</caption>
    <tbody>
      {links.slice(0, MOST_LISTED).map(({ piece, value }) => (
        <tr key={piece}>
          <th scope="row">
            <bdi class="mono">{quotedText(pieces[piece]?.text ?? "")}</bdi>
          </th>
          <td>{formatValue(value, 3)}</td>
        </tr>
      ))}
      {links.length === 0 && (
        <tr>
          <th scope="row">nothing</th>
        </tr>
      )}
    </tbody>
  </table>
);
