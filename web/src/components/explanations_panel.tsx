// What the unit is about, in words: what models wrote (with the scores of each), and what others
// published.
import { documentPath, type Explanations, type Unit } from "../api.ts";
import { useFresh } from "../use_fresh.ts";
import { ExplanationText } from "./explanation_text.tsx";

export function ExplanationsPanel({ unit }: { unit: Unit }) {
  const path = documentPath(`explanations/${unit.short}`);
  const { value, error, key } = useFresh<Explanations>(path);
  const own = key.startsWith(`${path} `) ? value : null;
  const none = !own || (own.explanations.length === 0 && own.failures.length === 0);
  if (none && !error) return null;
  return (
    <section class="panel" aria-labelledby="explanations-title">
      <h2 id="explanations-title">Explanations</h2>
      {error && <p class="notice">{error.message}</p>}
      {own?.explanations.map((one, i) => (
        <ExplanationText key={i} explanation={one} />
      ))}
      {own?.failures.map(({ task, reason }) => (
        <p key={task} class="muted">
          {task} failed: {reason}
        </p>
      ))}
      {!none && (
        <p class="muted">
          <a href={path}>JSON</a>
        </p>
      )}
    </section>
  );
}
