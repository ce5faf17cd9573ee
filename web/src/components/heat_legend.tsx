// The scale of a page's heat map, with the values at its ends.
import type { HeatScale } from "../colour.ts";
import { formatValue } from "../numbers.ts";

export function HeatLegend({ scale: { low, high } }: { scale: HeatScale }) {
  const sides = low < 0 && high > 0 ? "both" : low < 0 ? "negative" : "positive";
  const spoken = {
    both: `Red to ${low}, blue to ${high}`,
    negative: `Red, from 0 to ${low}`,
    positive: `Blue, from 0 to ${high}`,
  }[sides];
  return (
    <div class={`legend heat ${sides}`} role="img" aria-label={spoken}>
      <span>{formatValue(low, 3)}</span>
      <span class="ramp" />
      <span>{formatValue(high, 3)}</span>
    </div>
  );
}
