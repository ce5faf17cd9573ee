// A document of the server as a component sees it: not here yet, here, or an error. The last one
// stays while the next is on its way, so that stepping through units does not flicker.
import { useEffect, useState } from "preact/hooks";
import { ApiError } from "./api.ts";

export interface Loaded<T> {
  value: T | null;
  error: ApiError | null;
  key: string;
}

export function useDocument<T>(key: string, load: () => Promise<T>): Loaded<T> {
  const [state, setState] = useState<Loaded<T>>({ value: null, error: null, key: "" });
  useEffect(() => {
    let current = true;
    load().then(
      (value) => {
        if (current) setState({ value, error: null, key });
      },
      (reason: unknown) => {
        const error = reason instanceof ApiError ? reason : new ApiError("bug", String(reason));
        if (current) setState({ value: null, error, key });
      },
    );
    return () => {
      current = false;
    };
    // `load` is a new closure each time; `key` says whether it means something else.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [key]);
  return state;
}
