// One unit: its numbers and distributions on the left, its excerpts on the right.
import { useEffect, useMemo } from "preact/hooks";
import {
  documentPath,
  fetchClasses,
  fetchPartners,
  fetchPath,
  fetchUnit,
  type Classes,
  type Group,
  type SiteInfo,
  type TokenMeans,
  type Unit,
} from "../api.ts";
import { heatScale, sign } from "../colour.ts";
import { isEmbedded, isShown } from "../embed.ts";
import type { Cell } from "../export.ts";
import { useKeys } from "../keys.ts";
import { formatCount, formatPercent, formatValue, plural } from "../numbers.ts";
import { classTitle, quotedText, shortTitle } from "../pieces.ts";
import { chosen, hrefOf, navigate, option } from "../route.ts";
import { useDocument } from "../use_document.ts";
import { compareHref } from "./compare_page.tsx";
import { GroupSection, groupId, placeOf, type View } from "./excerpts.tsx";
import { useExport } from "./export_menu.tsx";
import { HeatLegend } from "./heat_legend.tsx";
import { COUNT_AXIS, HistogramChart, VALUE_AXIS } from "./histogram_chart.tsx";
import { Message } from "./message.tsx";
import { Segments } from "./segments.tsx";
import { BREAKS, CONTEXT, NUMBERS, useContextKeys, useTextKeys } from "./view_options.ts";

/** Highest values first, the lowest last, whatever order they come in. */
const ORDER = ["top", "bucket4", "bucket3", "bucket2", "bucket1", "bucket0", "random", "bottom"];
const rank = (group: Group): number => {
  const i = ORDER.indexOf(group.name);
  return i < 0 ? ORDER.length : i;
};

interface UnitPageProps {
  sites: readonly SiteInfo[];
  site: SiteInfo;
  index: number;
}

export function UnitPage({ sites, site, index }: UnitPageProps) {
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
  useLayerKeys(sites, site, index);
  useTextKeys();
  useContextKeys();
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
      {isShown("embedlink") && <UnitHead site={site} address={address} {...neighbours} />}
      {unit && <UnitBody site={site} unit={unit} />}
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

/** The unit of the same number in the layer above or below, of the same kind, and the comparison. */
function useLayerKeys(sites: readonly SiteInfo[], site: SiteInfo, index: number): void {
  const actions = useMemo(() => {
    const kind = (of: SiteInfo) => of.short.slice(of.short.indexOf("."));
    const alike = sites.filter((other) => kind(other) === kind(site));
    const at = alike.findIndex((other) => other.name === site.name);
    const go = (other: SiteInfo | undefined) => () => {
      if (other) navigate(hrefOf(`${other.short}/${Math.min(index, other.n_units - 1)}`));
    };
    const up = go(alike[at + 1]);
    const down = go(alike[at - 1]);
    return {
      "]": up,
      "[": down,
      c: () => {
        navigate(compareHref(`${site.short}/${index}`));
      },
    };
  }, [sites, site, index]);
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
          · <a href={documentPath(`units/${address}`)}>JSON</a> ·{" "}
          <a href={compareHref(address)}>Compare</a>
        </p>
      </div>
      <nav class="steps" aria-label="Neighbouring units">
        {step(previous, "← Previous", "k")}
        {step(next, "Next →", "j")}
      </nav>
    </div>
  );
}

