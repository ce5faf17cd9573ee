// Text as tokens: each a plain span that finds its data by index, under one listener for all, since a
// page has thousands. The text is one stop for Tab, at its marked token; the arrow keys move inside
// it, and the value under the pointer or the focus is told beside it.
import type { ComponentChildren } from "preact";
import type { Piece } from "../api.ts";
import { sign, strength, type HeatScale } from "../colour.ts";
import { formatCount, formatValue } from "../numbers.ts";
import { pieceValue, quotedText, visibleText } from "../pieces.ts";
import { hideTip, markedValue, showTip } from "../tooltip.tsx";

/** How tokens are shown. */
export interface TokenView {
  breaks: "marks" | "real";
  numbers: "hidden" | "shown";
  scale: HeatScale;
}

interface TextProps {
  pieces: readonly Piece[];
  begin?: number;
  end?: number;
  marked: number; // the piece with the underline, which Tab comes to; -1 for none
  view: TokenView;
  label: string;
  before?: ComponentChildren;
  after?: ComponentChildren;
  /** A token was clicked, or Enter pressed on it. */
  onChoose?: (piece: Piece) => void;
  /** An arrow key on a token: whether it moved inside the token, so that the focus stays. */
  onStep?: (piece: Piece, step: number) => boolean;
  pointing?: Pointing;
}

/** What is told of a token under the pointer or the focus, where it is not its value. */
export interface Pointing {
  at: (index: number | null) => void;
  value: (index: number) => number | null; // which the histogram marks
  tip: (index: number) => ComponentChildren;
}

export function TokenText(props: TextProps) {
  const { pieces, begin = 0, end = pieces.length, marked, view, label, onChoose, pointing } = props;
  const tokenOf = (target: EventTarget | null) => {
    const element = target instanceof Element ? target.closest<HTMLElement>(".tok") : null;
    const index = Number(element?.dataset["i"]);
    const piece = pieces[index];
    return element && piece ? { element, piece, index } : null;
  };
  const tell = (event: Event) => {
    const found = tokenOf(event.target);
    if (!found) return;
    const { element, piece, index } = found;
    pointing?.at(index);
    markedValue.value = pointing ? pointing.value(index) : pieceValue(piece);
    showTip(element, pointing ? pointing.tip(index) : <PieceTip piece={piece} />);
  };
  const leave = () => {
    pointing?.at(null);
    hideTip();
  };
  const choose = (event: Event) => {
    const found = tokenOf(event.target);
    if (!found || !onChoose) return;
    onChoose(found.piece);
    event.preventDefault();
  };
  const step = (event: KeyboardEvent) => {
    const by = stepOf(event);
    const found = by === 0 ? null : tokenOf(event.target);
    if (!found) return;
    event.preventDefault();
    if (!props.onStep?.(found.piece, by)) focusToken(found.element, by);
  };
  return (
    <div
      class="text"
      dir="auto"
      role="group"
      aria-label={`${label}; the arrow keys move between tokens`}
      data-arrows
      onPointerOver={tell}
      onPointerLeave={leave}
      onFocusCapture={tell}
      onBlurCapture={leave}
      onClick={choose}
      onKeyDown={(event) => {
        if (event.key === "Enter" || event.key === " ") choose(event);
        else step(event);
      }}
    >
      {props.before}
      {pieces.slice(begin, end).map((piece, i) => (
        <Token
          key={begin + i}
          index={begin + i}
          piece={piece}
          view={view}
          marked={begin + i === marked}
          stop={begin + i === (marked < 0 ? begin : marked)}
        />
      ))}
      {props.after}
    </div>
  );
}

/** How many tokens an arrow key goes on in the text, which may run from right to left. */
function stepOf({ key, currentTarget }: KeyboardEvent): number {
  const right = key === "ArrowRight" ? 1 : key === "ArrowLeft" ? -1 : 0;
  const rightToLeft =
    currentTarget instanceof Element && getComputedStyle(currentTarget).direction === "rtl";
  return rightToLeft ? -right : right;
}

/** Within the text, and from its ends into the neighbouring texts of a document. */
function focusToken(from: HTMLElement, step: number): void {
  const texts = from.closest("[data-texts]") ?? from.closest("[data-arrows]");
  const tokens = [...(texts?.querySelectorAll<HTMLElement>(".tok") ?? [])];
  const next = tokens[tokens.indexOf(from) + step];
  if (!next) return;
  from.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

interface TokenProps {
  piece: Piece;
  index: number;
  view: TokenView;
  marked: boolean;
  stop: boolean;
}

function Token({ piece, index, view, marked, stop }: TokenProps) {
  const value = pieceValue(piece);
  const heat = strength(value, view.scale);
  const without = piece.text === "" ? " without-text" : "";
  const unknown = value === null ? " unknown" : "";
  const marks = `${marked ? " peak" : ""}${piece.invalid ? " invalid" : ""}${without}${unknown}`;
  const boxed = view.numbers === "shown"; // a box with its number under it; it cannot break inside
  const token = (
    <span
      class={`tok ${sign(value)}${marks}`}
      data-i={index}
      data-value={boxed ? formatValue(value, 2) : undefined}
      tabIndex={stop ? 0 : -1}
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
              <td>{token.value === null ? "no value" : formatValue(token.value, 5)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
