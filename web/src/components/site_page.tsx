// One site: its map in large, and the units at either end of a summary.
import { useEffect, useMemo } from "preact/hooks";
import { fetchSite, METRICS, type Metric, type SiteInfo, type SiteSummaries } from "../api.ts";
import { robustScale } from "../colour.ts";
import { plural } from "../numbers.ts";
import { chosen, hrefOf, type Option } from "../route.ts";
import { useDocument } from "../use_document.ts";
import { BY, formatMetric, LayerMap, Legend, METRIC_TITLES } from "./layer_map.tsx";
import { Message } from "./message.tsx";
import { Segments } from "./segments.tsx";

const N_LISTED = 50;

type Order = "highest" | "lowest";
const ORDER: Option<Order> = { name: "order", choices: ["highest", "lowest"], standard: "highest" };

/** Units by a summary; those where it is NaN come last, and equals by index. */
function ranked(values: readonly (number | null)[], order: Order): number[] {
  const direction = order === "highest" ? -1 : 1;
  return values
    .map((_, i) => i)
    .sort((a, b) => {
      const x = values[a] ?? null;
      const y = values[b] ?? null;
      if (x === null || y === null) return Number(x === null) - Number(y === null) || a - b;
      return direction * (x - y) || a - b;
    })
    .slice(0, N_LISTED);
}

export function SitePage({ site }: { site: SiteInfo }) {
  const metric = chosen(BY);
  const { value: summaries, error, key } = useDocument(site.name, () => fetchSite(site.short));
  const shown = key === site.name ? summaries : null;
  const scale = useMemo(() => (shown ? robustScale(shown[metric]) : null), [shown, metric]);
  useEffect(() => {
    document.title = `${site.short} · actogram`;
  }, [site]);
  if (error) return <Message title={error.message} />;
  return (
    <main class="landing">
      <div class="unit-head">
        <div>
          <p class="crumbs">
            <a href="/">All sites</a> <span aria-hidden="true">›</span>
          </p>
          <h1>{site.short}</h1>
          <p class="muted">
            <code>{site.name}</code> · {plural(site.n_units, "unit")}
          </p>
        </div>
      </div>
      <div class="toolbar">
        <Segments option={BY} label="Colour by" titles={METRIC_TITLES} />
        {scale && <Legend scale={scale} metric={metric} />}
      </div>
      <LayerMap site={site} summaries={shown} metric={metric} scale={scale} large />
      {shown && <Ranking site={site} summaries={shown} metric={metric} />}
    </main>
  );
}

function Ranking(props: { site: SiteInfo; summaries: SiteSummaries; metric: Metric }) {
  const { site, summaries, metric } = props;
  const order = chosen(ORDER);
  const units = useMemo(() => ranked(summaries[metric], order), [summaries, metric, order]);
  return (
    <section aria-labelledby="ranking-title">
      <div class="toolbar">
        <h2 id="ranking-title">
          {order === "highest" ? "Highest" : "Lowest"} {METRIC_TITLES[metric]}
        </h2>
        <Segments option={ORDER} label="Order" />
      </div>
      <div class="scroll">
        <table class="ranking">
          <thead>
            <tr>
              <th scope="col">unit</th>
              {METRICS.map((m) => (
                <th scope="col" key={m} aria-sort={m === metric ? "other" : undefined}>
                  {METRIC_TITLES[m]}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {units.map((i) => (
              <tr key={i}>
                <th scope="row">
                  <a href={hrefOf(`${site.short}/${i}`)}>
                    {site.short}/{i}
                  </a>
                </th>
                {METRICS.map((m) => (
                  <td key={m} class={m === metric ? "chosen" : ""}>
                    {formatMetric(m, summaries[m][i])}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
