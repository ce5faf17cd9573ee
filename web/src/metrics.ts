// The numbers that units are compared, mapped and sorted by: names as in the JSON, titles, texts.
import { formatPercent, formatValue } from "./numbers.ts";
import type { Option } from "./route.ts";

export const METRICS = [
  "positive_share",
  "max",
  "min",
  "mean",
  "std",
  "skewness",
  "kurtosis",
] as const;
export type Metric = (typeof METRICS)[number];

/** What a map can be coloured by: also the entropy of each histogram, which comes on demand. */
export const SHADES = [...METRICS, "entropy"] as const;
export type Shade = (typeof SHADES)[number];

export const BY: Option<Metric> = { name: "by", choices: METRICS, standard: "positive_share" };
export const SHADE: Option<Shade> = { name: "by", choices: SHADES, standard: "positive_share" };

export const METRIC_TITLES: Readonly<Record<Shade, string>> = {
  positive_share: "frequency",
  max: "peak",
  min: "lowest",
  mean: "mean",
  std: "std",
  skewness: "skewness",
  kurtosis: "kurtosis",
  entropy: "entropy",
};

/** What a metric means, for tooltips of its title. */
export const METRIC_NOTES: Readonly<Record<Shade, string>> = {
  positive_share: "share of the tokens with a value above 0",
  max: "highest value",
  min: "lowest value",
  mean: "mean of all values",
  std: "standard deviation",
  skewness: "third standardised moment",
  kurtosis: "fourth standardised moment; 3 for a Gaussian",
  entropy: "of the histogram of values, in bits",
};

export const formatMetric = (metric: Shade, value: number | null | undefined): string =>
  metric === "positive_share"
    ? formatPercent(value ?? null)
    : metric === "entropy"
      ? `${formatValue(value, 3)} bits`
      : formatValue(value);
