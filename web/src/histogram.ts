// Geometry of a histogram whose bins are narrow near zero and wide far out. On an even value axis
// the counts are spread over bars of one width, in proportion to the overlap; on a logarithmic one
// each bin of the recording is one bar. Coordinates are fractions of the plot, [0, 1].
import type { Distribution } from "./api.ts";

export interface Bar {
  x0: number;
  x1: number;
  low: number;
  high: number;
  count: number;
}

export interface Plot {
  bars: Bar[];
  highest: number;
  /** Where a value lies on the axis. */
  locate: (value: number) => number;
  ticks: { x: number; value: number }[];
}

/** Bins with finite edges: an open outermost bin ends at `min` or `max`. */
export function closedBins(d: Distribution, min: number, max: number): Omit<Bar, "x0" | "x1">[] {
  const bins: Omit<Bar, "x0" | "x1">[] = [];
  d.counts.forEach((count, i) => {
    const low = d.edges[i] ?? Math.min(min, d.edges[i + 1] ?? min);
    const high = d.edges[i + 1] ?? Math.max(max, low);
    bins.push({ low, high, count });
  });
  const first = bins.findIndex((bin) => bin.count > 0);
  const last = bins.findLastIndex((bin) => bin.count > 0);
  return first < 0 ? [] : bins.slice(first, last + 1);
}

export function evenPlot(d: Distribution, min: number, max: number, n_bars = 64): Plot {
  const bins = closedBins(d, min, max);
  const low = Math.min(min, max);
  const high = max > min ? max : min + 1e-9;
  const width = (high - low) / n_bars;
  const bars: Bar[] = Array.from({ length: n_bars }, (_, i) => ({
    x0: i / n_bars,
    x1: (i + 1) / n_bars,
    low: low + i * width,
    high: low + (i + 1) * width,
    count: 0,
  }));
  for (const bin of bins) {
    // Nothing lies outside [min, max], so a bin that reaches beyond is narrower than its edges.
    const from = Math.max(bin.low, low);
    const to = Math.min(bin.high, high);
    spread(bars, from, Math.max(to, from), bin.count, low, width);
  }
  const locate = (value: number) => (value - low) / (high - low);
  return {
    bars,
    highest: highestOf(bars),
    locate,
    ticks: niceTicks(low, high).map((value) => ({ x: locate(value), value })),
  };
}

function spread(bars: Bar[], from: number, to: number, count: number, low: number, width: number) {
  const first = Math.min(bars.length - 1, Math.max(0, Math.floor((from - low) / width)));
  const last = Math.min(bars.length - 1, Math.max(first, Math.ceil((to - low) / width) - 1));
  for (let i = first; i <= last; i++) {
    const bar = bars[i];
    if (!bar) continue;
    const overlap = Math.max(0, Math.min(to, bar.high) - Math.max(from, bar.low));
    bar.count += first === last || to === from ? count : (count * overlap) / (to - from);
    if (to === from) return;
  }
}

export function binPlot(d: Distribution, min: number, max: number): Plot {
  const bins = closedBins(d, min, max);
  const bars = bins.map((bin, i) => ({
    ...bin,
    x0: i / bins.length,
    x1: (i + 1) / bins.length,
  }));
  const locate = (value: number): number => {
    const i = bars.findIndex((bar) => value < bar.high);
    const bar = bars[i < 0 ? bars.length - 1 : i];
    if (!bar) return 0;
    const inside = bar.high > bar.low ? (value - bar.low) / (bar.high - bar.low) : 0;
    return bar.x0 + Math.max(0, Math.min(1, inside)) * (bar.x1 - bar.x0);
  };
  const first = bars[0];
  const last = bars.at(-1);
  const values = first && last ? powersOfTen(first.low, last.high) : [];
  const ticks = thin(values.map((value) => ({ x: locate(value), value })));
  return { bars, highest: highestOf(bars), locate, ticks };
}

const highestOf = (bars: readonly Bar[]): number =>
  bars.reduce((highest, bar) => Math.max(highest, bar.count), 0);

/** Height of a bar as a fraction of the plot; one count is still visible on the logarithmic axis. */
export function heightOf(count: number, highest: number, axis: "linear" | "log"): number {
  if (count <= 0 || highest <= 0) return 0;
  return axis === "linear" ? count / highest : Math.log1p(count) / Math.log1p(highest);
}

/** Three to six round values inside [low, high]. */
export function niceTicks(low: number, high: number): number[] {
  const span = high - low;
  if (!(span > 0)) return [low];
  const rough = span / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((m) => m * power >= rough) ?? 10) * power;
  const ticks: number[] = [];
  for (let i = Math.ceil(low / step); i * step <= high + span * 1e-9; i++) {
    ticks.push(Number((i * step).toPrecision(12)) + 0);
  }
  return ticks;
}

function powersOfTen(low: number, high: number): number[] {
  const values = new Set<number>();
  for (let e = -12; e <= 12; e++) {
    const power = Number(`1e${e}`);
    if (-power >= low) values.add(-power);
    if (power <= high && power >= low) values.add(power);
  }
  if (low <= 0 && high >= 0) values.add(0);
  return [...values].filter((v) => v >= low && v <= high).sort((a, b) => a - b);
}

/** Keeps ticks that leave room for their labels; zero and the outermost ones first. */
function thin(ticks: { x: number; value: number }[], gap = 0.13): typeof ticks {
  const byWeight = [...ticks].sort((a, b) => {
    const weight = (v: number) => (v === 0 ? Infinity : Math.abs(v));
    return weight(b.value) - weight(a.value);
  });
  const chosen: typeof ticks = [];
  for (const tick of byWeight) {
    if (chosen.every((other) => Math.abs(other.x - tick.x) >= gap)) chosen.push(tick);
  }
  return chosen.sort((a, b) => a.x - b.x);
}
