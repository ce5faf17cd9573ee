// Light or dark: what the system prefers, until the reader says otherwise.
import { computed, signal } from "@preact/signals";

export type Theme = "light" | "dark";

const KEY = "actogram-theme";
const system = window.matchMedia("(prefers-color-scheme: dark)");
const systemTheme = signal<Theme>(system.matches ? "dark" : "light");
system.addEventListener("change", () => (systemTheme.value = system.matches ? "dark" : "light"));

const chosen = signal<Theme | null>(readChoice());
export const theme = computed<Theme>(() => chosen.value ?? systemTheme.value);

function readChoice(): Theme | null {
  try {
    const kept = window.localStorage.getItem(KEY);
    return kept === "light" || kept === "dark" ? kept : null;
  } catch {
    return null; // storage is switched off
  }
}

export function applyTheme(): void {
  if (chosen.value) document.documentElement.dataset["theme"] = chosen.value;
}

export function toggleTheme(): void {
  chosen.value = theme.value === "dark" ? "light" : "dark";
  applyTheme();
  try {
    window.localStorage.setItem(KEY, chosen.value);
  } catch {
    // storage is switched off: the choice lasts as long as the page
  }
}
