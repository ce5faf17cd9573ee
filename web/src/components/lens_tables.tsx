// The logit lens: the tokens that a unit writes up and down, as a server with a model knows them.
import { documentPath, fetchPath, type TokenEffect, type WrittenTokens } from "../api.ts";
import { sign } from "../colour.ts";
import { formatValue } from "../numbers.ts";
import { useDocument } from "../use_document.ts";
import { FailedPanel } from "./message.tsx";
import { TokenHeading } from "./token_heading.tsx";

export function LensTables({ address }: { address: string }) {
  const path = documentPath(`lens/${address}`);
  const { value, error, key } = useDocument(path, () => fetchPath<WrittenTokens>(path));
  if (error && key === path) return <FailedPanel title="Logit lens" error={error} />;
  if (!value || key !== path) return null;
  return (
    <section class="panel" aria-labelledby="lens-title">
      <h2 id="lens-title">Logit lens</h2>
      <p class="muted">
        {value.reason ||
          `what a value of 1 adds to a token's logit; std ${formatValue(value.std, 2)}`}
      </p>
      {!value.reason && (
        <div class="lens">
          <Effects title="writes up" tokens={value.up} />
          <Effects title="writes down" tokens={value.down} />
        </div>
      )}
    </section>
  );
}

const Effects = ({ title, tokens }: { title: string; tokens: readonly TokenEffect[] }) => (
  <table class="figures">
    <thead>
      <tr>
        <th scope="col">{title}</th>
        <th scope="col">effect</th>
      </tr>
    </thead>
    <tbody>
      {tokens.map(({ id, text, effect }) => (
        <tr key={id}>
          <TokenHeading id={id} text={text} />
          <td class={sign(effect)}>{formatValue(effect, 3)}</td>
        </tr>
      ))}
    </tbody>
  </table>
);
