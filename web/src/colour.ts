// Values to colour. Two scales: the heat of a token (red below zero, blue above, one scale for the
// whole page) and the maps of a site (sequential, fading into the page).

/** The values a page may show. Where they are all on one side of zero there is one hue, from zero
 * on; else both sides reach as far, so that red and blue of one strength are of one magnitude. */
export interface HeatScale {
  low: number;
  high: number;
}

export function heatScale(min: number | null, max: number | null): HeatScale {
  const low = Math.min(0, min ?? 0);
  const high = Math.max(0, max ?? 0);
  if (low === 0 || high === 0) return { low, high };
  const bound = Math.max(-low, high);
  return { low: -bound, high: bound };
}

/** Strength in [0, 1] of a value on a scale. Logarithmic, so that a tenth of the bound is still
 * seen (the curve of Neuronpedia's lists). */
export function strength(value: number | null, { low, high }: HeatScale): number {
  const bound = Math.max(-low, high);
  if (value === null || !(bound > 0)) return 0;
  return Math.min(1, Math.log10(1 + (9 * Math.abs(value)) / bound));
}

export const sign = (value: number | null): "positive" | "negative" | "zero" =>
  value === null || value === 0 ? "zero" : value > 0 ? "positive" : "negative";

export interface Scale {
  low: number;
  high: number;
  logarithmic: boolean;
}

/** From the 0.5th to the 99.5th percentile, so that one extreme unit does not blanch all others;
 * logarithmic where the values are positive and span more than a factor of 20. */
export function robustScale(values: Iterable<number | null>): Scale {
  const finite = Float64Array.from(
    (function* () {
      for (const value of values) if (value !== null) yield value;
    })(),
  ).sort();
  if (finite.length === 0) return { low: 0, high: 1, logarithmic: false };
  const at = (q: number) => finite[Math.round(q * (finite.length - 1))] ?? 0;
  const low = at(0.005);
  const high = at(0.995);
  if (low === high) return { low: low - 0.5, high: high + 0.5, logarithmic: false };
  return { low, high, logarithmic: low > 0 && high / low > 20 };
}

/** Where a value lies on a scale, clamped to [0, 1]. */
export function fraction(value: number, scale: Scale): number {
  const { low, high, logarithmic } = scale;
  if (logarithmic && value <= 0) return 0;
  const f = logarithmic
    ? Math.log(value / low) / Math.log(high / low)
    : (value - low) / (high - low);
  return Math.max(0, Math.min(1, f));
}

type Rgb = readonly [number, number, number];

// Lightness falls (or rises) steadily, so the order survives grey print and colour blindness.
const RAMPS: Record<"light" | "dark", readonly Rgb[]> = {
  light: [
    [240, 237, 228],
    [198, 221, 211],
    [120, 186, 184],
    [54, 138, 156],
    [34, 88, 122],
    [32, 40, 77],
  ],
  dark: [
    [32, 36, 42],
    [30, 62, 84],
    [32, 104, 122],
    [64, 152, 142],
    [146, 203, 150],
    [247, 241, 180],
  ],
};

export function rampColour(f: number, theme: "light" | "dark"): Rgb {
  const stops = RAMPS[theme];
  const x = Math.max(0, Math.min(1, f)) * (stops.length - 1);
  const i = Math.min(Math.floor(x), stops.length - 2);
  const a = stops[i] ?? [0, 0, 0];
  const b = stops[i + 1] ?? a;
  const mix = (p: number, q: number) => Math.round(p + (q - p) * (x - i));
  return [mix(a[0], b[0]), mix(a[1], b[1]), mix(a[2], b[2])];
}

const INKS: Record<"light" | "dark", { positive: Rgb; negative: Rgb }> = {
  light: { positive: [28, 95, 158], negative: [179, 64, 47] },
  dark: { positive: [130, 184, 236], negative: [240, 154, 139] },
};

/** The hue of a value, for cells too small to carry the colours of tokens (--positive-ink). */
export const heatInk = (value: number, theme: "light" | "dark"): Rgb =>
  INKS[theme][value < 0 ? "negative" : "positive"];
