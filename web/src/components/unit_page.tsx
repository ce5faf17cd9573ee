// One unit: its numbers and distributions on the left, its excerpts on the right.
import { useEffect, useMemo } from "preact/hooks";
import { encodeAddress, fetchUnit, type Group, type SiteInfo, type Unit } from "../api.ts";
import { useKeys } from "../keys.ts";
import { formatCount, formatPercent, formatValue, plural } from "../numbers.ts";
import { boundOf, shortTitle, type Context } from "../pieces.ts";
import { choose, chosen, hrefOf, navigate, type Option } from "../route.ts";
import { useDocument } from "../use_document.ts";
import { GroupSection, groupId, type View } from "./excerpts.tsx";
import { HistogramChart, type Axis } from "./histogram_chart.tsx";
import { Message } from "./message.tsx";
import { Segments } from "./segments.tsx";

const CONTEXT: Option<Context> = {
  name: "context",
  choices: ["short", "medium", "full"],
  standard: "medium",
};
const BREAKS: Option<View["breaks"]> = {
  name: "breaks",
  choices: ["marks", "real"],
  standard: "marks",
};
const NUMBERS: Option<View["numbers"]> = {
  name: "numbers",
  choices: ["hidden", "shown"],
  standard: "hidden",
};
const VALUE_AXIS: Option<Axis> = { name: "x", choices: ["linear", "log"], standard: "linear" };
const COUNT_AXIS: Option<Axis> = { name: "y", choices: ["linear", "log"], standard: "log" };

/** Highest values first, the lowest last, whatever order they come in. */
const ORDER = ["top", "bucket4", "bucket3", "bucket2", "bucket1", "bucket0", "random", "bottom"];
const rank = (group: Group): number => {
  const i = ORDER.indexOf(group.name);
  return i < 0 ? ORDER.length : i;
};

export function UnitPage({ site, index }: { site: SiteInfo; index: number }) {
  const address = `${site.short}/${index}`;
  const { value: unit, error } = useDocument(address, () => fetchUnit(address));
  const neighbours = useMemo(
    () => ({
      next: index + 1 < site.n_units ? `${site.short}/${index + 1}` : (unit?.next ?? ""),
      previous: index > 0 ? `${site.short}/${index - 1}` : (unit?.previous ?? ""),
    }),
    [site, index, unit],
  );
  useStepKeys(neighbours.previous, neighbours.next);
  useViewKeys();
  useEffect(() => {
    document.title = `${address} · actogram`;
  }, [address]);
  useEffect(() => {
    for (const near of [neighbours.next, neighbours.previous]) {
      if (near) fetchUnit(near).catch(() => null); // so that the next step is instant
    }
  }, [neighbours]);
  if (error) {
    return (
      <Message title={`${address} cannot be shown`}>
        <p>{error.message}</p>
      </Message>
    );
  }
  return (
    <main class="unit">
      <UnitHead site={site} address={address} {...neighbours} />
      {unit && <UnitBody unit={unit} />}
    </main>
  );
}

function useStepKeys(previous: string, next: string): void {
  const actions = useMemo(() => {
    const go = (address: string) => () => {
      if (address) navigate(hrefOf(address));
    };
    return { j: go(next), ArrowRight: go(next), k: go(previous), ArrowLeft: go(previous) };
  }, [previous, next]);
  useKeys(actions);
}

function useViewKeys(): void {
  const actions = useMemo(() => {
    const context = (choice: Context) => () => {
      choose(CONTEXT, choice);
    };
    return {
      b: () => {
        choose(BREAKS, chosen(BREAKS) === "marks" ? "real" : "marks");
      },
      v: () => {
        choose(NUMBERS, chosen(NUMBERS) === "hidden" ? "shown" : "hidden");
      },
      1: context("short"),
      2: context("medium"),
      3: context("full"),
    };
  }, []);
  useKeys(actions);
}

interface HeadProps {
  site: SiteInfo;
  address: string;
  previous: string;
  next: string;
}

function UnitHead({ site, address, previous, next }: HeadProps) {
  const index = address.slice(address.lastIndexOf("/") + 1);
  const step = (to: string, text: string, key: string) =>
    to ? (
      <a class="button" href={hrefOf(to)} title={`${to} (${key})`}>
        {text}
      </a>
    ) : (
      <span class="button" aria-disabled="true">
        {text}
      </span>
    );
  return (
    <div class="unit-head">
      <div>
        <p class="crumbs">
          <a href="/">All sites</a> <span aria-hidden="true">›</span>{" "}
          <a href={hrefOf(site.short)}>{site.short}</a> <span aria-hidden="true">›</span>
        </p>
        <h1>{address}</h1>
        <p class="muted">
          <code>
            {site.name}/{index}
          </code>{" "}
          · <a href={`/api/units/${encodeAddress(address)}`}>JSON</a>
        </p>
      </div>
      <nav class="steps" aria-label="Neighbouring units">
        {step(previous, "← Previous", "k")}
        {step(next, "Next →", "j")}
      </nav>
    </div>
  );
}

