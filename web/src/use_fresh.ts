// A document that may change while the server runs: asked for anew whenever it is shown.
import { fetchFresh } from "./api.ts";
import { useDocument, type Loaded } from "./use_document.ts";

/** `version` says that it has changed; "" as path asks for nothing. */
export const useFresh = <T>(path: string, version = 0): Loaded<T | null> =>
  useDocument<T | null>(`${path} ${version}`, () =>
    path ? fetchFresh<T>(path) : Promise.resolve(null),
  );
