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

/** How a head's attention lies (docs/format.md, heads.arrow). */
export const HEAD_SCORES = ["induction", "previous", "first", "self", "entropy"] as const;
export type HeadScore = (typeof HEAD_SCORES)[number];

/** What the grid of heads can be coloured by. */
export const HEAD_SHADES = [...HEAD_SCORES, "max", "mean", "std", "kurtosis"] as const;
export type HeadShade = (typeof HEAD_SHADES)[number];
export const HEAD_SHADE: Option<HeadShade> = {
  name: "score",
  choices: HEAD_SHADES,
  standard: "induction",
};

export const HEAD_TITLES: Readonly<Record<HeadShade, string>> = {
  induction: "induction",
  previous: "previous token",
  first: "first token",
  self: "itself",
  entropy: "entropy",
  max: "peak",
  mean: "mean",
  std: "std",
  kurtosis: "kurtosis",
};

export const HEAD_NOTES: Readonly<Record<HeadShade, string>> = {
  induction: "mean attention to what followed an earlier occurrence of the query’s token",
  previous: "mean attention to the token before",
  first: "mean attention to the first token of the sequence",
  self: "mean attention to the query itself",
  entropy: "mean entropy of a query’s attention, in nats",
  max: "highest value of a pair",
  mean: "mean value of all pairs",
  std: "standard deviation of the values of pairs",
  kurtosis: "fourth standardised moment of the values of pairs",
};

export const formatHeadShade = (shade: HeadShade, value: number | null | undefined): string =>
  shade === "entropy" ? `${formatValue(value, 3)} nats` : formatValue(value, 3);

export const formatMetric = (metric: Shade, value: number | null | undefined): string =>
  metric === "positive_share"
    ? formatPercent(value ?? null)
    : metric === "entropy"
      ? `${formatValue(value, 3)} bits`
      : formatValue(value);

/** The unit that a metric's bounds are shown and typed in, as its values are; "" for plain numbers. */
export const boundUnit = (metric: Metric): string => (metric === "positive_share" ? "%" : "");

const scaled = (text: string, factor: number): string =>
  text === "" || factor === 1 ? text : String(Number((Number(text) * factor).toPrecision(12)));

/** A bound as it is shown, from the server's number, and back; "" is none. */
export const shownBound = (metric: Metric, bound: string): string =>
  scaled(bound, boundUnit(metric) === "%" ? 100 : 1);
export const typedBound = (metric: Metric, shown: string): string =>
  scaled(shown, boundUnit(metric) === "%" ? 0.01 : 1);
