// The first page: what was recorded, and every unit of it as a map per site.
import { useEffect, useMemo, useState } from "preact/hooks";
import { fetchSite, type Metric, type Recording, type SiteSummaries } from "../api.ts";
import { robustScale } from "../colour.ts";
import { formatCount, plural } from "../numbers.ts";
import { chosen, hrefOf } from "../route.ts";
import { BY, LayerMap, Legend, METRIC_TITLES } from "./layer_map.tsx";
import { Segments } from "./segments.tsx";

const AT_ONCE = 4;

/** The summaries of all sites, fetched a few at a time, in order. */
function useAllSites(recording: Recording): ReadonlyMap<string, SiteSummaries> {
  const [loaded, setLoaded] = useState<ReadonlyMap<string, SiteSummaries>>(new Map());
  useEffect(() => {
    let current = true;
    const left = [...recording.sites];
    const worker = async () => {
      for (let site = left.shift(); site; site = left.shift()) {
        const { short } = site;
        const summaries = await fetchSite(short).catch(() => null);
        if (!current) return;
        if (summaries) setLoaded((before) => new Map(before).set(short, summaries));
      }
    };
    for (let i = 0; i < AT_ONCE; i++) void worker();
    return () => {
      current = false;
    };
  }, [recording]);
  return loaded;
}

function* valuesOf(loaded: ReadonlyMap<string, SiteSummaries>, metric: Metric) {
  for (const summaries of loaded.values()) yield* summaries[metric];
}

export function Landing({ recording }: { recording: Recording }) {
  const metric = chosen(BY);
  const loaded = useAllSites(recording);
  const complete = loaded.size === recording.sites.length;
  // One scale for all sites; it waits for the last of them, so that colours do not shift.
  const scale = useMemo(
    () => (complete ? robustScale(valuesOf(loaded, metric)) : null),
    [complete, loaded, metric],
  );
  useEffect(() => {
    document.title = `${recording.model.name} · actogram`;
  }, [recording]);
  return (
    <main class="landing">
      <Introduction recording={recording} />
      <section aria-labelledby="maps-title">
        <div class="toolbar">
          <h2 id="maps-title">Units</h2>
          <Segments option={BY} label="Colour by" titles={METRIC_TITLES} />
          {scale ? (
            <Legend scale={scale} metric={metric} />
          ) : (
            <progress aria-label="Loading" value={loaded.size} max={recording.sites.length} />
          )}
        </div>
        {recording.sites.map((site) => (
          <div class="map-row" key={site.name}>
            <a class="map-name" href={hrefOf(site.short)} title={site.name}>
              {site.short}
            </a>
            <LayerMap
              site={site}
              summaries={loaded.get(site.short) ?? null}
              metric={metric}
              scale={scale}
            />
          </div>
        ))}
      </section>
    </main>
  );
}

function Introduction({ recording }: { recording: Recording }) {
  const { model, corpus, sites } = recording;
  const nUnits = sites.reduce((sum, site) => sum + site.n_units, 0);
  const facts: [string, number][] = [
    ["units", nUnits],
    ["tokens", corpus.n_tokens],
    ["sequences", corpus.n_sequences],
    ["documents", corpus.n_documents],
  ];
  return (
    <section class="introduction">
      <div>
        <h1>{model.name || model.file}</h1>
        <p class="muted">
          {plural(sites.length, "site")} of {plural(model.n_layers, "layer")}, read over{" "}
          {corpus.sources.map((source) => source.name).join(", ")}
        </p>
      </div>
      <dl class="facts">
        {facts.map(([name, n]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{formatCount(n)}</dd>
          </div>
        ))}
      </dl>
      <details class="provenance">
        <summary>Provenance</summary>
        <Tree value={{ model, corpus, options: recording.options, ...recording.provenance }} />
      </details>
    </section>
  );
}

/** Any JSON value as nested definition lists. */
function Tree({ value }: { value: unknown }) {
  if (Array.isArray(value) && value.every((item) => typeof item !== "object")) {
    return <code>{value.length > 0 ? value.join(" ") : "none"}</code>;
  }
  if (typeof value === "object" && value !== null) {
    return (
      <dl class="tree">
        {Object.entries(value as Record<string, unknown>).map(([key, inner]) => (
          <div key={key}>
            <dt>{Array.isArray(value) ? `${Number(key) + 1}` : key.replaceAll("_", " ")}</dt>
            <dd>
              <Tree value={inner} />
            </dd>
          </div>
        ))}
      </dl>
    );
  }
  return <code>{typeof value === "number" ? formatCount(value) : String(value)}</code>;
}