function UnitBody({ site, unit }: { site: SiteInfo; unit: Unit }) {
  const classes = useClasses(unit);
  const all = useMemo(
    () => [...[...unit.groups].sort((a, b) => rank(a) - rank(b)), ...groupsOf(classes)],
    [unit, classes],
  );
  const linked = option("excerpt");
  const groups = isEmbedded() && linked ? onlyExcerpt(all, linked) : all;
  const context = chosen(CONTEXT);
  const breaks = chosen(BREAKS);
  const numbers = chosen(NUMBERS);
  const view = useMemo<View>(() => {
    const scale = heatScale(unit.summary.min, unit.summary.max);
    return { context, breaks, numbers, scale, unit: unit.short, of: "" };
  }, [unit, context, breaks, numbers]);
  useEffect(() => {
    if (linked) document.querySelector(".excerpt.linked")?.scrollIntoView({ block: "center" });
  }, [unit, linked]);
  useExport(
    useMemo(
      () => ({
        name: unit.short,
        json: documentPath(`units/${unit.short}`),
        rows: () => excerptRows(all),
      }),
      [unit, all],
    ),
  );
  return (
    <div class="columns">
      {isShown("embedplots") && (
        <aside>
          <Numbers unit={unit} />
          <Charts unit={unit} />
          <Explanations unit={unit} />
          <TokenMeansTable address={unit.short} />
          <SignClasses unit={unit} />
          <WeightsTable unit={unit} />
          {site.name.includes("/sae:") && <PartnersTable address={unit.short} />}
        </aside>
      )}
      {isShown("embedactivations") && (
        <div class="excerpts">
          <div class="toolbar sticky">
            <Segments option={CONTEXT} label="Tokens" />
            <Segments option={BREAKS} label="Line breaks" titles={{ marks: "↵" }} />
            <Segments option={NUMBERS} label="Values" />
            <HeatLegend scale={view.scale} />
          </div>
          {groups.length > 1 && <Jumps groups={groups} />}
          {groups.map((group) => (
            <GroupSection key={group.name} group={group} view={view} note={noteOn(group, unit)} />
          ))}
        </div>
      )}
    </div>
  );
}

const Jumps = ({ groups }: { groups: readonly Group[] }) => (
  <nav class="jumps" aria-label="Groups">
    {groups.map((group) => (
      <a key={group.name} href={`#${groupId(group)}`}>
        {shortTitle(group)} <span class="muted">{group.exemplars.length}</span>
      </a>
    ))}
  </nav>
);

/** The excerpt that a permalink names, in whichever group it is. */
function onlyExcerpt(groups: readonly Group[], place: string): Group[] {
  for (const { title, exemplars } of groups) {
    const exemplar = exemplars.find((one) => placeOf(one) === place);
    if (exemplar) return [{ name: "linked", title, exemplars: [exemplar] }];
  }
  return [{ name: "linked", title: `No excerpt is kept at ${place}`, exemplars: [] }];
}

/** One row a token, as a table for others. */
const excerptRows = (groups: readonly Group[]): Cell[][] => [
  ["group", "document", "sequence", "position", "token", "text", "value", "peak"],
  ...groups.flatMap((group) =>
    group.exemplars.flatMap((exemplar) =>
      exemplar.pieces.flatMap((piece) =>
        piece.tokens.map((token) => [
          group.name,
          exemplar.document.name,
          exemplar.sequence,
          token.position,
          token.id,
          piece.text,
          token.value,
          token.position === exemplar.position ? 1 : 0,
        ]),
      ),
    ),
  ),
];

/** The exemplars by sign class, which come after the page's own: they are long, and asked for less. */
function useClasses(unit: Unit): Classes | null {
  const gated = unit.sign_classes.length > 0;
  const { value } = useDocument(`classes ${gated ? unit.short : ""}`, () =>
    gated ? fetchClasses(unit.short) : Promise.resolve(null),
  );
  return value?.address === unit.address ? value : null;
}

const groupsOf = (classes: Classes | null): Group[] =>
  (classes?.classes ?? []).map(({ name, exemplars }) => ({
    name,
    title: `Largest where ${classTitle(name)}`,
    exemplars,
  }));

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
          <dd class={sign(s.max)}>{formatValue(s.max)}</dd>
        </div>
        <div>
          <dt>min</dt>
          <dd class={sign(s.min)}>{formatValue(s.min)}</dd>
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

