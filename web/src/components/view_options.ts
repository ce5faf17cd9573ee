// How text is shown, wherever it is: options of the address, and the keys that change them.
import { useMemo } from "preact/hooks";
import { useKeys } from "../keys.ts";
import { CONTEXTS, type Context } from "../pieces.ts";
import { choose, chosen, type Option } from "../route.ts";
import type { TokenView } from "./tokens.tsx";

export const CONTEXT: Option<Context> = {
  name: "context",
  choices: CONTEXTS,
  standard: "16",
};
export const BREAKS: Option<TokenView["breaks"]> = {
  name: "breaks",
  choices: ["marks", "real"],
  standard: "marks",
};
export const NUMBERS: Option<TokenView["numbers"]> = {
  name: "numbers",
  choices: ["hidden", "shown"],
  standard: "hidden",
};

/** `b` and `v`, wherever text is. */
export function useTextKeys(): void {
  const actions = useMemo(
    () => ({
      b: () => {
        choose(BREAKS, chosen(BREAKS) === "marks" ? "real" : "marks");
      },
      v: () => {
        choose(NUMBERS, chosen(NUMBERS) === "hidden" ? "shown" : "hidden");
      },
    }),
    [],
  );
  useKeys(actions);
}

/** `1`, `2` and `3`, where text is cut into excerpts. */
export function useContextKeys(): void {
  const actions = useMemo(() => {
    const context = (choice: Context) => () => {
      choose(CONTEXT, choice);
    };
    return { 1: context("5"), 2: context("16"), 3: context("full") };
  }, []);
  useKeys(actions);
}
