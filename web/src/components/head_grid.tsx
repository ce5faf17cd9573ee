// Attention heads as a grid, a row for each layer and a column for each head, coloured by a score.
// The grid is one stop for Tab; the arrow keys move inside it.
import { useMemo } from "preact/hooks";
import { kindOf } from "../address.ts";
import { fetchSite, type SiteInfo, type SiteSummaries } from "../api.ts";
import { fraction, rampColour, robustScale, type Scale } from "../colour.ts";
import {
  formatHeadShade,
  HEAD_NOTES,
  HEAD_SHADE,
  HEAD_SHADES,
  HEAD_TITLES,
  type HeadShade,
} from "../metrics.ts";
import { chosen, hrefOf } from "../route.ts";
import { theme } from "../theme.ts";
import { hideTip, showTip } from "../tooltip.tsx";
import { useAllSites } from "../use_all_sites.ts";
import { RampLegend } from "./layer_map.tsx";
import { Segments } from "./segments.tsx";

/** With the choice of the score; nothing where there are no heads. */
export function HeadGridSection({ sites }: { sites: readonly SiteInfo[] }) {
  const ofHeads = useMemo(() => sites.filter((site) => kindOf(site) === "heads"), [sites]);
  if (ofHeads.length === 0) return null;
  return <HeadGrid sites={ofHeads} />;
}

function HeadGrid({ sites }: { sites: readonly SiteInfo[] }) {
  const shade = chosen(HEAD_SHADE);
  const summaries = useAllSites<SiteSummaries>(sites, fetchSite);
  const complete = summaries.size === sites.length;
  const scale = useMemo(
    () =>
      complete ? robustScale([...summaries.values()].flatMap((one) => one[shade] ?? [])) : null,
    [complete, summaries, shade],
  );
  return (
    <section aria-labelledby="heads-title" class="heads">
      <div class="toolbar">
        <h2 id="heads-title">Attention heads</h2>
        <a href={hrefOf("heads")}>as a list</a>
        <Segments option={HEAD_SHADE} label="Colour by" titles={HEAD_TITLES} notes={HEAD_NOTES} />
        {scale && (
          <RampLegend
            scale={scale}
            low={formatHeadShade(shade, scale.low)}
            high={formatHeadShade(shade, scale.high)}
          />
        )}
      </div>
      <Grid sites={sites} summaries={summaries} shade={shade} scale={scale} />
    </section>
  );
}

interface GridProps {
  sites: readonly SiteInfo[];
  summaries: ReadonlyMap<string, SiteSummaries>;
  shade: HeadShade;
  scale: Scale | null;
}

const STEPS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
};

function Grid({ sites, summaries, shade, scale }: GridProps) {
  const nHeads = Math.max(...sites.map((site) => site.n_units));
  const tell = (event: Event) => {
    const cell = cellOf(event.target);
    const site = sites[Number(cell?.dataset["row"])];
    if (!cell || !site) return;
    const head = Number(cell.dataset["column"]);
    showTip(cell, <HeadTip site={site} head={head} summaries={summaries.get(site.short)} />);
  };
  return (
    <div class="scroll">
      <table
        class="head-grid"
        data-arrows
        onPointerOver={tell}
        onPointerLeave={hideTip}
        onFocusCapture={tell}
        onBlurCapture={hideTip}
        onKeyDown={stepCell}
      >
        <thead>
          <tr>
            <th scope="col">layer</th>
            {Array.from({ length: nHeads }, (_, head) => (
              <th scope="col" key={head}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sites.map((site, row) => (
            <tr key={site.name}>
              <th scope="row">{site.layer}</th>
              {Array.from({ length: site.n_units }, (_, head) => (
                <td key={head}>
                  <Cell
                    site={site}
                    row={row}
                    head={head}
                    shade={shade}
                    value={summaries.get(site.short)?.[shade]?.[head]}
                    scale={scale}
                  />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const cellOf = (target: EventTarget | null): HTMLElement | null =>
  target instanceof Element ? target.closest<HTMLElement>(".head-cell") : null;

function stepCell(event: KeyboardEvent): void {
  const step = STEPS[event.key];
  const cell = cellOf(event.target);
  if (!step || !cell || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  const row = Number(cell.dataset["row"]) + step[0];
  const column = Number(cell.dataset["column"]) + step[1];
  const next = cell
    .closest("table")
    ?.querySelector<HTMLElement>(`[data-row="${row}"][data-column="${column}"]`);
  if (!next) return;
  cell.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

interface CellProps {
  site: SiteInfo;
  row: number;
  head: number;
  shade: HeadShade;
  value: number | null | undefined;
  scale: Scale | null;
}

function Cell({ site, row, head, shade, value, scale }: CellProps) {
  const known = value !== null && value !== undefined && scale !== null;
  const colour = known ? rampColour(fraction(value, scale), theme.value).join(" ") : "";
  return (
    <a
      class={`head-cell${known ? "" : " unknown"}`}
      href={hrefOf(`${site.short}/${head}`)}
      data-row={row}
      data-column={head}
      tabIndex={row === 0 && head === 0 ? 0 : -1}
      aria-label={`${site.short}/${head}, ${HEAD_TITLES[shade]} ${formatHeadShade(shade, value)}`}
      style={known ? { backgroundColor: `rgb(${colour})` } : {}}
    />
  );
}

interface TipProps {
  site: SiteInfo;
  head: number;
  summaries: SiteSummaries | undefined;
}

const HeadTip = ({ site, head, summaries }: TipProps) => (
  <>
    <div class="tip-title">
      {site.short}/{head}
    </div>
    <table>
      <tbody>
        {HEAD_SHADES.map((shade) => (
          <tr key={shade}>
            <th scope="row">{HEAD_TITLES[shade]}</th>
            <td>{formatHeadShade(shade, summaries?.[shade]?.[head])}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </>
);
