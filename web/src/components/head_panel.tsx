// How an attention head's pattern lies: its scores, how far back it looks, and between which tokens.
import type { Head, TokenWeight } from "../api.ts";
import { formatHeadShade, HEAD_NOTES, HEAD_SCORES, HEAD_TITLES } from "../metrics.ts";
import { formatPercent, formatValue, plural } from "../numbers.ts";
import { distanceTitle } from "../pairs.ts";
import { TokenHeading } from "./token_heading.tsx";

const MOST_TOKENS = 8;

export const HeadPanel = ({ head }: { head: Head }) => (
  <>
    <section class="panel" aria-labelledby="scores-title">
      <h2 id="scores-title">Attention</h2>
      <p class="muted">
        means over {plural(head.n_queries, "query", "queries")}; induction over{" "}
        {plural(head.n_repeats, "repeat")}
      </p>
      <dl class="numbers">
        {HEAD_SCORES.map((score) => (
          <div key={score} title={HEAD_NOTES[score]}>
            <dt>{HEAD_TITLES[score]}</dt>
            <dd>{formatHeadShade(score, head[score])}</dd>
          </div>
        ))}
      </dl>
    </section>
    <Distances distance={head.distance} />
    <Weights title="Queries that look" tokens={head.query_tokens} />
    <Weights title="Keys that are looked at" tokens={head.key_tokens} />
  </>
);

/** Shares of the attention and of the values by distance, as far as any of either goes. */
function Distances({ distance: { pattern, value } }: { distance: Head["distance"] }) {
  const sum = (all: readonly number[]) => all.reduce((total, x) => total + x, 0);
  const [attention, values] = [sum(pattern), sum(value)];
  const last = pattern.findLastIndex((x, bin) => x > 0 || (value[bin] ?? 0) > 0);
  if (attention <= 0 || last < 0) return null;
  const share = (x: number | undefined, of: number) => (of > 0 ? (x ?? 0) / of : 0);
  return (
    <section class="panel" aria-labelledby="distances-title">
      <h2 id="distances-title">How far back</h2>
      <table class="figures">
        <thead>
          <tr>
            <th scope="col">tokens</th>
            <th scope="col">attention</th>
            <th scope="col">values</th>
          </tr>
        </thead>
        <tbody>
          {pattern.slice(0, last + 1).map((x, bin) => (
            <tr key={bin}>
              <th scope="row">{distanceTitle(bin, pattern.length)}</th>
              <ShareCell share={share(x, attention)} />
              <ShareCell share={share(value[bin], values)} />
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

const ShareCell = ({ share }: { share: number }) => (
  <td class="share" style={{ "--share": share.toFixed(4) }}>
    {formatPercent(share)}
  </td>
);

function Weights({ title, tokens }: { title: string; tokens: readonly TokenWeight[] }) {
  if (tokens.length === 0) return null;
  return (
    <section class="panel" aria-label={title}>
      <h2>{title}</h2>
      <p class="muted">in the highest excerpts, by the sum of their values</p>
      <table class="figures">
        <tbody>
          {tokens.slice(0, MOST_TOKENS).map(({ id, text, weight }) => (
            <tr key={id}>
              <TokenHeading id={id} text={text} />
              <td>{formatValue(weight)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
