// A document, whole: click a token to see every unit that fired there, pick a unit and it colours
// the text.
import { useEffect, useMemo } from "preact/hooks";
import {
  documentTextPath,
  fetchPath,
  placePath,
  type DocumentText,
  type FiringOrder,
  type Piece,
  type Place,
  type PlaceFirings,
  type SiteInfo,
} from "../api.ts";
import { heatScale, sign } from "../colour.ts";
import { chunkFor, earlierPart, firstChunk } from "../document_parts.ts";
import type { Cell } from "../export.ts";
import { useKeys } from "../keys.ts";
import { formatCount, formatPercent, formatValue, plural } from "../numbers.ts";
import { clickedPosition, joinGraphemes, pieceAt, quotedText, steppedPosition } from "../pieces.ts";
import { chosen, hrefOf, navigate, option, setOption, setOptions, type Option } from "../route.ts";
import { useDocument } from "../use_document.ts";
import { useExport } from "./export_menu.tsx";
import { HeadsNote } from "./heads_note.tsx";
import { HeatLegend } from "./heat_legend.tsx";
import { Message } from "./message.tsx";
import { Segments } from "./segments.tsx";
import { TokenText, type TokenView } from "./tokens.tsx";
import { BREAKS, NUMBERS, useTextKeys } from "./view_options.ts";

const SORT: Option<FiringOrder> = { name: "sort", choices: ["value", "share"], standard: "value" };

function placeIn(text: string): Place | null {
  const match = /^(\d+):(\d+)$/.exec(text);
  return match ? { sequence: Number(match[1]), position: Number(match[2]) } : null;
}

/** The part that begins with `from`, or where it is null the one that has `at`: the first part tells
 * where the document's sequences begin, so it is asked for first. */
async function fetchPart(index: number, from: number | null, unit: string, at: Place | null) {
  const fetched = (chunk: number) => fetchPath<DocumentText>(documentTextPath(index, chunk, unit));
  const part = await fetched(from ?? 0);
  const chunk = from === null && at ? chunkFor(part, at) : null;
  return chunk === null ? part : fetched(chunk);
}

/** The part that the address names with `from`, or else the one that has the token `at`. */
function usePart(index: number, at: Place | null) {
  const unit = option("unit");
  const from = option("from") ? Number(option("from")) || 0 : null;
  const key = `${documentTextPath(index, from ?? 0, unit)} ${from === null ? (at?.sequence ?? "") : ""}`;
  return useDocument(key, () => fetchPart(index, from, unit, at));
}

interface DocumentProps {
  index: number;
  sites: readonly SiteInfo[];
}

export function DocumentPage({ index, sites }: DocumentProps) {
  const at = placeIn(option("at"));
  const { value: text, error } = usePart(index, at);
  const begin = text ? firstChunk(text) : 0;
  const path = documentTextPath(index, begin, option("unit"));
  useExport(
    useMemo(() => text && { name: text.name, json: path, rows: () => rowsOf(text) }, [text, path]),
  );
  useTextKeys();
  useStepKeys(text);
  useEffect(() => {
    document.title = `${text?.name ?? `document ${index}`} · actogram`;
  }, [text, index]);
  useEffect(() => {
    document.querySelector(".reading .tok.peak")?.scrollIntoView({ block: "center" });
  }, [text?.index, begin]);
  if (error) {
    return (
      <Message title={`Document ${index} cannot be shown`}>
        <p>{error.message}</p>
      </Message>
    );
  }
  if (!text) return <main class="document" aria-busy="true" />;
  return (
    <main class="document">
      <DocumentHead text={text} path={path} />
      <div class="reading-columns">
        <Reading text={text} at={at} />
        <aside class="firings" aria-label="What fires at a token">
          {at ? (
            <Firings at={at} part={partTitle(text, at)} coloured={text.unit?.short ?? ""} />
          ) : (
            <Hint />
          )}
          <HeadsNote sites={sites} />
        </aside>
      </div>
    </main>
  );
}

const rowsOf = ({ sequences }: DocumentText): Cell[][] => [
  ["sequence", "position", "token", "text", "value"],
  ...sequences.flatMap(({ sequence, pieces }) =>
    pieces.flatMap((piece) =>
      piece.tokens.map((token) => [sequence, token.position, token.id, piece.text, token.value]),
    ),
  ),
];

