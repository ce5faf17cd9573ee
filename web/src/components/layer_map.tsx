// All units of a site as cells of one canvas, coloured by a summary. One link lies over the cell
// under the pointer or the keyboard's cursor, so opening in a new tab, the status bar and screen
// readers work as for any link; a site is one stop for Tab.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { SiteInfo, SiteSummaries } from "../api.ts";
import { fraction, rampColour, type Scale } from "../colour.ts";
import { formatMetric, METRIC_TITLES, type Metric, type Shade } from "../metrics.ts";
import { hrefOf } from "../route.ts";
import { theme, type Theme } from "../theme.ts";
import { hideTip, showTip } from "../tooltip.tsx";

interface Grid {
  columns: number;
  rows: number;
  cell: number;
}

function gridFor(width: number, nUnits: number, large: boolean): Grid {
  const cell = large ? (nUnits <= 4096 ? 14 : 9) : nUnits <= 512 ? 8 : nUnits <= 16384 ? 4 : 3;
  const fitting = Math.max(1, Math.min(nUnits, Math.floor(width / cell)));
  const rows = Math.ceil(nUnits / fitting);
  return { columns: Math.ceil(nUnits / rows), rows, cell }; // rows of one length where they can be
}

function paint(
  canvas: HTMLCanvasElement,
  grid: Grid,
  values: readonly (number | null)[],
  scale: Scale,
  shade: Theme,
) {
  const { columns, rows, cell } = grid;
  const ratio = window.devicePixelRatio || 1;
  canvas.width = columns * cell * ratio;
  canvas.height = rows * cell * ratio;
  const context = canvas.getContext("2d");
  if (!context) return;
  context.scale(ratio, ratio);
  const gap = cell >= 5 ? 1 : 0;
  values.forEach((value, i) => {
    const x = (i % columns) * cell;
    const y = Math.floor(i / columns) * cell;
    if (value === null) {
      context.fillStyle = shade === "dark" ? "#5a4650" : "#e6c9cf"; // NaN: on neither ramp
    } else {
      const [r, g, b] = rampColour(fraction(value, scale), shade);
      context.fillStyle = `rgb(${r} ${g} ${b})`;
    }
    context.fillRect(x, y, cell - gap, cell - gap);
  });
}

interface Props {
  site: SiteInfo;
  summaries: SiteSummaries | null;
  /** What the cells are coloured by; [unit] its numbers. */
  metric: Shade;
  values: readonly (number | null)[] | null;
  scale: Scale | null;
  large?: boolean;
}

export function LayerMap({ site, summaries, metric, values, scale, large = false }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const link = useRef<HTMLAnchorElement>(null);
  const [width, setWidth] = useState(0);
  const [at, setAt] = useState(0);
  const grid = gridFor(width, site.n_units, large);
  const shade = theme.value;

  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const observer = new ResizeObserver(() => {
      setWidth(element.clientWidth);
    });
    observer.observe(element);
    setWidth(element.clientWidth);
    return () => {
      observer.disconnect();
    };
  }, []);

  useEffect(() => {
    if (canvas.current && values && scale && width > 0) {
      paint(canvas.current, gridFor(width, site.n_units, large), values, scale, shade);
    }
  }, [values, scale, shade, width, site.n_units, large]);

  const label = (i: number) =>
    `${site.short}/${i}, ${METRIC_TITLES[metric]} ${formatMetric(metric, values?.[i])}`;
  const move = (i: number) => {
    setAt(Math.max(0, Math.min(site.n_units - 1, i)));
  };
  // The tooltip follows the cell, not the event: both pointer and keys end here.
  const tell = () => {
    if (link.current && summaries) {
      const shown = metric === "entropy" ? formatMetric(metric, values?.[at]) : null;
      showTip(
        link.current,
        <CellTip site={site} summaries={summaries} index={at} entropy={shown} />,
      );
    }
  };
  useEffect(() => {
    if (link.current?.matches(":hover, :focus-visible")) tell();
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [at, summaries]);

  const onPointerMove = (event: PointerEvent) => {
    const rect = box.current?.getBoundingClientRect();
    if (!rect) return;
    const column = Math.floor((event.clientX - rect.left) / grid.cell);
    const row = Math.floor((event.clientY - rect.top) / grid.cell);
    const i = row * grid.columns + column;
    if (column < 0 || column >= grid.columns || i < 0 || i >= site.n_units) return;
    if (i !== at) move(i);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const steps: Record<string, number> = {
      ArrowLeft: at - 1,
      ArrowRight: at + 1,
      ArrowUp: at - grid.columns,
      ArrowDown: at + grid.columns,
      Home: 0,
      End: site.n_units - 1,
    };
    const next = steps[event.key];
    if (next === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    if (next >= 0 && next < site.n_units) move(next);
  };

  return (
    <div
      ref={box}
      class={`map${values ? "" : " loading"}`}
      style={{ height: `${grid.rows * grid.cell}px` }}
      data-arrows
      onPointerMove={onPointerMove}
      onPointerLeave={hideTip}
    >
      <canvas
        ref={canvas}
        aria-hidden="true"
        style={{ width: `${grid.columns * grid.cell}px`, height: `${grid.rows * grid.cell}px` }}
      />
      <a
        ref={link}
        class="map-cursor"
        href={hrefOf(`${site.short}/${at}`)}
        aria-label={label(at)}
        aria-live="polite"
        style={{
          width: `${grid.cell + 1}px`,
          height: `${grid.cell + 1}px`,
          transform: `translate(${(at % grid.columns) * grid.cell - 1}px, ${Math.floor(at / grid.columns) * grid.cell - 1}px)`,
        }}
        onPointerEnter={tell}
        onFocus={tell}
        onBlur={hideTip}
        onKeyDown={onKeyDown}
      />
    </div>
  );
}

interface CellTipProps {
  site: SiteInfo;
  summaries: SiteSummaries;
  index: number;
  entropy: string | null;
}

function CellTip({ site, summaries, index, entropy }: CellTipProps) {
  const shown: Metric[] = ["positive_share", "max", "min", "std", "kurtosis"];
  return (
    <>
      <div class="tip-title">
        {site.short}/{index}
      </div>
      <table>
        <tbody>
          {entropy !== null && (
            <tr>
              <th scope="row">entropy</th>
              <td>{entropy}</td>
            </tr>
          )}
          {shown.map((metric) => (
            <tr key={metric}>
              <th scope="row">{METRIC_TITLES[metric]}</th>
              <td>{formatMetric(metric, summaries[metric][index])}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

/** The ramp with the values at its ends. */
export const Legend = ({ scale, metric }: { scale: Scale; metric: Shade }) => (
  <RampLegend
    scale={scale}
    low={formatMetric(metric, scale.low)}
    high={formatMetric(metric, scale.high)}
  />
);

/** The same with texts at its ends. */
export function RampLegend({ scale, low, high }: { scale: Scale; low: string; high: string }) {
  const stops = Array.from({ length: 9 }, (_, i) => {
    const [r, g, b] = rampColour(i / 8, theme.value);
    return `rgb(${r} ${g} ${b})`;
  });
  return (
    <div class="legend" role="img" aria-label={`Colours from ${scale.low} to ${scale.high}`}>
      <span>{low}</span>
      <span class="ramp" style={{ background: `linear-gradient(to right, ${stops.join(",")})` }} />
      <span>{high}</span>
      {scale.logarithmic && <span class="muted">log</span>}
    </div>
  );
}
