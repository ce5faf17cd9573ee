// All pairs of an excerpt's tokens: a row for each query, from the top down, and a column for each key.
// The pointer tells a pair; the keyboard reads the same pairs token by token in the text.
import { useEffect, useRef } from "preact/hooks";
import type { Piece } from "../api.ts";
import { heatInk, strength, type HeatScale } from "../colour.ts";
import { formatValue } from "../numbers.ts";
import type { Pairs } from "../pairs.ts";
import { pieceAt, quotedText } from "../pieces.ts";
import { theme, type Theme } from "../theme.ts";
import { hideTip, markedValue, showTip } from "../tooltip.tsx";

const WIDTH = 160;

interface Props {
  pairs: Pairs;
  pieces: readonly Piece[];
  at: number; // the piece whose row and column are marked
  scale: HeatScale;
  onPoint: (piece: number | null) => void;
}

const cellOf = (n: number): number => Math.max(2, Math.min(12, Math.floor(WIDTH / n)));

export function Triangle({ pairs, pieces, at, scale, onPoint }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const shade = theme.value;
  const cell = cellOf(pairs.n);
  useEffect(() => {
    if (canvas.current) paint(canvas.current, pairs, cell, scale, shade);
  }, [pairs, cell, scale, shade]);
  const marks = (pieces[at]?.tokens ?? []).map(({ position }) => position - pairs.first);
  const side = pairs.n * cell;
  const leave = () => {
    onPoint(null);
    hideTip();
  };
  const tell = (event: PointerEvent) => {
    const element = canvas.current;
    if (!element) return;
    const rect = element.getBoundingClientRect();
    const key = Math.floor((event.clientX - rect.left) / cell);
    const query = Math.floor((event.clientY - rect.top) / cell);
    if (key < 0 || query >= pairs.n || key > query) {
      leave();
      return;
    }
    onPoint(pieceAt(pieces, query + pairs.first));
    markedValue.value = pairs.value(query, key);
    showTip(element, <CellTip pairs={pairs} pieces={pieces} from={query} to={key} />);
  };
  return (
    <div class="triangle" style={{ width: `${side}px`, height: `${side}px` }}>
      <canvas
        ref={canvas}
        role="img"
        aria-label={`Triangle of ${pairs.n} tokens: a row for each query, a column for each key`}
        style={{ width: `${side}px`, height: `${side}px` }}
        onPointerMove={tell}
        onPointerLeave={leave}
      />
      <svg width={side} height={side} aria-hidden="true">
        {marks.map((position) => (
          <path
            key={position}
            d={`M0 ${position * cell} h${(position + 1) * cell} M0 ${(position + 1) * cell} h${position * cell} M${position * cell} ${(position + 1) * cell} V${side} M${(position + 1) * cell} ${position * cell} V${side}`}
          />
        ))}
      </svg>
    </div>
  );
}

function paint(
  canvas: HTMLCanvasElement,
  pairs: Pairs,
  cell: number,
  scale: HeatScale,
  shade: Theme,
): void {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = canvas.height = pairs.n * cell * ratio;
  const context = canvas.getContext("2d");
  if (!context) return;
  context.scale(ratio, ratio);
  context.clearRect(0, 0, pairs.n * cell, pairs.n * cell);
  const gap = cell >= 5 ? 1 : 0;
  for (let query = 0; query < pairs.n; query++) {
    for (let key = 0; key <= query; key++) {
      const value = pairs.value(query, key);
      const [r, g, b] = heatInk(value, shade);
      const alpha = 0.08 + 0.92 * strength(value, scale);
      context.fillStyle = `rgb(${r} ${g} ${b} / ${alpha.toFixed(3)})`;
      context.fillRect(key * cell, query * cell, cell - gap, cell - gap);
    }
  }
}

interface TipProps {
  pairs: Pairs;
  pieces: readonly Piece[];
  from: number; // the query's position in the window
  to: number; // the key's
}

function CellTip({ pairs, pieces, from, to }: TipProps) {
  const textAt = (position: number) =>
    quotedText(pieces[pieceAt(pieces, position + pairs.first)]?.text ?? "");
  return (
    <>
      <div class="tip-title">
        <bdi>{textAt(from)}</bdi> → <bdi>{textAt(to)}</bdi>
      </div>
      <div>{formatValue(pairs.value(from, to), 5)}</div>
    </>
  );
}
