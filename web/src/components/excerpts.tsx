// The excerpts of a unit, in groups.
import { memo } from "preact/compat";
import { useMemo } from "preact/hooks";
import type { Exemplar, Group, Place } from "../api.ts";
import { sign } from "../colour.ts";
import { formatCount, formatValue, plural } from "../numbers.ts";
import { pairsOf } from "../pairs.ts";
import {
  clip,
  foldDuplicates,
  joinGraphemes,
  pieceAt,
  type Context,
  type Folded,
} from "../pieces.ts";
import { hrefOf, isListed, option, setListed, setOption } from "../route.ts";
import { PairText, type PairProps } from "./pair_text.tsx";
import { TokenText, type TokenView } from "./tokens.tsx";

export interface View extends TokenView {
  context: Context;
  unit: string; // whose values they are
  of: string; // the recording that they are in, where the address of the page does not say
  values: PairProps["values"]; // of tokens, or of a head's pairs
}

export const groupId = (group: Group, prefix = ""): string =>
  `${prefix ? `${prefix}-` : ""}group-${group.name}`;

interface GroupProps {
  group: Group;
  view: View;
  note: string;
  prefix?: string; // of its id, where a page has two of a kind
}

export function GroupSection({ group, view, note, prefix = "" }: GroupProps) {
  const id = groupId(group, prefix);
  const folded = useMemo(() => foldDuplicates(group.exemplars), [group]);
  return (
    <section class="group" id={id} aria-labelledby={`${id}-title`}>
      <header>
        <h2 id={`${id}-title`}>{group.title}</h2>
        <p class="muted">{note}</p>
      </header>
      {folded.length === 0 && <p class="muted empty">No excerpt is kept here.</p>}
      {folded.map((one) => (
        <Fold key={`${one.exemplar.sequence}:${one.exemplar.position}`} folded={one} view={view} />
      ))}
    </section>
  );
}

function Fold({ folded, view }: { folded: Folded; view: View }) {
  const linked = option("excerpt");
  const holdsLinked = folded.duplicates.some((one) => placeOf(one) === linked);
  const place = placeOf(folded.exemplar);
  const open = holdsLinked || isListed("open", place);
  const n = folded.duplicates.length;
  return (
    <>
      <Excerpt exemplar={folded.exemplar} view={view} />
      {n > 0 && (
        <button
          type="button"
          class="fold"
          aria-expanded={open}
          onClick={() => {
            setListed("open", place, !open);
            if (holdsLinked) setOption("excerpt", null);
          }}
        >
          {open ? "Hide" : "Show"} {plural(n, "exact duplicate")}
        </button>
      )}
      {open &&
        folded.duplicates.map((exemplar) => (
          <Excerpt key={exemplar.sequence} exemplar={exemplar} view={view} />
        ))}
    </>
  );
}

/** The place of an excerpt, as addresses name it. */
export const placeOf = ({ sequence, position }: Place): string => `${sequence}:${position}`;

const Excerpt = memo(function Excerpt({ exemplar, view }: { exemplar: Exemplar; view: View }) {
  const whole = isListed("more", placeOf(exemplar));
  const { document: source, window: kept } = exemplar;
  const pieces = useMemo(() => joinGraphemes(exemplar.pieces), [exemplar]);
  const { begin, end } = clip(pieces, exemplar.position, whole ? "full" : view.context);
  const peak = pieceAt(pieces, exemplar.position);
  const clipped = begin > 0 || end < pieces.length;
  const pairs = useMemo(() => pairsOf(exemplar), [exemplar]);
  return (
    <article class={`excerpt${option("excerpt") === placeOf(exemplar) ? " linked" : ""}`}>
      <div class={`peak-value ${sign(exemplar.value)}`}>{formatValue(exemplar.value)}</div>
      {pairs ? (
        <PairText
          exemplar={exemplar}
          pieces={pieces}
          pairs={pairs}
          view={view}
          values={view.values}
        />
      ) : (
        <TokenText
          pieces={pieces}
          begin={begin}
          end={end}
          marked={peak}
          view={view}
          label="Excerpt"
          before={(begin > 0 || kept.begin > 0) && <span class="more">…</span>}
          after={(end < pieces.length || kept.end < kept.n_tokens) && <span class="more">…</span>}
        />
      )}
      <div class="source">
        <a
          href={hrefOf(`documents/${source.index}`, {
            at: placeOf(exemplar),
            unit: view.unit,
            ...(view.of && { in: view.of }),
          })}
          title="The whole document, coloured by this unit"
        >
          <bdi>{source.source}</bdi>
          <span aria-hidden="true"> · </span>
          <bdi>{source.name}</bdi>
        </a>
        <span aria-hidden="true"> · </span>
        token {formatCount(exemplar.position)} of sequence {formatCount(exemplar.sequence)}
        <a
          class="permalink"
          href={hrefOf(view.unit, {
            excerpt: placeOf(exemplar),
            ...(view.of && { in: view.of }),
          })}
          title="A link to this excerpt"
        >
          link
        </a>
        {(clipped || whole) && !pairs && view.context !== "full" && (
          <button
            type="button"
            class="link"
            onClick={() => {
              setListed("more", placeOf(exemplar), !whole);
            }}
          >
            {whole ? "less" : "more"}
          </button>
        )}
      </div>
    </article>
  );
});
