// All units of the recording as a list: filtered by kind, layer, class and a range, sorted.
import { useEffect, useRef } from "preact/hooks";
import type { Recording } from "../api.ts";
import { boundUnit, BY, METRIC_NOTES, METRIC_TITLES, shownBound, typedBound } from "../metrics.ts";
import { chosen, option, setOptions } from "../route.ts";
import { PageHead } from "./page_head.tsx";
import { Segments } from "./segments.tsx";
import { UnitTable } from "./unit_table.tsx";

/** The classes of reading and writing (docs/api.md), from what strengthens to what weakens. */
const RW_CLASSES = [
  "strengthening",
  "atypical strengthening",
  "conditional strengthening",
  "atypical conditional strengthening",
  "proportional change",
  "atypical proportional change",
  "orthogonal output",
  "weakening",
  "atypical weakening",
  "conditional weakening",
  "atypical conditional weakening",
];
const BOUNDS = ["least", "most"] as const;
const FILTERS = ["kind", "layer", "class", ...BOUNDS] as const;

export function UnitsPage({ recording }: { recording: Recording }) {
  useEffect(() => {
    document.title = "Units · actogram";
  }, []);
  const question: Record<string, string> = {};
  for (const name of FILTERS) if (option(name)) question[name] = option(name);
  return (
    <main class="landing">
      <PageHead title="Units" />
      <Filters recording={recording} />
      <div class="toolbar">
        <Segments option={BY} label="Sort by" titles={METRIC_TITLES} notes={METRIC_NOTES} />
      </div>
      <section aria-labelledby="list-title">
        <UnitTable question={question} />
      </section>
    </main>
  );
}

function Filters({ recording }: { recording: Recording }) {
  const form = useRef<HTMLFormElement>(null);
  const layers = [...new Set(recording.sites.map((site) => site.layer))].sort((a, b) => a - b);
  const metric = chosen(BY);
  const apply = () => {
    if (!form.current) return;
    const data = new FormData(form.current);
    const given = FILTERS.map((name) => {
      const field = data.get(name);
      const text = typeof field === "string" ? field : "";
      const isBound = BOUNDS.some((bound) => bound === name);
      return [name, (isBound ? typedBound(metric, text) : text) || null] as const;
    });
    setOptions(Object.fromEntries([...given, ["first", null]]));
  };
  const select = (name: string, label: string, choices: readonly [string, string][]) => (
    <label>
      {label}{" "}
      <select name={name} value={option(name)}>
        <option value="">any</option>
        {choices.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
  const bound = (name: string, label: string) => (
    <label>
      {label}{" "}
      <input name={name} type="number" step="any" value={shownBound(metric, option(name))} />{" "}
      {boundUnit(metric)}
    </label>
  );
  return (
    <form
      ref={form}
      class="filters"
      aria-label="Which units"
      onChange={apply}
      onSubmit={(event) => {
        event.preventDefault();
        apply();
      }}
    >
      {select("kind", "Kind", [
        ["neurons", "neurons"],
        ["heads", "attention heads"],
        ["latents", "latents"],
      ])}
      {select(
        "layer",
        "Layer",
        layers.map((layer) => [String(layer), String(layer)]),
      )}
      {select(
        "class",
        "Reads and writes",
        RW_CLASSES.map((name) => [name, name]),
      )}
      {bound("least", "at least")}
      {bound("most", "at most")}
    </form>
  );
}
