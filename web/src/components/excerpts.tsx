// The excerpts of a unit, in groups. Tokens are plain spans that find their data by index, and the
// list listens for all of them: a page has thousands. Each excerpt is one stop for Tab (its peak);
// the arrow keys move inside it.
import { memo } from "preact/compat";
import { useMemo, useState } from "preact/hooks";
import type { Exemplar, Group, Piece } from "../api.ts";
import { sign, strength } from "../colour.ts";
import { formatCount, formatValue, plural } from "../numbers.ts";
import {
  clip,
  foldDuplicates,
  joinGraphemes,
  pieceAt,
  pieceValue,
  quotedText,
  visibleText,
  type Context,
  type Folded,
} from "../pieces.ts";
import { hideTip, markedValue, showTip } from "../tooltip.tsx";

export interface View {
  context: Context;
  breaks: "marks" | "real";
  numbers: "hidden" | "shown";
  bound: number;
}

export const groupId = (group: Group): string => `group-${group.name}`;

export function GroupSection({ group, view, note }: { group: Group; view: View; note: string }) {
  const folded = useMemo(() => foldDuplicates(group.exemplars), [group]);
  return (
    <section class="group" id={groupId(group)} aria-labelledby={`${groupId(group)}-title`}>
      <header>
        <h2 id={`${groupId(group)}-title`}>{group.title}</h2>
        <p class="muted">{note}</p>
      </header>
      {folded.length === 0 && <p class="muted empty">No excerpt is kept here.</p>}
      {folded.map((one) => (
        <Fold key={`${one.exemplar.sequence}:${one.exemplar.position}`} folded={one} view={view} />
      ))}
    </section>
  );
}

function Fold({ folded, view }: { folded: Folded; view: View }) {
  const [open, setOpen] = useState(false);
  const n = folded.duplicates.length;
  return (
    <>
      <Excerpt exemplar={folded.exemplar} view={view} />
      {n > 0 && (
        <button
          type="button"
          class="fold"
          aria-expanded={open}
          onClick={() => {
            setOpen(!open);
          }}
        >
          {open ? "Hide" : "Show"} {plural(n, "exact duplicate")}
        </button>
      )}
      {open &&
        folded.duplicates.map((exemplar) => (
          <Excerpt key={exemplar.sequence} exemplar={exemplar} view={view} />
        ))}
    </>
  );
}

const Excerpt = memo(function Excerpt({ exemplar, view }: { exemplar: Exemplar; view: View }) {
  const [whole, setWhole] = useState(false);
  const { document: source, window: kept } = exemplar;
  const pieces = useMemo(() => joinGraphemes(exemplar.pieces), [exemplar]);
  const { begin, end } = clip(pieces, exemplar.position, whole ? "full" : view.context);
  const peak = pieceAt(pieces, exemplar.position);
  const clipped = begin > 0 || end < pieces.length;
  const tokenOf = (target: EventTarget | null) => {
    const element = target instanceof Element ? target.closest<HTMLElement>(".tok") : null;
    const piece = element ? pieces[Number(element.dataset["i"])] : undefined;
    return element && piece ? { element, piece } : null;
  };
  const tell = (event: Event) => {
    const found = tokenOf(event.target);
    if (!found) return;
    markedValue.value = pieceValue(found.piece);
    showTip(found.element, <PieceTip piece={found.piece} />);
  };
  return (
    <article class="excerpt">
      <div class={`peak-value ${sign(exemplar.value)}`}>{formatValue(exemplar.value)}</div>
      <div
        class="text"
        dir="auto"
        role="group"
        aria-label="Excerpt; the arrow keys move between tokens"
        data-arrows
        onPointerOver={tell}
        onPointerLeave={hideTip}
        onFocusCapture={tell}
        onBlurCapture={hideTip}
        onKeyDown={stepToken}
      >
        {(begin > 0 || kept.begin > 0) && <span class="more">…</span>}
        {pieces.slice(begin, end).map((piece, i) => (
          <Token
            key={begin + i}
            index={begin + i}
            piece={piece}
            view={view}
            peak={begin + i === peak}
          />
        ))}
        {(end < pieces.length || kept.end < kept.n_tokens) && <span class="more">…</span>}
      </div>
      <div class="source">
        <bdi>{source.source}</bdi>
        <span aria-hidden="true"> · </span>
        <bdi>{source.name}</bdi>
        <span aria-hidden="true"> · </span>
        token {formatCount(exemplar.position)} of sequence {formatCount(exemplar.sequence)}
        {(clipped || whole) && view.context !== "full" && (
          <button
            type="button"
            class="link"
            onClick={() => {
              setWhole(!whole);
            }}
          >
            {whole ? "less" : "more"}
          </button>
        )}
      </div>
    </article>
  );
});

function stepToken(event: KeyboardEvent): void {
  const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
  if (step === 0 || !(event.target instanceof HTMLElement) || !event.target.matches(".tok")) return;
  const list = event.currentTarget;
  if (!(list instanceof Element)) return;
  event.preventDefault();
  const tokens = [...list.querySelectorAll<HTMLElement>(".tok")];
  const rightToLeft = getComputedStyle(list).direction === "rtl";
  const next = tokens[tokens.indexOf(event.target) + (rightToLeft ? -step : step)];
  if (!next) return;
  event.target.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

interface TokenProps {
  piece: Piece;
  index: number;
  view: View;
  peak: boolean;
}

function Token({ piece, index, view, peak }: TokenProps) {
  const value = pieceValue(piece);
  const heat = strength(value, view.bound);
  const without = piece.text === "" ? " without-text" : "";
  const marks = `${peak ? " peak" : ""}${piece.invalid ? " invalid" : ""}${without}`;
  const boxed = view.numbers === "shown"; // a box with its number under it; it cannot break inside
  const token = (
    <span
      class={`tok ${sign(value)}${marks}`}
      data-i={index}
      data-value={boxed ? formatValue(value, 2) : undefined}
      tabIndex={peak ? 0 : -1}
      style={{ "--heat": heat < 0.01 ? "0" : heat.toFixed(3) }}
    >
      {visibleText(piece.text, boxed ? "marks" : view.breaks)}
    </span>
  );
  if (!boxed || view.breaks === "marks" || !piece.text.includes("\n")) return token;
  return (
    <>
      {token}
      <br />
    </>
  );
}

function PieceTip({ piece }: { piece: Piece }) {
  const shared = piece.tokens.length > 1;
  return (
    <>
      <div class="tip-title">
        <bdi>{quotedText(piece.text)}</bdi>
      </div>
      {shared && <div class="muted">{piece.tokens.length} tokens share this character</div>}
      {piece.text === "" && <div class="muted">stands for no text</div>}
      {piece.invalid && <div class="muted">bytes that are not UTF-8</div>}
      <table>
        <tbody>
          {piece.tokens.map((token) => (
            <tr key={token.position}>
              <th scope="row">
                token {formatCount(token.position)} <span class="muted">id {token.id}</span>
              </th>
              <td>{token.value === null ? "not finite" : formatValue(token.value, 5)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