function useStepKeys(text: DocumentText | null): void {
  const actions = useMemo(() => {
    const go = (to: number | null | undefined) => () => {
      if (to !== null && to !== undefined) navigate(documentHref(to));
    };
    const next = go(text?.next);
    const previous = go(text?.previous);
    return { j: next, ArrowRight: next, k: previous, ArrowLeft: previous };
  }, [text]);
  useKeys(actions);
}

/** Another document, coloured by the same unit. */
const documentHref = (index: number): string => {
  const unit = option("unit");
  return hrefOf(`documents/${index}`, unit ? { unit } : {});
};

function DocumentHead({ text, path }: { text: DocumentText; path: string }) {
  const step = (to: number | null, label: string, key: string) =>
    to === null ? (
      <span class="button" aria-disabled="true">
        {label}
      </span>
    ) : (
      <a class="button" href={documentHref(to)} title={`Document ${to} (${key})`}>
        {label}
      </a>
    );
  return (
    <div class="unit-head">
      <div>
        <p class="crumbs">
          <a href={hrefOf("")}>All sites</a> <span aria-hidden="true">›</span>{" "}
          <bdi>{text.source}</bdi> <span aria-hidden="true">›</span>
        </p>
        <h1>
          <bdi>{text.name || `Document ${text.index}`}</bdi>
        </h1>
        <p class="muted">
          document {formatCount(text.index)} · {plural(text.n_tokens, "token")} in{" "}
          {plural(text.n_sequences, "sequence")} · <a href={path}>JSON</a>
        </p>
      </div>
      <nav class="steps" aria-label="Neighbouring documents">
        {step(text.previous, "← Previous", "k")}
        {step(text.next, "Next →", "j")}
      </nav>
    </div>
  );
}

function Reading({ text, at }: { text: DocumentText; at: Place | null }) {
  const breaks = chosen(BREAKS);
  const numbers = chosen(NUMBERS);
  const { unit } = text;
  const view = useMemo<TokenView>(
    () => ({ breaks, numbers, scale: heatScale(unit?.min ?? 0, unit?.max ?? 0) }),
    [breaks, numbers, unit],
  );
  return (
    <section class="reading" aria-label="Text">
      <div class="toolbar sticky">
        <ColouredBy text={text} />
        <Segments option={BREAKS} label="Line breaks" titles={{ marks: "↵" }} />
        {unit && <Segments option={NUMBERS} label="Values" />}
        {unit && <HeatLegend scale={view.scale} />}
      </div>
      <PartLink text={text} from={earlierPart(text)} title="What comes before" />
      <div data-texts>
        {text.sequences.map(({ sequence, chunk, pieces }) => (
          <Sequence
            key={sequence}
            sequence={sequence}
            chunk={chunk}
            part={firstChunk(text)}
            pieces={pieces}
            view={view}
            at={at?.sequence === sequence ? at.position : -1}
          />
        ))}
      </div>
      <PartLink text={text} from={text.more} title="Go on reading" />
    </section>
  );
}

interface PartProps {
  text: DocumentText;
  from: number | null; // the chunk; nothing is shown where there is none
  title: string;
}

const PartLink = ({ text, from, title }: PartProps) =>
  from === null ? null : (
    <p>
      <a class="button" href={hrefOf(`documents/${text.index}`, partOptions(from))}>
        {title}
      </a>
    </p>
  );

const partOptions = (from: number): Record<string, string> => {
  const unit = option("unit");
  return { from: String(from), ...(unit && { unit }) };
};

function ColouredBy({ text }: { text: DocumentText }) {
  const { unit, n_tokens, more } = text;
  if (!unit) return <span class="muted">Click a token to see what fires there.</span>;
  const whole = more === null && firstChunk(text) === 0;
  const partly = whole && unit.n_known < n_tokens;
  return (
    <span class="coloured">
      Coloured by <a href={hrefOf(unit.short)}>{unit.short}</a>
      {partly && (
        <span
          class="muted"
          title="Of a neuron a recording keeps its values around its exemplars only"
        >
          {" "}
          known at {formatCount(unit.n_known)} of {plural(n_tokens, "token")}
        </span>
      )}{" "}
      <button
        type="button"
        class="link"
        onClick={() => {
          setOption("unit", null);
        }}
      >
        none
      </button>
    </span>
  );
}

interface SequenceProps {
  sequence: number;
  chunk: number;
  part: number; // the chunk that what is shown begins with
  pieces: Piece[];
  view: TokenView;
  at: number;
}

