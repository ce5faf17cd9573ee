// Where we are: the path says which unit, the query how it is shown. Both are in the URL, so that
// a link reproduces what its sender saw. Options that are at their default are left out.
import { signal } from "@preact/signals";
import { encodeAddress } from "./address.ts";

export interface Location {
  path: string;
  query: URLSearchParams;
}

const read = (): Location => ({
  path: safeDecode(window.location.pathname),
  query: new URLSearchParams(window.location.search),
});

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export const location = signal<Location>(read());

// Options that mean the same on every page, so that links carry them along.
const CARRIED = ["in", "by", "order", "context", "breaks", "numbers", "x", "y", "try"];

/** The link to an address, with those options of this page that hold there too, and `more`. */
export function hrefOf(address: string, more: Readonly<Record<string, string>> = {}): string {
  const query = new URLSearchParams();
  for (const name of CARRIED) {
    const value = location.value.query.get(name);
    if (value !== null) query.set(name, value);
  }
  for (const [name, value] of Object.entries(more)) query.set(name, value);
  const text = query.toString();
  return `/${encodeAddress(address)}${text ? `?${text}` : ""}`;
}

/** What the address of this page says of an option, "" where it says nothing. */
export const option = (name: string): string => location.value.query.get(name) ?? "";

/** Whether the page stands inside another one (embed.ts). */
export const isEmbedded = (): boolean => option("embed") === "true";

/** Leads to another page; from an embed in a new tab, as its frame has no room for all of it. */
export function navigate(href: string): void {
  if (isEmbedded()) {
    window.open(href, "_blank", "noopener");
    return;
  }
  window.history.pushState(null, "", href);
  location.value = read();
  window.scrollTo(0, 0);
}

type Changes = Readonly<Record<string, string | null>>;

/** Where the page leads with options changed; null takes one out. */
function withOptions(options: Changes): string {
  const query = new URLSearchParams(window.location.search);
  for (const [name, value] of Object.entries(options)) {
    if (value === null) query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  return window.location.pathname + (text ? `?${text}` : "");
}

/** Sets options of the view, without a new entry in the history. */
export function setOptions(options: Changes): void {
  window.history.replaceState(null, "", withOptions(options));
  location.value = read();
}

/** Sets what the page is about, with a new entry: Back leads to what it was about before. */
export function askFor(options: Changes): void {
  const href = withOptions(options);
  if (href === window.location.pathname + window.location.search) return;
  window.history.pushState(null, "", href);
  location.value = read();
}

export const setOption = (name: string, value: string | null): void => {
  setOptions({ [name]: value });
};

const listOf = (name: string): string[] => option(name).split(",").filter(Boolean);

/** Whether `item` is in an option that lists what is open, with commas between. */
export const isListed = (name: string, item: string): boolean => listOf(name).includes(item);

export function setListed(name: string, item: string, on: boolean): void {
  const others = listOf(name).filter((one) => one !== item);
  setOption(name, (on ? [...others, item] : others).join(",") || null);
}

/** A way to show things that the reader may choose, as it is named in the URL. */
export interface Option<T extends string> {
  name: string;
  choices: readonly T[];
  standard: T;
}

export function chosen<T extends string>({ name, choices, standard }: Option<T>): T {
  const value = location.value.query.get(name);
  return choices.find((choice) => choice === value) ?? standard;
}

export function choose<T extends string>({ name, standard }: Option<T>, choice: T): void {
  setOption(name, choice === standard ? null : choice);
}

/** Follows links inside the pages without loading them anew; those of an embed open a new tab. */
export function startRouter(): void {
  window.addEventListener("popstate", () => (location.value = read()));
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (!link || link.origin !== window.location.origin || link.target || link.hash) return;
    if (isEmbedded()) {
      link.target = "_blank";
      link.rel = "noopener";
      return;
    }
    if (link.pathname.startsWith("/api/") || link.pathname.startsWith("/assets/")) return;
    event.preventDefault();
    navigate(link.pathname + link.search);
  });
}
