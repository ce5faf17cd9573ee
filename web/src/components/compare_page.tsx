// Two units side by side, or one unit in two recordings: on one scale of colours and the same axes.
import { useEffect, useMemo, useRef } from "preact/hooks";
import { findAddress } from "../address.ts";
import {
  documentPath,
  fetchPacked,
  fetchPath,
  packedPath,
  type Recording,
  type Unit,
} from "../api.ts";
import { heatScale } from "../colour.ts";
import { formatMetric, METRIC_NOTES, METRIC_TITLES, METRICS } from "../metrics.ts";
import { formatCount } from "../numbers.ts";
import { classTitle } from "../pieces.ts";
import { askFor, chosen, hrefOf, option, type Option } from "../route.ts";
import { useDocument } from "../use_document.ts";
import { useClassGroups } from "./class_groups.ts";
import { GroupSection, type View } from "./excerpts.tsx";
import { useExport } from "./export_menu.tsx";
import { HeatLegend } from "./heat_legend.tsx";
import { HistogramChart, COUNT_AXIS, VALUE_AXIS } from "./histogram_chart.tsx";
import { PageHead } from "./page_head.tsx";
import { Segments } from "./segments.tsx";
import { BREAKS, CONTEXT, NUMBERS, useContextKeys, useTextKeys } from "./view_options.ts";

const CLASSES = ["gate+_in+", "gate+_in-", "gate-_in+", "gate-_in-"] as const;
const GROUPS = [
  "top",
  "bucket4",
  "bucket3",
  "bucket2",
  "bucket1",
  "bucket0",
  "random",
  "bottom",
  ...CLASSES,
] as const;
type GroupName = (typeof GROUPS)[number];
const GROUP: Option<GroupName> = { name: "group", choices: GROUPS, standard: "top" };
const GROUP_TITLES: Readonly<Record<GroupName, string>> = {
  top: "highest",
  bucket4: "99.9–100 %",
  bucket3: "99–99.9 %",
  bucket2: "90–99 %",
  bucket1: "50–90 %",
  bucket0: "0–50 %",
  random: "random",
  bottom: "lowest",
  "gate+_in+": classTitle("gate+_in+"),
  "gate+_in-": classTitle("gate+_in-"),
  "gate-_in+": classTitle("gate-_in+"),
  "gate-_in-": classTitle("gate-_in-"),
};

const hasClass = (unit: Unit, name: GroupName): boolean =>
  unit.sign_classes.some((one) => one.name === name);

/** The groups that a unit of either side has. */
const groupsOf = (sides: readonly Compared[]): GroupName[] =>
  GROUPS.filter((name) =>
    sides.some(
      ({ unit }) => unit && (hasClass(unit, name) || unit.groups.some((one) => one.name === name)),
    ),
  );

/** What a unit's values are of. */
const countedOf = (unit: Unit): string => (unit.head ? "pairs" : "tokens");

type Side = "a" | "b";

interface Compared {
  side: Side;
  address: string;
  of: string; // the name that the recording is served under, "" until it is known
  unit: Unit | null;
  message: string;
  path: string;
}

/** The unit on one side, as the address of the page names it: `a=12.mlp/345&a_in=NAME`. */
function useSide(side: Side, served: string): Compared {
  const address = option(side);
  const of = option(`${side}_in`) || served;
  const path = documentPath(`units/${address}`, {}, of);
  const { value, error } = useDocument(address && of ? path : "", () =>
    address && of ? fetchPacked(packedPath(address, of)) : Promise.resolve(null),
  );
  return { side, address, of, unit: value, message: error?.message ?? "", path };
}

interface Props {
  recording: Recording;
  names: readonly string[]; // of all recordings that are served
}

export function ComparePage({ recording, names }: Props) {
  // The name that the server knows it by: its file's, unless another recording's is the same.
  const served = option("in") || (names[0] ?? "");
  const a = useSide("a", served);
  const b = useSide("b", served);
  const sides = [a, b];
  const summaries = sides.flatMap(({ unit }) => (unit ? [unit.summary] : []));
  const min = Math.min(...summaries.map((s) => s.min ?? 0));
  const max = Math.max(...summaries.map((s) => s.max ?? 0));
  useTextKeys();
  useContextKeys();
  useEffect(() => {
    document.title = "Compare · actogram";
  }, []);
  const context = chosen(CONTEXT);
  const breaks = chosen(BREAKS);
  const numbers = chosen(NUMBERS);
  const view = useMemo(
    () => ({ context, breaks, numbers, scale: heatScale(min, max) }),
    [context, breaks, numbers, min, max],
  );
  useExport(
    useMemo(
      () =>
        a.unit && b.unit
          ? {
              name: `${a.unit.short}-${b.unit.short}`,
              json: () => bothOf(a, b),
              rows: () => rowsOf([a, b]),
            }
          : null,
      // eslint-disable-next-line react-hooks/exhaustive-deps
      [a.unit, b.unit, a.path, b.path],
    ),
  );
  return (
    <main class="compare">
      <PageHead title="Compare" />
      <div class="sides">
        {sides.map((side) => (
          <SideForm key={side.side} side={side} recording={recording} names={names} />
        ))}
      </div>
      {summaries.length > 0 && (
        <>
          <Numbers sides={sides} />
          <Charts sides={sides} min={min} max={max} />
          <div class="toolbar sticky">
            <Segments
              option={{ ...GROUP, choices: groupsOf(sides) }}
              label="Group"
              titles={GROUP_TITLES}
            />
            <Segments option={CONTEXT} label="Tokens" />
            <Segments option={NUMBERS} label="Values" />
            <HeatLegend scale={view.scale} />
          </div>
          <div class="sides">
            {sides.map((side) => (
              <Excerpts key={side.side} side={side} view={view} />
            ))}
          </div>
        </>
      )}
    </main>
  );
}

