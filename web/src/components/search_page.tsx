// Search: units that fire on a word or a phrase of the corpus, units by what is written of them, and
// units that are strong on the text itself, run through the model now.
import { useEffect, useRef } from "preact/hooks";
import type { SiteInfo } from "../api.ts";
import { askFor, chosen, option, type Option } from "../route.ts";
import { HeadsNote } from "./heads_note.tsx";
import { PageHead } from "./page_head.tsx";
import { Segments } from "./segments.tsx";
import { CASE, TextFoundList } from "./text_found.tsx";
import { TypedFound } from "./typed_found.tsx";
import { WordsFound } from "./words_found.tsx";

type What = "text" | "words" | "typed";
const WHAT: Option<What> = { name: "what", choices: ["text", "words", "typed"], standard: "text" };
const WHAT_TITLES: Readonly<Record<What, string>> = {
  text: "in the text",
  words: "in labels and explanations",
  typed: "by running the model on it",
};

export function SearchPage({ sites }: { sites: readonly SiteInfo[] }) {
  const text = option("text");
  const what = chosen(WHAT);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    document.title = text ? `“${text}” · actogram` : "Search · actogram";
    if (!text) input.current?.focus();
  }, [text]);
  return (
    <main class="landing">
      <PageHead title="Search" />
      <form
        class="filters"
        aria-label="Search"
        onSubmit={(event) => {
          event.preventDefault();
          askFor({ text: input.current?.value ?? "" });
        }}
      >
        <label>
          Word or phrase{" "}
          <input ref={input} name="text" type="text" value={text} key={text} size={28} />
        </label>
        <button type="submit">Search</button>
        <Segments option={WHAT} label="Where" titles={WHAT_TITLES} />
        {what === "text" && <Segments option={CASE} label="Case" />}
      </form>
      {text && what === "text" && <HeadsNote sites={sites} />}
      {text && what === "text" && <TextFoundList text={text} />}
      {text.trim() && what === "words" && <WordsFound text={text} />}
      {text && what === "typed" && <TypedFound text={text} />}
    </main>
  );
}
