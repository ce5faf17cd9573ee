// The bar above every page: name, search, random unit, theme, help.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { exampleUnit, findAddress, looksLikeAddress, randomUnit } from "../address.ts";
import type { Recording, SiteInfo } from "../api.ts";
import { useKeys } from "../keys.ts";
import { askFor, hrefOf, location, navigate, option } from "../route.ts";
import { theme, toggleTheme } from "../theme.ts";
import mark from "../mark.svg";
import { ExportMenu } from "./export_menu.tsx";
import { HelpDialog } from "./help.tsx";

interface HeaderProps {
  recording: Recording | null;
  names: readonly string[]; // of all recordings that are served
  here: SiteInfo | null;
}

export function Header({ recording, names, here }: HeaderProps) {
  const [help, setHelp] = useState(false);
  const search = useRef<HTMLInputElement>(null);
  const sites = recording?.sites;
  const actions = useMemo(
    () => ({
      "/": () => search.current?.select(),
      "?": () => {
        setHelp(true);
      },
      t: toggleTheme,
      h: () => {
        navigate(hrefOf(""));
      },
      u: () => {
        navigate(hrefOf("units"));
      },
      a: () => {
        navigate(hrefOf("heads"));
      },
      s: () => {
        navigate(hrefOf("search"));
      },
      e: () => {
        document.querySelector(".export")?.setAttribute("open", "");
        document.querySelector<HTMLElement>(".export div > *")?.focus();
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
      <a class="brand" href={hrefOf("")} aria-label="actogram: overview">
        <img src={mark} alt="" width="24" height="24" />
        <span>actogram</span>
      </a>
      {recording && names.length <= 1 && <span class="bar-name">{recording.name}</span>}
      {names.length > 1 && <RecordingChoice names={names} />}
      <SearchBox sites={sites ?? []} here={here} input={search} />
      <ExportMenu />
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

/** The same page in another recording. */
function RecordingChoice({ names }: { names: readonly string[] }) {
  const current = option("in") || names[0];
  return (
    <select
      class="bar-name"
      aria-label="Recording"
      value={current}
      onChange={(event) => {
        const name = event.currentTarget.value;
        askFor({ in: name === names[0] ? null : name });
      }}
    >
      {names.map((name) => (
        <option key={name} value={name}>
          {name}
        </option>
      ))}
    </select>
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
    if (found.kind === "error" && !looksLikeAddress(box.value)) {
      navigate(hrefOf("search", { text: box.value }));
      box.value = "";
      box.blur();
      return;
    }
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
        aria-label="A unit, a site, or text to search for"
        placeholder={`${example.short}/${example.index} or a word`}
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
