// One explanation: its words, who wrote them, and how well they tell the unit from others.
import type { Estimate, Explanation, Score } from "../api.ts";
import { formatValue } from "../numbers.ts";

export const ExplanationText = ({ explanation }: { explanation: Explanation }) => (
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
      <span title={`prompt version ${explanation.prompt_version}`}>by {explanation.method}</span>,{" "}
      {explanation.model}
    </p>
    {explanation.scores.length > 0 && <Scores scores={explanation.scores} />}
  </div>
);

const isEstimate = (number: unknown): number is Estimate =>
  typeof number === "object" && number !== null && "value" in number;

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
            title={`${score.scorer}, ${score.model}: ${score.text}`}
          >
            <th scope="row">
              {score.scorer}: {wordsOf(name)}
              {score.of !== "explanation" && ` of ${score.of}`}
            </th>
            <td>{formatValue(number.value, 2)}</td>
            <td>
              {formatValue(number.low, 2)} – {formatValue(number.high, 2)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
