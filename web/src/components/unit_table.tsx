// Units sorted by a number, some at a time. A click on a column's title sorts by it, a second one
// turns the order round.
import { useMemo } from "preact/hooks";
import { documentPath, fetchPath, type UnitList } from "../api.ts";
import type { Cell } from "../export.ts";
import { BY, formatMetric, METRIC_NOTES, METRIC_TITLES, METRICS, type Metric } from "../metrics.ts";
import { useLabels } from "../labels.ts";
import { formatCount, plural } from "../numbers.ts";
import { choose, chosen, hrefOf, option, setOption, type Option } from "../route.ts";
import { useDocument } from "../use_document.ts";
import { useExport } from "./export_menu.tsx";

const LIMIT = 50;

type Order = "highest" | "lowest";
const ORDER: Option<Order> = { name: "order", choices: ["highest", "lowest"], standard: "highest" };

/** What the server is asked: docs/api.md, `/api/units`. */
export type UnitQuestion = Readonly<Record<string, string>>;

export function UnitTable({ question }: { question: UnitQuestion }) {
  const metric = chosen(BY);
  const order = chosen(ORDER);
  const first = Number(option("first")) || 0;
  const path = documentPath("units", { ...question, by: metric, order, first, limit: LIMIT });
  const { value: list, error } = useDocument(path, () => fetchPath<UnitList>(path));
  const labels = useLabels().value?.labels ?? [];
  const labelOf = (unit: string) => labels.find((one) => one.unit === unit)?.label ?? "";
  useExport(
    useMemo(() => list && { name: "units", json: path, rows: () => rowsOf(list) }, [list, path]),
  );
  if (error) return <p class="notice">{error.message}</p>;
  if (!list) return <p class="muted">Looking …</p>;
  const sortBy = (column: Metric) => () => {
    setOption("first", null);
    if (column === metric) choose(ORDER, order === "highest" ? "lowest" : "highest");
    else choose(BY, column);
  };
  const sorted = order === "highest" ? "descending" : "ascending";
  const withClass = list.units.some((unit) => unit.rw_class !== null);
  return (
    <>
      <div class="toolbar">
        <h2 id="list-title">
          {order === "highest" ? "Highest" : "Lowest"} {METRIC_TITLES[metric]}
        </h2>
        <span class="muted">
          {plural(list.n_units, "unit")} · <a href={path}>JSON</a>
        </span>
        <Pager first={first} n={list.n_units} />
      </div>
      <div class="scroll" tabIndex={0} role="region" aria-labelledby="list-title">
        <table class="ranking">
          <thead>
            <tr>
              <th scope="col">unit</th>
              {METRICS.map((column) => (
                <th
                  scope="col"
                  key={column}
                  aria-sort={column === metric ? sorted : undefined}
                  title={METRIC_NOTES[column]}
                >
                  <button type="button" class="sort" onClick={sortBy(column)}>
                    {METRIC_TITLES[column]}
                    <span aria-hidden="true">
                      {column === metric ? (order === "highest" ? " ▾" : " ▴") : ""}
                    </span>
                  </button>
                </th>
              ))}
              {withClass && <th scope="col">reads and writes</th>}
            </tr>
          </thead>
          <tbody>
            {list.units.map((unit) => (
              <tr key={unit.unit}>
                <th scope="row">
                  <a href={hrefOf(unit.unit)}>{unit.unit}</a>{" "}
                  <bdi class="label">{labelOf(unit.unit)}</bdi>
                </th>
                {METRICS.map((column) => (
                  <td key={column} class={column === metric ? "chosen" : ""}>
                    {formatMetric(column, unit[column])}
                  </td>
                ))}
                {withClass && <td>{unit.rw_class ?? "–"}</td>}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

const rowsOf = ({ units }: UnitList): Cell[][] => [
  ["unit", ...METRICS, "rw_class"],
  ...units.map((unit) => [unit.unit, ...METRICS.map((metric) => unit[metric]), unit.rw_class]),
];

function Pager({ first, n }: { first: number; n: number }) {
  if (n <= LIMIT) return null;
  const to = (start: number) => () => {
    setOption("first", start > 0 ? String(start) : null);
  };
  const last = Math.min(first + LIMIT, n);
  return (
    <nav class="pager" aria-label="Pages of the list">
      <button type="button" disabled={first === 0} onClick={to(Math.max(0, first - LIMIT))}>
        ←<span class="aside"> earlier</span>
      </button>
      <span class="muted">
        {formatCount(first + 1)}–{formatCount(last)} of {formatCount(n)}
      </span>
      <button type="button" disabled={last >= n} onClick={to(first + LIMIT)}>
        <span class="aside">later </span>→
      </button>
    </nav>
  );
}