function Sequence({ sequence, chunk, part, pieces, view, at }: SequenceProps) {
  const joined = useMemo(() => joinGraphemes(pieces), [pieces]);
  // The part stays as it is, whichever token of it is chosen.
  const choose = (position: number | undefined) => {
    if (position === undefined) return false;
    setOptions({ at: `${sequence}:${position}`, from: part > 0 ? String(part) : null });
    return true;
  };
  return (
    <div class="sequence" id={`sequence-${sequence}`}>
      {chunk > 0 && (
        <hr title={`Sequence ${sequence} begins: the model did not see what is above`} />
      )}
      <TokenText
        pieces={joined}
        marked={at < 0 ? -1 : pieceAt(joined, at)}
        view={view}
        label={`Sequence ${sequence}`}
        onChoose={(piece) => choose(clickedPosition(piece, at))}
        onStep={(piece, step) => choose(steppedPosition(piece, at, step))}
      />
    </div>
  );
}

const Hint = () => (
  <p class="muted">
    Click a token, or press Enter on it, to see every unit that fired there. Pick one, and it
    colours the whole document.
  </p>
);

/** Which of the tokens it is that a character is made of; "" where it has one. */
function partTitle({ sequences }: DocumentText, { sequence, position }: Place): string {
  const pieces = joinGraphemes(sequences.find((one) => one.sequence === sequence)?.pieces ?? []);
  const { tokens, text } = pieces[pieceAt(pieces, position)] ?? { tokens: [], text: "" };
  if (tokens.length < 2) return "";
  const i = tokens.findIndex((token) => token.position === position);
  return `token ${i + 1} of ${tokens.length} of ${quotedText(text)}; click again or use the arrow keys for the others`;
}

interface FiringsProps {
  at: Place;
  part: string; // of a character, "" for whole ones
  coloured: string;
}

function Firings({ at, part, coloured }: FiringsProps) {
  const sort = chosen(SORT);
  const path = placePath(at, sort);
  const { value, error } = useDocument(path, () => fetchPath<PlaceFirings>(path));
  if (error) return <p class="notice">{error.message}</p>;
  if (!value) return <p class="muted">Looking …</p>;
  const { place, kinds } = value;
  return (
    <>
      <h2>
        <bdi class="mono">{quotedText(place.pieces.map((piece) => piece.text).join(""))}</bdi>
      </h2>
      <p class="muted">
        token {formatCount(place.position)} of sequence {formatCount(place.sequence)}, id{" "}
        {place.pieces[0]?.tokens[0]?.id} · <a href={path}>JSON</a>
      </p>
      {part && (
        <p class="muted part">
          <bdi>{part}</bdi>
        </p>
      )}
      <Segments option={SORT} label="Strongest by" titles={{ share: "share of peak" }} />
      {kinds.map((kind) => (
        <KindOfFirings key={kind.kind} kind={kind} coloured={coloured} />
      ))}
    </>
  );
}

function KindOfFirings({
  kind,
  coloured,
}: {
  kind: PlaceFirings["kinds"][number];
  coloured: string;
}) {
  const neurons = kind.kind === "neurons";
  return (
    <section class="panel" aria-label={kind.kind}>
      <h3>
        {kind.kind} <span class="muted">{formatCount(kind.n_units)}</span>
      </h3>
      {neurons && <p class="muted">with an exemplar whose window covers this token</p>}
      {!kind.known && <p class="muted">The data set did not sample this token.</p>}
      <table class="figures">
        <thead>
          <tr>
            <th scope="col">unit</th>
            <th scope="col">value</th>
            <th scope="col">of peak</th>
          </tr>
        </thead>
        <tbody>
          {kind.units.map(({ unit, value, share }) => (
            <tr key={unit} class={unit === coloured ? "chosen" : ""}>
              <th scope="row">
                <button
                  type="button"
                  class="link"
                  aria-pressed={unit === coloured}
                  title={`Colour the document by ${unit}`}
                  onClick={() => {
                    setOption("unit", unit === coloured ? null : unit);
                  }}
                >
                  {unit}
                </button>{" "}
                <a href={hrefOf(unit)} aria-label={`Page of ${unit}`} title={`Page of ${unit}`}>
                  ↗{"\ufe0e"}
                </a>
              </th>
              <td class={sign(value)}>{formatValue(value)}</td>
              <td>{formatPercent(share)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
