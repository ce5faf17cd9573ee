// The units that are strongest on a text that was typed: the model runs it now.
import { useMemo } from "preact/hooks";
import { documentPath, type FiringOrder, type TypedUnits } from "../api.ts";
import { sign } from "../colour.ts";
import type { Cell } from "../export.ts";
import { formatCount, formatPercent, formatValue, plural } from "../numbers.ts";
import { pieceAt, quotedText } from "../pieces.ts";
import { chosen, hrefOf, type Option } from "../route.ts";
import { useLive, useTyped } from "../use_typed.ts";
import { useExport } from "./export_menu.tsx";
import { Segments } from "./segments.tsx";

const SORT: Option<FiringOrder> = { name: "sort", choices: ["share", "value"], standard: "share" };

export function TypedFound({ text }: { text: string }) {
  const live = useLive();
  const path = documentPath("live", { sort: chosen(SORT), limit: 25 });
  const ready = live?.available ?? false;
  const { value: found, error, running } = useTyped<TypedUnits>(path, ready ? text : "");
  useExport(
    useMemo(
      () => found && { name: text, json: () => ({ text, ...found }), rows: () => rowsOf(found) },
      [found, text],
    ),
  );
  if (live && !live.available) return <p class="notice">{live.reason}</p>;
  if (error) return <p class="notice">{error.message}</p>;
  if (running || !found) return <p class="muted">The model reads …</p>;
  return (
    <>
      <div class="toolbar">
        <span class="muted">{plural(found.n_tokens, "token")}</span>
        <Segments option={SORT} label="Strongest by" titles={{ share: "share of peak" }} />
      </div>
      <div class="two-columns">
        {found.kinds
          .filter(({ n_units }) => n_units > 0)
          .map((kind) => (
            <KindFound key={kind.kind} kind={kind} found={found} text={text} />
          ))}
      </div>
    </>
  );
}

const rowsOf = ({ kinds }: TypedUnits): Cell[][] => [
  ["kind", "unit", "value", "share", "sequence", "position"],
  ...kinds.flatMap(({ kind, units }) =>
    units.map(({ unit, value, share, place }) => [
      kind,
      unit,
      value,
      share,
      place.sequence,
      place.position,
    ]),
  ),
];

interface KindProps {
  kind: TypedUnits["kinds"][number];
  found: TypedUnits;
  text: string;
}

function KindFound({ kind: { kind, n_units, units }, found, text }: KindProps) {
  const tokenAt = ({ sequence, position }: { sequence: number; position: number }) => {
    const pieces = found.sequences[sequence]?.pieces ?? [];
    return quotedText(pieces[pieceAt(pieces, position)]?.text ?? "");
  };
  return (
    <section class="panel" aria-label={kind}>
      <h2>
        {kind} <span class="muted">{formatCount(n_units)}</span>
      </h2>
      <table class="figures">
        <thead>
          <tr>
            <th scope="col">unit</th>
            <th scope="col">at</th>
            <th scope="col">value</th>
            <th scope="col">of peak</th>
          </tr>
        </thead>
        <tbody>
          {units.map(({ unit, value, share, place }) => (
            <tr key={unit}>
              <th scope="row">
                <a href={hrefOf(unit, { try: text })}>{unit}</a>
              </th>
              <td>
                <bdi class="mono">{tokenAt(place)}</bdi>
              </td>
              <td class={sign(value)}>{formatValue(value)}</td>
              <td>{formatPercent(share)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