/** The documents of both sides, with the recordings that they are of. */
async function bothOf(a: Compared, b: Compared) {
  const side = async ({ path, of }: Compared) => ({ in: of, ...(await fetchPath<Unit>(path)) });
  return { a: await side(a), b: await side(b) };
}

const rowsOf = (sides: readonly Compared[]) => [
  ["", ...sides.map(({ unit, of }) => `${unit?.short ?? ""} in ${of}`)],
  ...METRICS.map((metric) => [metric, ...sides.map(({ unit }) => unit?.summary[metric] ?? null)]),
];

interface SideFormProps {
  side: Compared;
  recording: Recording;
  names: readonly string[];
}

function SideForm({ side: { side, address, of, message }, recording, names }: SideFormProps) {
  const input = useRef<HTMLInputElement>(null);
  const which = side === "a" ? "First" : "Second";
  const apply = () => {
    const found = findAddress(input.current?.value ?? "", recording.sites);
    const typed = input.current?.value ?? "";
    askFor({ [side]: found.kind === "unit" ? `${found.site.short}/${found.index}` : typed });
  };
  return (
    <form
      class="filters"
      aria-label={`${which} unit`}
      onSubmit={(event) => {
        event.preventDefault();
        apply();
      }}
    >
      <label>
        {which} unit{" "}
        <input
          ref={input}
          key={address}
          type="text"
          value={address}
          size={16}
          spellcheck={false}
          onChange={apply}
        />
      </label>
      {names.length > 1 && (
        <label>
          in{" "}
          <select
            value={of}
            onChange={(event) => {
              askFor({ [`${side}_in`]: event.currentTarget.value });
            }}
          >
            {names.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
      )}
      {message && <p class="notice">{message}</p>}
    </form>
  );
}

const Numbers = ({ sides }: { sides: readonly Compared[] }) => (
  <table class="figures compared" aria-label="Summaries">
    <thead>
      <tr>
        <th scope="col">summary</th>
        {sides.map(({ side, unit, of }) => (
          <th scope="col" key={side}>
            {unit && <a href={hrefOf(unit.short, { in: of })}>{unit.short}</a>}
          </th>
        ))}
      </tr>
    </thead>
    <tbody>
      <tr>
        <th scope="row">
          {[...new Set(sides.flatMap(({ unit }) => (unit ? [countedOf(unit)] : [])))].join(", ")}
        </th>
        {sides.map(({ side, unit }) => (
          <td key={side}>{unit ? formatCount(unit.summary.count) : "–"}</td>
        ))}
      </tr>
      {METRICS.map((metric) => (
        <tr key={metric} title={METRIC_NOTES[metric]}>
          <th scope="row">{METRIC_TITLES[metric]}</th>
          {sides.map(({ side, unit }) => (
            <td key={side}>{formatMetric(metric, unit?.summary[metric])}</td>
          ))}
        </tr>
      ))}
    </tbody>
  </table>
);

function Charts({ sides, min, max }: { sides: readonly Compared[]; min: number; max: number }) {
  const values = chosen(VALUE_AXIS);
  const counts = chosen(COUNT_AXIS);
  if (!(max > min)) return null;
  return (
    <section aria-label="Distributions">
      <div class="sides">
        {sides.map(({ side, unit }) => (
          <div key={side}>
            {unit && (
              <HistogramChart
                title={`Values of ${unit.short}`}
                unit={countedOf(unit)}
                data={unit.histogram}
                min={min}
                max={max}
                marks
                values={values}
                counts={counts}
              />
            )}
          </div>
        ))}
      </div>
      <div class="toolbar">
        <Segments option={COUNT_AXIS} label="Counts" />
        <Segments option={VALUE_AXIS} label="Axis" />
      </div>
    </section>
  );
}

interface ExcerptsProps {
  side: Compared;
  view: Omit<View, "unit" | "of" | "values">;
}

function Excerpts({ side: { side, unit, of }, view }: ExcerptsProps) {
  const name = chosen(GROUP);
  const own = useMemo<View>(
    () => ({ ...view, unit: unit?.short ?? "", of, values: unit?.head ? "pairs" : "tokens" }),
    [view, unit, of],
  );
  const classes = useClassGroups(unit && hasClass(unit, name) ? unit : null, of);
  const group = [...(unit?.groups ?? []), ...classes].find((one) => one.name === name);
  return (
    <div>
      {group && <GroupSection group={group} view={own} note={unit?.short ?? ""} prefix={side} />}
    </div>
  );
}

/** Sets the first unit of the page where a unit is compared with another. */
export const compareHref = (unit: string): string => hrefOf("compare", { a: unit });
