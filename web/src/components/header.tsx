// The bar above every page: name, search, random unit, theme, help.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { exampleUnit, findAddress, randomUnit } from "../address.ts";
import type { Recording, SiteInfo } from "../api.ts";
import { useKeys } from "../keys.ts";
import { hrefOf, location, navigate } from "../route.ts";
import { theme, toggleTheme } from "../theme.ts";
import mark from "../mark.svg";
import { HelpDialog } from "./help.tsx";

export function Header({
  recording,
  here,
}: {
  recording: Recording | null;
  here: SiteInfo | null;
}) {
  const [help, setHelp] = useState(false);
  const search = useRef<HTMLInputElement>(null);
  const sites = recording?.sites;
  const actions = useMemo(
    () => ({
      "/": () => search.current?.select(),
      "?": () => {
        setHelp((open) => !open);
      },
      t: toggleTheme,
      h: () => {
        navigate("/");
      },
      r: () => {
        if (sites) navigate(hrefOf(randomUnit(sites)));
      },
    }),
    [sites],
  );
  useKeys(actions);
  return (
    <header class="bar">
      <a class="brand" href="/">
        <img src={mark} alt="" width="24" height="24" />
        <span>actogram</span>
      </a>
      {recording && <span class="bar-name">{recording.name}</span>}
      <SearchBox sites={sites ?? []} here={here} input={search} />
      <button type="button" class="quiet" onClick={actions.r} title="Random unit (r)">
        Random
      </button>
      <button
        type="button"
        class="quiet icon"
        onClick={toggleTheme}
        title="Light or dark (t)"
        aria-label={theme.value === "dark" ? "Switch to light" : "Switch to dark"}
      >
        {theme.value === "dark" ? "☾" : "☀"}
        {"\ufe0e"}
      </button>
      <button
        type="button"
        class="quiet icon"
        onClick={actions["?"]}
        title="Help (?)"
        aria-label="Help"
      >
        ?
      </button>
      {help && (
        <HelpDialog
          close={() => {
            setHelp(false);
          }}
        />
      )}
    </header>
  );
}

interface SearchProps {
  sites: readonly SiteInfo[];
  here: SiteInfo | null;
  input: { current: HTMLInputElement | null };
}

function SearchBox({ sites, here, input }: SearchProps) {
  const [problem, setProblem] = useState("");
  const example = exampleUnit(sites);
  const path = location.value.path;
  useEffect(() => {
    setProblem("");
  }, [path]);
  const submit = (event: Event) => {
    event.preventDefault();
    const box = input.current;
    if (!box) return;
    const found = findAddress(box.value, sites, here);
    if (found.kind === "error") {
      setProblem(found.message);
      return;
    }
    box.value = "";
    box.blur();
    setProblem("");
    const { short } = found.site;
    navigate(hrefOf(found.kind === "unit" ? `${short}/${found.index}` : short));
  };
  return (
    <form class="search" role="search" onSubmit={submit}>
      <input
        ref={input}
        type="text"
        name="address"
        aria-label="Address of a unit or a site"
        placeholder={`${example.short}/${example.index}`}
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        aria-invalid={problem !== ""}
        aria-describedby="search-problem"
        onInput={() => {
          setProblem("");
        }}
        onKeyDown={(event) => {
          if (event.key === "Escape") event.currentTarget.blur();
        }}
      />
      <kbd aria-hidden="true">/</kbd>
      <output id="search-problem" class="search-problem" hidden={problem === ""}>
        {problem}
      </output>
    </form>
  );
}
