// A text of one's own on a unit's page: its values live beside the recorded ones, in the same colours,
// with the highest marked in the histogram. The text is in the address, so that a link shows it too.
import { useEffect, useMemo, useRef } from "preact/hooks";
import { documentPath, type Exemplar, type TypedUnit, type Unit } from "../api.ts";
import { sign } from "../colour.ts";
import { useKeys } from "../keys.ts";
import { formatPercent, formatValue, plural } from "../numbers.ts";
import { pairsOf } from "../pairs.ts";
import { joinGraphemes, pieceAt } from "../pieces.ts";
import { askFor, option, setOption } from "../route.ts";
import { triedValue } from "../tooltip.tsx";
import { useLive, useTyped } from "../use_typed.ts";
import type { View } from "./excerpts.tsx";
import { PairText } from "./pair_text.tsx";
import { TokenText } from "./tokens.tsx";

export function TryText({ unit, view }: { unit: Unit; view: View }) {
  const live = useLive();
  if (!live) return null;
  return (
    <section class="try" aria-labelledby="try-title">
      <h2 id="try-title">Try a text</h2>
      {live.available ? (
        <TryForm unit={unit} view={view} most={live.most_bytes} />
      ) : (
        <p class="muted">{live.reason}</p>
      )}
    </section>
  );
}

function TryForm({ unit, view, most }: { unit: Unit; view: View; most: number }) {
  const text = option("try");
  const input = useRef<HTMLTextAreaElement>(null);
  const { value, error, running } = useTyped<TypedUnit>(documentPath(`live/${unit.short}`), text);
  useKeys(useMemo(() => ({ x: () => input.current?.focus() }), []));
  useEffect(() => {
    if (input.current && input.current.value !== text) input.current.value = text;
  }, [text]);
  const high = value?.max ?? null;
  useEffect(() => {
    triedValue.value = high;
    return () => {
      triedValue.value = null;
    };
  }, [high]);
  const run = () => {
    askFor({ try: input.current?.value || null });
  };
  return (
    <>
      <form
        class="try-form"
        onSubmit={(event) => {
          event.preventDefault();
          run();
        }}
      >
        <textarea
          ref={input}
          aria-label="Text to run through the model"
          rows={2}
          maxLength={most}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
            event.preventDefault();
            run();
          }}
        />
        <button type="submit">Run</button>
        {text && (
          <button
            type="button"
            onClick={() => {
              setOption("try", null);
            }}
          >
            Clear
          </button>
        )}
      </form>
      {running && <p class="muted">The model reads …</p>}
      {error && <p class="notice">{error.message}</p>}
      {value && <Tried unit={unit} tried={value} view={view} />}
    </>
  );
}

function Tried({ unit, tried, view }: { unit: Unit; tried: TypedUnit; view: View }) {
  const { max } = unit.summary;
  const share = max !== null && max > 0 ? tried.max / max : null;
  return (
    <>
      <p class="muted">
        {plural(tried.n_tokens, "token")}; highest{" "}
        <strong class={`value-${sign(tried.max)}`}>{formatValue(tried.max)}</strong>
        {share !== null && share > 0 && <>, {formatPercent(share)} of the recorded maximum</>}
      </p>
      {tried.sequences.map((one) => (
        <TriedText key={one.sequence} exemplar={one} view={view} />
      ))}
    </>
  );
}

function TriedText({ exemplar, view }: { exemplar: Exemplar; view: View }) {
  const pieces = useMemo(() => joinGraphemes(exemplar.pieces), [exemplar]);
  const pairs = useMemo(() => pairsOf(exemplar), [exemplar]);
  const peak = pieceAt(pieces, exemplar.position);
  return (
    <article class="excerpt tried">
      <div class={`peak-value ${sign(exemplar.value)}`}>{formatValue(exemplar.value)}</div>
      {pairs ? (
        <PairText exemplar={exemplar} pieces={pieces} pairs={pairs} view={view} values="pairs" />
      ) : (
        <TokenText pieces={pieces} marked={peak} view={view} label="Your text" />
      )}
    </article>
  );
}
