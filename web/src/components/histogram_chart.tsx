// A histogram as SVG: bars coloured by the sign of their values, ticks, the hovered token's value
// as a line, and optional boundaries (the quantile buckets).
import { useMemo } from "preact/hooks";
import type { Distribution } from "../api.ts";
import { binPlot, evenPlot, heightOf, type Bar } from "../histogram.ts";
import { formatCount, formatValue } from "../numbers.ts";
import type { Option } from "../route.ts";
import { hideTip, markedValue, showTip, triedValue } from "../tooltip.tsx";

const WIDTH = 336;
const HEIGHT = 112;
const AXIS = 18;

export type Axis = "linear" | "log";
export const VALUE_AXIS: Option<Axis> = {
  name: "x",
  choices: ["linear", "log"],
  standard: "linear",
};
export const COUNT_AXIS: Option<Axis> = { name: "y", choices: ["linear", "log"], standard: "log" };

interface Props {
  title: string;
  unit: string;
  data: Distribution;
  min: number;
  max: number;
  values: Axis;
  counts: Axis;
  /** Whether the hovered token's value is one of those counted here. */
  marks?: boolean;
  boundaries?: readonly (number | null)[];
}

export function HistogramChart(props: Props) {
  const { title, unit, data, min, max, values, counts, boundaries = [], marks = false } = props;
  const plot = useMemo(
    () => (values === "linear" ? evenPlot(data, min, max) : binPlot(data, min, max)),
    [data, min, max, values],
  );
  const total = data.counts.reduce((sum, n) => sum + n, 0);
  const tell = (bar: Bar) => (event: Event) => {
    if (event.currentTarget instanceof Element) {
      showTip(event.currentTarget, <BarTip bar={bar} unit={unit} total={total} />);
    }
  };
  return (
    <figure class="chart">
      <figcaption>{title}</figcaption>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT + AXIS}`}
        role="img"
        aria-label={`${title}: ${formatCount(total)} from ${formatValue(min)} to ${formatValue(max)}`}
        onPointerLeave={hideTip}
      >
        {plot.bars.map((bar, i) => {
          const height = heightOf(bar.count, plot.highest, counts) * (HEIGHT - 6);
          const x = bar.x0 * WIDTH;
          const width = (bar.x1 - bar.x0) * WIDTH;
          const colour = bar.high <= 0 ? "negative" : bar.low >= 0 ? "positive" : "mixed";
          return (
            <g key={i} class={`bar-${colour}`} onPointerEnter={tell(bar)}>
              <rect x={x} y="0" width={width} height={HEIGHT} class="bar-target" />
              <rect
                x={x + width * 0.08}
                y={HEIGHT - height}
                width={width * 0.84}
                height={bar.count > 0 ? Math.max(height, 0.75) : 0}
              />
            </g>
          );
        })}
        <line class="axis" x1="0" x2={WIDTH} y1={HEIGHT + 0.5} y2={HEIGHT + 0.5} />
        {boundaries.map((value, i) =>
          value === null || i === 0 || i === boundaries.length - 1 ? null : (
            <line key={i} class="boundary" y1="0" y2={HEIGHT} {...vertical(plot.locate(value))} />
          ),
        )}
        {plot.ticks.map(({ x, value }) => (
          <g key={value}>
            <line class="axis" y1={HEIGHT} y2={HEIGHT + 4} {...vertical(x)} />
            <text
              x={x * WIDTH}
              y={HEIGHT + 15}
              text-anchor={x < 0.05 ? "start" : x > 0.95 ? "end" : "middle"}
            >
              {formatValue(value, 3)}
            </text>
          </g>
        ))}
        {marks && <Marker value={triedValue.value} locate={plot.locate} name="tried-marker" />}
        {marks && <Marker value={markedValue.value} locate={plot.locate} name="marker" />}
      </svg>
    </figure>
  );
}

const vertical = (x: number) => ({ x1: x * WIDTH, x2: x * WIDTH });

interface MarkerProps {
  value: number | null;
  locate: (value: number) => number;
  name: string;
}

function Marker({ value, locate, name }: MarkerProps) {
  if (value === null) return null;
  const x = Math.max(0, Math.min(1, locate(value)));
  return (
    <g class={name}>
      <line y1="0" y2={HEIGHT} {...vertical(x)} />
      <path d={`M${x * WIDTH - 4} 0 h8 l-4 6 z`} />
    </g>
  );
}

function BarTip({ bar, unit, total }: { bar: Bar; unit: string; total: number }) {
  return (
    <>
      <div class="tip-title">
        {formatValue(bar.low)} to {formatValue(bar.high)}
      </div>
      <div>
        {formatCount(Math.round(bar.count))} {unit},{" "}
        {formatValue(total > 0 ? (100 * bar.count) / total : 0, 2)} %
      </div>
    </>
  );
}
