// Where we are: the path says which unit, the query how it is shown. Both are in the URL, so that
// a link reproduces what its sender saw. Options that are at their default are left out.
import { signal } from "@preact/signals";
import { encodeAddress } from "./api.ts";

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

/** The link to an address, with the options of the page that we are on. */
export function hrefOf(address: string): string {
  const query = location.value.query.toString();
  return `/${encodeAddress(address)}${query ? `?${query}` : ""}`;
}

export function navigate(href: string): void {
  window.history.pushState(null, "", href);
  location.value = read();
  window.scrollTo(0, 0);
}

/** Sets an option of the view without a new entry in the history; null takes it out. */
export function setOption(name: string, value: string | null): void {
  const query = new URLSearchParams(window.location.search);
  if (value === null) query.delete(name);
  else query.set(name, value);
  const text = query.toString();
  window.history.replaceState(null, "", window.location.pathname + (text ? `?${text}` : ""));
  location.value = read();
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

/** Follows links inside the pages without loading them anew. */
export function startRouter(): void {
  window.addEventListener("popstate", () => (location.value = read()));
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (!link || link.origin !== window.location.origin || link.target || link.hash) return;
    if (link.pathname.startsWith("/api/") || link.pathname.startsWith("/assets/")) return;
    event.preventDefault();
    navigate(link.pathname + link.search);
  });
}