function UnitBody({ unit }: { unit: Unit }) {
  const groups = useMemo(() => [...unit.groups].sort((a, b) => rank(a) - rank(b)), [unit]);
  const context = chosen(CONTEXT);
  const breaks = chosen(BREAKS);
  const numbers = chosen(NUMBERS);
  const view = useMemo<View>(() => {
    const bound = boundOf([unit.summary.min, unit.summary.max]);
    return { context, breaks, numbers, bound };
  }, [unit, context, breaks, numbers]);
  return (
    <div class="columns">
      <aside>
        <Numbers unit={unit} />
        <Charts unit={unit} />
      </aside>
      <div class="excerpts">
        <div class="toolbar sticky">
          <Segments option={CONTEXT} label="Excerpts" />
          <Segments option={BREAKS} label="Line breaks" titles={{ marks: "↵" }} />
          <Segments option={NUMBERS} label="Values" />
          <HeatLegend bound={view.bound} />
        </div>
        <nav class="jumps" aria-label="Groups">
          {groups.map((group) => (
            <a key={group.name} href={`#${groupId(group)}`}>
              {shortTitle(group)} <span class="muted">{group.exemplars.length}</span>
            </a>
          ))}
        </nav>
        {groups.map((group) => (
          <GroupSection key={group.name} group={group} view={view} note={noteOn(group, unit)} />
        ))}
      </div>
    </div>
  );
}

/** What the bounds of a bucket are as values. */
function noteOn(group: Group, unit: Unit): string {
  const bucket = Number(/^bucket(\d)$/.exec(group.name)?.[1] ?? NaN);
  const low = unit.sequence_maxima?.boundaries[bucket];
  const high = unit.sequence_maxima?.boundaries[bucket + 1];
  return low === undefined || high === undefined
    ? ""
    : `from ${formatValue(low)} to ${formatValue(high)}`;
}

function Numbers({ unit }: { unit: Unit }) {
  const s = unit.summary;
  const constant = s.variance === 0 || s.count === 0;
  const small: [string, string][] = [
    ["mean", formatValue(s.mean)],
    ["std", formatValue(s.std)],
    ["skewness", formatValue(s.skewness)],
    ["kurtosis", formatValue(s.kurtosis)],
    ["tokens", formatCount(s.count)],
  ];
  if (s.n_nan > 0) small.push(["NaN", formatCount(s.n_nan)]);
  if (s.n_infinite > 0) small.push(["infinite", formatCount(s.n_infinite)]);
  return (
    <section aria-label="Summary">
      {constant && (
        <p class="notice">
          {s.count === 0
            ? "This unit never had a finite value."
            : `This unit is dead here: it was ${formatValue(s.min)} at each of ${plural(s.count, "token")}.`}
        </p>
      )}
      <dl class="headline">
        <div>
          <dt>max</dt>
          <dd class="positive">{formatValue(s.max)}</dd>
        </div>
        <div>
          <dt>min</dt>
          <dd class="negative">{formatValue(s.min)}</dd>
        </div>
        <div>
          <dt>positive</dt>
          <dd>{formatPercent(s.positive_share)}</dd>
        </div>
      </dl>
      <dl class="numbers">
        {small.map(([name, text]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Charts({ unit }: { unit: Unit }) {
  const values = chosen(VALUE_AXIS);
  const counts = chosen(COUNT_AXIS);
  const { min, max } = unit.summary;
  if (min === null || max === null || min === max) return null; // the summary says it all
  const maxima = unit.sequence_maxima;
  const boundaries = maxima?.boundaries ?? [];
  const axes = { values, counts };
  return (
    <section class="charts" aria-label="Distributions">
      <HistogramChart
        title="Values"
        unit="tokens"
        data={unit.histogram}
        min={min}
        max={max}
        marks
        {...axes}
      />
      {maxima && (
        <HistogramChart
          title="Highest value of each sequence"
          unit="sequences"
          data={maxima}
          min={boundaries[0] ?? maxima.edges.find((edge) => edge !== null) ?? min}
          max={boundaries.at(-1) ?? max}
          boundaries={boundaries}
          {...axes}
        />
      )}
      <div class="toolbar">
        <Segments option={COUNT_AXIS} label="Counts" />
        <Segments option={VALUE_AXIS} label="Axis" />
      </div>
    </section>
  );
}

function HeatLegend({ bound }: { bound: number }) {
  return (
    <div class="legend heat" role="img" aria-label={`Red to ${-bound}, blue to ${bound}`}>
      <span>{formatValue(-bound, 3)}</span>
      <span class="ramp" />
      <span>{formatValue(bound, 3)}</span>
    </div>
  );
}
