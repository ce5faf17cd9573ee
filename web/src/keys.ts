// Keyboard shortcuts that hold everywhere except while typing. A page registers its own while it
// is shown; the help lists KEYS. While a dialog is open, only the keys that it registers act.
import { useEffect } from "preact/hooks";

export const KEYS: readonly { keys: string[]; does: string }[] = [
  { keys: ["j", "→"], does: "next unit or document" },
  { keys: ["k", "←"], does: "previous unit or document" },
  { keys: ["[", "]"], does: "the same number in the layer below, above" },
  { keys: ["r"], does: "random unit" },
  { keys: ["/"], does: "search: an address or text" },
  { keys: ["s"], does: "search text, labels and explanations" },
  { keys: ["u"], does: "units as a list" },
  { keys: ["a"], does: "attention heads" },
  { keys: ["h"], does: "home: all units" },
  { keys: ["1", "2", "3"], does: "5, 16, all tokens of an excerpt" },
  { keys: ["b"], does: "real line breaks or ↵" },
  { keys: ["v"], does: "values under the tokens" },
  { keys: ["c"], does: "compare this unit" },
  { keys: ["l"], does: "label this unit" },
  { keys: ["x"], does: "try a text on this unit" },
  { keys: ["e"], does: "this page as JSON, CSV, SVG, PNG" },
  { keys: ["t"], does: "light or dark" },
  { keys: ["?"], does: "this help" },
];

/** Inside these the arrows move between tokens or cells (data-arrows). */
const ownArrows = (target: EventTarget | null): boolean =>
  target instanceof Element && target.closest("[data-arrows]") !== null;

/** The keys that an element of a form uses itself; of all others it is all keys, as one types there. */
const OWN_KEYS: Readonly<Record<string, RegExp>> = {
  radio: /^(Arrow.*| )$/,
  checkbox: /^ $/,
};

/** Whether a key belongs to the field of a form that has the focus; `type` is "text", "select-one" … */
export const fieldUses = (type: string, key: string): boolean => OWN_KEYS[type]?.test(key) ?? true;

function ownKey(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable) return true;
  const field = target.closest<HTMLInputElement>("input, textarea, select");
  return field !== null && fieldUses(field.type, key);
}

export function useKeys(
  actions: Readonly<Record<string, () => void>>,
  where: "page" | "dialog" = "page",
): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey) return;
      if ((document.querySelector("dialog[open]") !== null) !== (where === "dialog")) return;
      if (ownKey(event.target, event.key)) return;
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
  }, [actions, where]);
}
