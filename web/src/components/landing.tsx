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
        <div class="provenance-parts">
          <Part title="Model" value={model} />
          <Part title="Corpus" value={corpus} />
          <Part title="Options" value={recording.options} />
          <Part title="Made by" value={recording.provenance} />
        </div>
      </details>
    </section>
  );
}

function Part({ title, value }: { title: string; value: Readonly<Record<string, unknown>> }) {
  return (
    <section>
      <h2>{title}</h2>
      <dl>
        {Object.entries(value).map(([key, inner]) => (
          <div key={key}>
            <dt>{key.replace(/^n_/, "").replaceAll("_", " ")}</dt>
            <dd>
              <Json value={inner} />
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

const MAX_INLINE = 6;

/** What a file says of itself, name by name as it is written there. */
function Entries({ entries }: { entries: [string, unknown][] }) {
  return (
    <details>
      <summary>{plural(entries.length, "entry", "entries")}</summary>
      {entries.map(([key, value]) => (
        <div key={key}>
          <code>
            {key} = {textOf(value)}
          </code>
        </div>
      ))}
    </details>
  );
}

/** Any JSON value: small objects as `key value` on one line each. */
function Json({ value }: { value: unknown }) {
  if (Array.isArray(value) && value.some(isObject)) {
    return (
      <>
        {value.map((item: unknown, i) => (
          <div key={i}>
            <Json value={item} />
          </div>
        ))}
      </>
    );
  }
  if (Array.isArray(value)) return <code>{value.length > 0 ? value.join(" ") : "none"}</code>;
  if (isObject(value)) {
    const entries = Object.entries(value);
    if (entries.length > MAX_INLINE) return <Entries entries={entries} />;
    return <code>{entries.map(([key, inner]) => `${key} ${textOf(inner)}`).join(", ")}</code>;
  }
  return <code>{textOf(value)}</code>;
}

const textOf = (value: unknown): string =>
  typeof value === "string"
    ? value
    : typeof value === "number" && Number.isInteger(value)
      ? formatCount(value)
      : JSON.stringify(value);
