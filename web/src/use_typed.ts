// What the model makes of a text that was typed. It takes a while, so a question that nobody waits for
// any more is given up: the server sees the connection end and stops.
import { useEffect, useState } from "preact/hooks";
import { ApiError, documentPath, fetchPath, sendJson, type Live } from "./api.ts";
import { useDocument } from "./use_document.ts";

export interface Typed<T> {
  value: T | null;
  error: ApiError | null;
  running: boolean;
}

const IDLE = { value: null, error: null, running: false };

/** Asks when there is a text and whenever it is another; nothing where `text` is "". */
export function useTyped<T>(path: string, text: string): Typed<T> {
  const [state, setState] = useState<Typed<T>>(IDLE);
  useEffect(() => {
    if (!text) {
      setState(IDLE);
      return;
    }
    const abort = new AbortController();
    setState({ value: null, error: null, running: true });
    sendJson<T>("POST", path, { text }, abort.signal).then(
      (value) => {
        if (!abort.signal.aborted) setState({ value, error: null, running: false });
      },
      (reason: unknown) => {
        const error = reason instanceof ApiError ? reason : new ApiError("bug", String(reason));
        if (!abort.signal.aborted) setState({ value: null, error, running: false });
      },
    );
    return () => {
      abort.abort();
    };
  }, [path, text]);
  return state;
}

/** Whether text can be run at all. */
export function useLive(): Live | null {
  const path = documentPath("live");
  return useDocument(path, () => fetchPath<Live>(path)).value;
}