/** The means by sign class, in the units of the model's own values. */
function SignClasses({ unit }: { unit: Unit }) {
  if (unit.sign_classes.length === 0) return null;
  return (
    <section class="panel" aria-labelledby="classes-title">
      <h2 id="classes-title">Sign classes{unit.refactor_glu && " (refactored)"}</h2>
      <table class="figures">
        <thead>
          <tr>
            <th scope="col">signs</th>
            <th scope="col">tokens</th>
            <th scope="col">mean</th>
            <th scope="col">extreme</th>
          </tr>
        </thead>
        <tbody>
          {unit.sign_classes.map(({ name, share, means, peaks }) => (
            <tr key={name}>
              <th scope="row">
                <a href={`#group-${name}`}>{classTitle(name)}</a>
              </th>
              <td>{formatPercent(share)}</td>
              <td>{formatValue(means.hook_post, 3)}</td>
              <td>{formatValue(peaks["hook_post"]?.[0]?.value, 3)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** What others wrote about the unit, where the recording has it, and how well it predicts the unit. */
function Explanations({ unit: { explanations = [] } }: { unit: Unit }) {
  if (explanations.length === 0) return null;
  return (
    <section class="panel" aria-labelledby="explanations-title">
      <h2 id="explanations-title">Explanations</h2>
      <dl class="numbers">
        {explanations.map(({ explanation, score }, i) => (
          <div key={i}>
            <dt>
              <bdi>{explanation}</bdi>
            </dt>
            <dd>{formatValue(score, 2)}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function TokenMeansTable({ address }: { address: string }) {
  const path = documentPath(`tokens/${address}`, { limit: 10 });
  const { value, key } = useDocument(path, () => fetchPath<TokenMeans>(path));
  if (!value || key !== path || value.tokens.length === 0) return null;
  return (
    <section class="panel" aria-labelledby="tokens-title">
      <h2 id="tokens-title">Tokens</h2>
      <p class="muted">with the highest mean, of {plural(value.n_known, "known value")}</p>
      <table class="figures">
        <thead>
          <tr>
            <th scope="col">token</th>
            <th scope="col">places</th>
            <th scope="col">mean</th>
            <th scope="col">highest</th>
          </tr>
        </thead>
        <tbody>
          {value.tokens.map(({ id, text, n, mean, max }) => (
            <tr key={id}>
              <th scope="row">
                <a href={hrefOf("search", { text, case: "exact" })} title={`id ${id}`}>
                  <bdi class="mono">{quotedText(text)}</bdi>
                </a>
              </th>
              <td>{formatCount(n)}</td>
              <td>{formatValue(mean, 3)}</td>
              <td>{formatValue(max, 3)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** The latents that fire at the same tokens. */
function PartnersTable({ address }: { address: string }) {
  const { value } = useDocument(documentPath(`partners/${address}`), () => fetchPartners(address));
  if (!value || value.partners.length === 0) return null;
  return (
    <section class="panel" aria-labelledby="partners-title">
      <h2 id="partners-title">Partners</h2>
      <p class="muted">fire at the same tokens; it fires at {formatCount(value.n_events)}</p>
      <table class="figures">
        <thead>
          <tr>
            <th scope="col">latent</th>
            <th scope="col">together</th>
            <th scope="col">Jaccard</th>
            <th scope="col">corr.</th>
          </tr>
        </thead>
        <tbody>
          {value.partners.map(({ unit, n_together, jaccard, correlation }) => (
            <tr key={unit}>
              <th scope="row">
                <a href={hrefOf(unit)}>{unit}</a>
              </th>
              <td>{formatCount(n_together)}</td>
              <td>{formatValue(jaccard, 2)}</td>
              <td>{formatValue(correlation, 2)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function WeightsTable({ unit }: { unit: Unit }) {
  const { weights } = unit;
  if (!weights) return null;
  const rows: [string, number | null][] = [
    ["cos(gate, in)", weights.cos_gate_in],
    ["cos(gate, out)", weights.cos_gate_out],
    ["cos(in, out)", weights.cos_in_out],
    ["‖gate‖", weights.norm_gate],
    ["‖in‖", weights.norm_in],
    ["‖out‖", weights.norm_out],
  ];
  return (
    <section class="panel" aria-labelledby="weights-title">
      <h2 id="weights-title">Weights</h2>
      <p class="muted">{weights.rw_class}</p>
      <dl class="numbers two">
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{formatValue(value, 3)}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
