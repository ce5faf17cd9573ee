// The first page: what was recorded, and every unit of it as a map per site.
import { useEffect, useMemo } from "preact/hooks";
import { kindOf } from "../address.ts";
import {
  entropyPath,
  fetchPath,
  fetchSite,
  type Recording,
  type SiteInfo,
  type SiteSummaries,
} from "../api.ts";
import { robustScale } from "../colour.ts";
import { METRIC_NOTES, METRIC_TITLES, SHADE, type Shade } from "../metrics.ts";
import { formatCount, plural } from "../numbers.ts";
import { chosen, hrefOf } from "../route.ts";
import { useAllSites } from "../use_all_sites.ts";
import { useExport } from "./export_menu.tsx";
import { HeadGridSection } from "./head_grid.tsx";
import { LayerMap, Legend } from "./layer_map.tsx";
import { Segments } from "./segments.tsx";

interface Entropies {
  entropy: (number | null)[];
}
const fetchEntropies = (site: string) => fetchPath<Entropies>(entropyPath(site));

type Values = readonly (number | null)[];

/** [unit] of each site, as far as they are there: what the maps are coloured by. */
function useValues(sites: readonly SiteInfo[], shade: Shade) {
  const summaries = useAllSites<SiteSummaries>(sites, fetchSite);
  const entropies = useAllSites(sites, shade === "entropy" ? fetchEntropies : null);
  const values = useMemo(() => {
    const found = new Map<string, Values>();
    if (shade === "entropy") for (const [site, { entropy }] of entropies) found.set(site, entropy);
    else for (const [site, summary] of summaries) found.set(site, summary[shade]);
    return found;
  }, [summaries, entropies, shade]);
  return { summaries, values };
}

function* flattened(values: ReadonlyMap<string, Values>) {
  for (const ofSite of values.values()) yield* ofSite;
}

export function Landing({ recording }: { recording: Recording }) {
  const shade = chosen(SHADE);
  const sites = useMemo(
    () => recording.sites.filter((site) => kindOf(site) !== "heads"),
    [recording],
  );
  const { summaries, values } = useValues(sites, shade);
  const complete = values.size === sites.length;
  // One scale for all sites; it waits for the last of them, so that colours do not shift.
  const scale = useMemo(
    () => (complete ? robustScale(flattened(values)) : null),
    [complete, values],
  );
  useExport(
    useMemo(() => {
      const rows = () => [
        ["unit", shade],
        ...sites.flatMap(({ short }) =>
          (values.get(short) ?? []).map((value, i) => [`${short}/${i}`, value]),
        ),
      ];
      const json = () => ({
        recording: recording.name,
        by: shade,
        sites: sites.map(({ short }) => ({ short, values: values.get(short) ?? [] })),
      });
      return complete ? { name: `${recording.name}-${shade}`, json, rows } : null;
    }, [complete, values, shade, sites, recording]),
  );
  useEffect(() => {
    document.title = `${recording.model.name} · actogram`;
  }, [recording]);
  return (
    <main class="landing">
      <Introduction recording={recording} />
      <section aria-labelledby="maps-title" class="maps" hidden={sites.length === 0}>
        <div class="toolbar">
          <h2 id="maps-title">Units</h2>
          <a href={hrefOf("units")}>as a list</a>
          <Segments option={SHADE} label="Colour by" titles={METRIC_TITLES} notes={METRIC_NOTES} />
          {scale ? (
            <Legend scale={scale} metric={shade} />
          ) : (
            <progress aria-label="Loading" value={values.size} max={sites.length} />
          )}
        </div>
        {sites.map((site) => (
          <div class="map-row" key={site.name}>
            <a class="map-name" href={hrefOf(site.short)} title={site.name}>
              {site.short}
            </a>
            <LayerMap
              site={site}
              summaries={summaries.get(site.short) ?? null}
              metric={shade}
              values={values.get(site.short) ?? null}
              scale={scale}
            />
          </div>
        ))}
      </section>
      <HeadGridSection sites={recording.sites} />
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
