// One unit: its numbers and distributions on the left, its excerpts on the right.
import { useEffect, useMemo } from "preact/hooks";
import { documentPath, fetchUnit, type Group, type SiteInfo, type Unit } from "../api.ts";
import { kindOf } from "../address.ts";
import { heatScale } from "../colour.ts";
import { isShown } from "../embed.ts";
import type { Cell } from "../export.ts";
import { useKeys } from "../keys.ts";
import { formatValue } from "../numbers.ts";
import { shortTitle } from "../pieces.ts";
import { chosen, hrefOf, isEmbedded, navigate, option } from "../route.ts";
import { useDocument } from "../use_document.ts";
import { useClassGroups } from "./class_groups.ts";
import { compareHref } from "./compare_page.tsx";
import { GroupSection, groupId, placeOf, type View } from "./excerpts.tsx";
import { useExport } from "./export_menu.tsx";
import { ExplanationsPanel } from "./explanations_panel.tsx";
import { HeadPanel } from "./head_panel.tsx";
import { HeatLegend } from "./heat_legend.tsx";
import { LabelPanel } from "./label_panel.tsx";
import { LensTables } from "./lens_tables.tsx";
import { Message } from "./message.tsx";
import { Segments } from "./segments.tsx";
import { TryText } from "./try_text.tsx";
import {
  Charts,
  Numbers,
  PartnersTable,
  SignClasses,
  SimilarTable,
  TokenMeansTable,
  WeightsTable,
} from "./unit_panels.tsx";
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
          <a href={hrefOf("")}>All sites</a> <span aria-hidden="true">›</span>{" "}
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
  const kind = kindOf(site);
  const classes = useClassGroups(unit);
  const all = useMemo(
    () => [...[...unit.groups].sort((a, b) => rank(a) - rank(b)), ...classes],
    [unit, classes],
  );
  const linked = option("excerpt");
  const groups = isEmbedded() && linked ? onlyExcerpt(all, linked) : all;
  const context = chosen(CONTEXT);
  const breaks = chosen(BREAKS);
  const numbers = chosen(NUMBERS);
  const view = useMemo<View>(() => {
    const scale = heatScale(unit.summary.min, unit.summary.max);
    const values = unit.head ? "pairs" : "tokens";
    return { context, breaks, numbers, scale, unit: unit.short, of: "", values };
  }, [unit, context, breaks, numbers]);
  const isHere = all.some(({ exemplars }) => exemplars.some((one) => placeOf(one) === linked));
  useEffect(() => {
    if (isHere) document.querySelector(".excerpt.linked")?.scrollIntoView({ block: "center" });
  }, [unit, linked, isHere]); // excerpts of classes come later
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
          <ExplanationsPanel unit={unit} />
          <Charts unit={unit} />
          {!isEmbedded() && <LabelPanel key={unit.short} address={unit.short} />}
          {unit.head && <HeadPanel head={unit.head} />}
          {kind !== "heads" && <TokenMeansTable address={unit.short} />}
          {kind !== "heads" && <LensTables address={unit.short} />}
          <SignClasses unit={unit} />
          <WeightsTable unit={unit} />
          {kind === "latents" && <PartnersTable address={unit.short} />}
          {kind !== "heads" && <SimilarTable address={unit.short} />}
        </aside>
      )}
      {isShown("embedactivations") && (
        <div class="excerpts">
          <div class="toolbar sticky">
            {kind !== "heads" && <Segments option={CONTEXT} label="Tokens" />}
            <Segments option={BREAKS} label="Line breaks" titles={{ marks: "↵" }} />
            <Segments option={NUMBERS} label="Values" />
            <HeatLegend scale={view.scale} />
          </div>
          {!isEmbedded() && <TryText unit={unit} view={view} />}
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

/** What the bounds of a bucket are as values. */
function noteOn(group: Group, unit: Unit): string {
  const bucket = Number(/^bucket(\d)$/.exec(group.name)?.[1] ?? NaN);
  const low = unit.sequence_maxima?.boundaries[bucket];
  const high = unit.sequence_maxima?.boundaries[bucket + 1];
  return low === undefined || high === undefined
    ? ""
    : `from ${formatValue(low)} to ${formatValue(high)}`;
}
