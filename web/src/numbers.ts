// Numbers as text. A real minus sign, thin grouping, four significant digits: enough to compare by
// eye; the exact value is in the JSON.

const grouped = new Intl.NumberFormat("en-US");

export const formatCount = (n: number): string => grouped.format(n);

export function formatValue(x: number | null | undefined, digits = 4): string {
  if (x === null || x === undefined || !Number.isFinite(x)) return "–";
  if (x === 0) return "0";
  const size = Math.abs(x);
  let text: string;
  if (size >= 1e6 || size < 1e-4) {
    const [mantissa = "", exponent = ""] = size.toExponential(digits - 2).split("e");
    text = `${mantissa}e${exponent.replace("+", "")}`;
  } else {
    text = String(Number(size.toPrecision(digits)));
  }
  return (x < 0 ? "−" : "") + text.replace("e-", "e−");
}

export const formatPercent = (share: number | null): string =>
  share === null ? "–" : `${formatValue(share * 100, 3)} %`;

/** `1 token`, `2 tokens`. */
export const plural = (n: number, one: string, many = `${one}s`): string =>
  `${formatCount(n)} ${n === 1 ? one : many}`;
