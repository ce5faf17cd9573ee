// Keyboard shortcuts that hold everywhere except while typing. A page registers its own while it
// is shown; the help lists KEYS.
import { useEffect } from "preact/hooks";

export const KEYS: readonly { keys: string[]; does: string }[] = [
  { keys: ["j", "→"], does: "next unit" },
  { keys: ["k", "←"], does: "previous unit" },
  { keys: ["r"], does: "random unit" },
  { keys: ["/"], does: "search for an address" },
  { keys: ["h"], does: "home: all units" },
  { keys: ["1", "2", "3"], does: "short, medium, full excerpts" },
  { keys: ["b"], does: "real line breaks or ↵" },
  { keys: ["v"], does: "values under the tokens" },
  { keys: ["t"], does: "light or dark" },
  { keys: ["?"], does: "this help" },
];

/** Inside these the arrows move between tokens or cells (data-arrows). */
const ownArrows = (target: EventTarget | null): boolean =>
  target instanceof Element && target.closest("[data-arrows]") !== null;

const typing = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.matches("input, textarea, select");

export function useKeys(actions: Readonly<Record<string, () => void>>): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey) return;
      if (typing(event.target)) return;
      if (event.key.startsWith("Arrow") && ownArrows(event.target)) return;
      const action = actions[event.key];
      if (!action) return;
      event.preventDefault();
      action();
    };
    document.addEventListener("keydown", onKey);
    return () => {
      document.removeEventListener("keydown", onKey);
    };
  }, [actions]);
}
