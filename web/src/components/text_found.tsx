// Units that fire on a word or a phrase, and where the corpus has it, as they are found.
import { useMemo } from "preact/hooks";
import { documentPath, type TextFound, type TextMatch } from "../api.ts";
import type { Cell } from "../export.ts";
import { formatCount, formatPercent, formatValue, plural } from "../numbers.ts";
import { joinGraphemes, quotedText, visibleText } from "../pieces.ts";
import { chosen, hrefOf, type Option } from "../route.ts";
import { useSearch, type Search } from "../use_search.ts";
import { placeOf } from "./excerpts.tsx";
import { useExport } from "./export_menu.tsx";

export const CASE: Option<"any" | "exact"> = {
  name: "case",
  choices: ["any", "exact"],
  standard: "any",
};

const NOTES: Readonly<Record<string, string>> = {
  latents:
    "Together: occurrences at which it fires, of all its events. Match is 1 where it fires at each " +
    "occurrence and nowhere else.",
  neurons: "Of a neuron its exemplars are known: how many of the highest ones peak on the phrase.",
};

export function TextFoundList({ text }: { text: string }) {
  const question = { text, case: chosen(CASE), limit: 25 };
  const path = documentPath("search", question);
  const { found, error, state, cancel } = useSearch(
    documentPath("search", { ...question, stream: 1 }),
  );
  const whole = state === "over" ? found : null;
  useExport(
    useMemo(
      () => whole && { name: text, json: path, rows: () => rowsOf(whole) },
      [whole, text, path],
    ),
  );
  if (error) return <p class="notice">{error.message}</p>;
  return (
    <>
      {state === "running" && <Running searched={found?.searched} cancel={cancel} />}
      {state === "cancelled" && (
        <p class="notice">Cancelled. {found?.searched && howFar(found.searched)}</p>
      )}
      {found && <Found found={found} path={path} />}
    </>
  );
}

type Searched = NonNullable<TextFound["searched"]>;

const howFar = ({ n_sequences, of_sequences, n_units, of_units }: Searched): string =>
  `${formatCount(n_sequences)} of ${plural(of_sequences, "sequence")} searched` +
  (n_units > 0 ? `, ${formatCount(n_units)} of ${plural(of_units, "unit")} compared` : "");

function Running({
  searched,
  cancel,
}: {
  searched: Searched | undefined;
  cancel: Search["cancel"];
}) {
  return (
    <div class="toolbar">
      <progress aria-label="Searching" value={searched ? shareOf(searched) : 0} />
      <span class="muted">{searched ? howFar(searched) : "Looking …"}</span>
      <button type="button" onClick={cancel}>
        Cancel
      </button>
    </div>
  );
}

/** The text and the units take half of the bar each. */
function shareOf({ n_sequences, of_sequences, n_units, of_units }: Searched): number {
  const share = n_sequences / of_sequences;
  return of_units > 0 ? (share + n_units / of_units) / 2 : share;
}

function Found({ found, path }: { found: TextFound; path: string }) {
  return (
    <>
      <p class="muted">
        {found.complete ? "" : "The first "}
        {plural(found.n_occurrences, "occurrence")} of <code>{quotedText(found.text)}</code> ·{" "}
        <a href={path}>JSON</a>
      </p>
      <div class="two-columns">
        {found.n_occurrences > 0 &&
          found.kinds.map(({ kind, n_units, units }) => (
            <section key={kind} class="panel" aria-label={kind}>
              <h2>
                {kind} <span class="muted">{formatCount(n_units)}</span>
              </h2>
              <p class="muted">{NOTES[kind]}</p>
              <Matches units={units} />
            </section>
          ))}
      </div>
      {found.n_occurrences > 0 && (
        <section aria-labelledby="occurrences-title">
          <h2 id="occurrences-title">Where it is</h2>
          <Occurrences found={found} />
        </section>
      )}
    </>
  );
}

const rowsOf = ({ kinds }: TextFound): Cell[][] => [
  ["kind", "unit", "match", "n_together", "n_events", "value", "share"],
  ...kinds.flatMap(({ kind, units }) =>
    units.map((one) => [
      kind,
      one.unit,
      one.match,
      one.n_together,
      one.n_events,
      one.value,
      one.share,
    ]),
  ),
];

const Matches = ({ units }: { units: TextMatch[] }) => (
  <table class="figures">
    <thead>
      <tr>
        <th scope="col">unit</th>
        <th scope="col">match</th>
        <th scope="col">together</th>
        <th scope="col">strongest</th>
        <th scope="col">of peak</th>
      </tr>
    </thead>
    <tbody>
      {units.map(({ unit, match, n_together, n_events, value, share }) => (
        <tr key={unit}>
          <th scope="row">
            <a href={hrefOf(unit)}>{unit}</a>
          </th>
          <td>{formatValue(match, 2)}</td>
          <td>
            {formatCount(n_together)} <span class="muted">of {formatCount(n_events)}</span>
          </td>
          <td>{formatValue(value, 3)}</td>
          <td>{formatPercent(share)}</td>
        </tr>
      ))}
    </tbody>
  </table>
);

const Occurrences = ({ found }: { found: TextFound }) => (
  <ul class="occurrences">
    {found.occurrences.map((one) => {
      const isHit = (position: number) =>
        position >= one.position && position < one.position + one.n_tokens;
      return (
        <li key={placeOf(one)}>
          <a href={hrefOf(`documents/${one.document.index}`, { at: placeOf(one) })}>
            <bdi>{one.document.name}</bdi>
          </a>{" "}
          <span class="text" dir="auto">
            {joinGraphemes(one.pieces).map((piece, i) => {
              const shown = visibleText(piece.text, "marks");
              return piece.tokens.some((token) => isHit(token.position)) ? (
                <mark key={i}>{shown}</mark>
              ) : (
                shown
              );
            })}
          </span>
        </li>
      );
    })}
  </ul>
);
