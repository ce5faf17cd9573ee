// Units by what is written of them: labels and notes of people, and explanations.
import { useMemo } from "preact/hooks";
import { documentPath, type Explanation, type FoundExplanations, type Labels } from "../api.ts";
import type { Cell } from "../export.ts";
import { useLabels } from "../labels.ts";
import { formatCount, plural } from "../numbers.ts";
import { hrefOf } from "../route.ts";
import { useFresh } from "../use_fresh.ts";
import { ExplanationText } from "./explanation_text.tsx";
import { useExport } from "./export_menu.tsx";

const LIMIT = 50;

export function WordsFound({ text }: { text: string }) {
  const path = documentPath("explanations", { text, limit: LIMIT });
  const { value: found, error } = useFresh<FoundExplanations>(path);
  const { value: labels, error: noLabels } = useLabels(text);
  useExport(
    useMemo(
      () => found && labels && { name: text, json: path, rows: () => rowsOf(found, labels) },
      [found, labels, text, path],
    ),
  );
  const problem = error ?? noLabels;
  if (problem) return <p class="notice">{problem.message}</p>;
  if (!found || !labels) return <p class="muted">Looking …</p>;
  return (
    <>
      <p class="muted">
        {plural(labels.n_labels, "label")} and {plural(found.n_explanations, "explanation")} ·{" "}
        <a href={path}>JSON</a>
      </p>
      {labels.labels.length > 0 && <LabelsFound labels={labels} />}
      {found.explanations.length > 0 && (
        <section aria-labelledby="explained-title">
          <h2 id="explained-title">
            Explanations <span class="muted">{formatCount(found.n_explanations)}</span>
          </h2>
          <ul class="found">
            {found.explanations.map((one, i) => (
              <ExplanationFound key={i} explanation={one} />
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

const rowsOf = (found: FoundExplanations, { labels }: Labels): Cell[][] => [
  ["unit", "by", "text", "note"],
  ...labels.map((one) => [one.unit, "label", one.label, one.note]),
  ...found.explanations.map((one) => [
    one.unit,
    one.model || `published, ${one.source}`,
    one.explanation,
    one.concept,
  ]),
];

const LabelsFound = ({ labels: { labels, n_labels } }: { labels: Labels }) => (
  <section aria-labelledby="labels-title">
    <h2 id="labels-title">
      Labels and notes <span class="muted">{formatCount(n_labels)}</span>
    </h2>
    <ul class="found">
      {labels.map(({ unit, label, note }) => (
        <li key={unit}>
          <a href={hrefOf(unit)}>{unit}</a>
          <div>
            <bdi class="label">{label}</bdi>
            {note && (
              <p class="note">
                <bdi>{note}</bdi>
              </p>
            )}
          </div>
        </li>
      ))}
    </ul>
  </section>
);

const ExplanationFound = ({ explanation }: { explanation: Explanation }) => (
  <li>
    <a href={hrefOf(explanation.unit)}>{explanation.unit}</a>
    <ExplanationText explanation={explanation} />
  </li>
);
