// A search whose results are shown as they are found. One that nobody waits for any more is given up:
// the server sees the connection end and stops.
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, fetchLines, type TextFound } from "./api.ts";

export interface Search {
  /** So far; of the search before until this one has said something. */
  found: TextFound | null;
  error: ApiError | null;
  state: "running" | "over" | "cancelled";
  cancel: () => void;
}

type State = Omit<Search, "cancel">;

async function follow(path: string, signal: AbortSignal, show: (next: State) => void) {
  let last: TextFound | null = null;
  for await (const found of fetchLines<TextFound>(path, signal)) {
    last = found;
    show({ found, error: null, state: found.searched ? "running" : "over" });
  }
  if (!last || last.searched) throw new ApiError("cut", "The server ended before the search.");
}

/** `path` is that of lines of what is found. */
export function useSearch(path: string): Search {
  const [state, setState] = useState<State>({ found: null, error: null, state: "running" });
  const running = useRef<AbortController | null>(null);
  useEffect(() => {
    const abort = new AbortController();
    running.current = abort;
    const show = (next: State) => {
      if (!abort.signal.aborted) setState(next);
    };
    setState(({ found }) => ({ found, error: null, state: "running" }));
    follow(path, abort.signal, show).catch((reason: unknown) => {
      const error = reason instanceof ApiError ? reason : new ApiError("bug", String(reason));
      show({ found: null, error, state: "over" });
    });
    return () => {
      abort.abort();
    };
  }, [path]);
  const cancel = () => {
    running.current?.abort();
    setState(({ found, error }) => ({ found, error, state: "cancelled" }));
  };
  return { ...state, cancel };
}
