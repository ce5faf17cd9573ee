// One site: its map in large, and its units as a list.
import { useEffect, useMemo } from "preact/hooks";
import { documentPath, fetchSite, type SiteInfo } from "../api.ts";
import { robustScale } from "../colour.ts";
import { BY, METRIC_NOTES, METRIC_TITLES } from "../metrics.ts";
import { plural } from "../numbers.ts";
import { chosen } from "../route.ts";
import { useDocument } from "../use_document.ts";
import { LayerMap, Legend } from "./layer_map.tsx";
import { Message } from "./message.tsx";
import { PageHead } from "./page_head.tsx";
import { Segments } from "./segments.tsx";
import { UnitTable } from "./unit_table.tsx";

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
      <PageHead title={site.short}>
        <p class="muted">
          <code>{site.name}</code> · {plural(site.n_units, "unit")} ·{" "}
          <a href={documentPath(`sites/${site.short}`)}>JSON</a>
        </p>
      </PageHead>
      <div class="toolbar">
        <Segments option={BY} label="Colour by" titles={METRIC_TITLES} notes={METRIC_NOTES} />
        {scale && <Legend scale={scale} metric={metric} />}
      </div>
      <LayerMap
        site={site}
        summaries={shown}
        metric={metric}
        values={shown?.[metric] ?? null}
        scale={scale}
        large
      />
      <section aria-labelledby="list-title">
        <UnitTable question={{ site: site.short }} />
      </section>
    </main>
  );
}
