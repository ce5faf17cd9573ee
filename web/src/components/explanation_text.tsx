// One explanation: its words, who wrote them, and how well they tell the unit from others.
import type { Estimate, Explanation, Score } from "../api.ts";
import { formatValue } from "../numbers.ts";

interface Props {
  explanation: Explanation;
}

export const ExplanationText = ({ explanation }: Props) => (
  <div class="explanation">
    <p>
      <bdi>{explanation.explanation}</bdi>
    </p>
    <p class="muted">
      {explanation.concept && (
        <>
          <bdi>{explanation.concept}</bdi> ·{" "}
        </>
      )}
      <Author explanation={explanation} />
    </p>
    {explanation.scores.length > 0 && <Scores scores={explanation.scores} />}
  </div>
);

/** What others' formats are called, by their word in the document. */
const SOURCES: Readonly<Record<string, string>> = {
  tdb: "NeuronRecords",
  "sae-tables": "a data set of SAE activations",
};

const Author = ({ explanation: { source, method, prompt_version, model } }: Props) =>
  source === "actogram" ? (
    <>
      <span title={`prompt version ${prompt_version}`}>by {method}</span>, {model}
    </>
  ) : (
    <>published with {SOURCES[source] ?? source}</>
  );

const isEstimate = (number: unknown): number is Estimate =>
  typeof number === "object" && number !== null && "value" in number;

/** Nothing where it is not known, as of what others published. */
const intervalOf = ({ low, high }: Estimate): string =>
  low === null && high === null ? "" : `${formatValue(low, 2)} – ${formatValue(high, 2)}`;

const wordsOf = (name: string): string => name.replaceAll("_", " ");

/** A row for each number that has an interval; those of a baseline say of what. */
function Scores({ scores }: { scores: readonly Score[] }) {
  const rows = scores.flatMap((score) =>
    Object.entries(score.numbers).flatMap(([name, number]) =>
      isEstimate(number) ? [{ score, name, number }] : [],
    ),
  );
  return (
    <table class="figures scores">
      <thead>
        <tr>
          <th scope="col">score</th>
          <th scope="col">value</th>
          <th scope="col">95 % interval</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ score, name, number }, i) => (
          <tr
            key={i}
            class={score.of === "explanation" ? "" : "muted"}
            title={`${[score.scorer, score.model].filter(Boolean).join(", ")}: ${score.text}`}
          >
            <th scope="row">
              {score.scorer}: {wordsOf(name)}
              {score.of !== "explanation" && ` of ${score.of}`}
            </th>
            <td>{formatValue(number.value, 2)}</td>
            <td>{intervalOf(number)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
