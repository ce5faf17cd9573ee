// The server's JSON documents (docs/api.md) and the way to them. Documents never change while a
// server runs, so each is fetched once; the few last units are kept, because people go back.

export interface SiteInfo {
  name: string;
  short: string;
  layer: number;
  n_units: number;
}

export interface Recording {
  name: string;
  model: {
    name: string;
    architecture: string;
    file: string;
    sha256: string;
    file_type: string;
    n_layers: number;
    n_vocab: number;
  };
  corpus: {
    sources: { name: string; n_documents: number; invalid_bytes: number }[];
    n_documents: number;
    n_sequences: number;
    n_tokens: number;
  };
  options: Record<string, unknown>;
  sites: SiteInfo[];
  provenance: Record<string, unknown>;
}

export const METRICS = [
  "positive_share",
  "max",
  "min",
  "mean",
  "std",
  "skewness",
  "kurtosis",
] as const;
export type Metric = (typeof METRICS)[number];

/** One number per unit; null where it is NaN or infinite. */
export type SiteSummaries = { site: string; short: string; n_units: number } & Record<
  Metric,
  (number | null)[]
>;

export interface Place {
  sequence: number;
  position: number;
}

export interface PieceToken {
  position: number;
  id: number;
  value: number | null;
}

/** The shortest run of tokens that ends on a character boundary. */
export interface Piece {
  text: string;
  tokens: PieceToken[];
  invalid?: boolean;
}

export interface Exemplar extends Place {
  value: number | null;
  document: { index: number; source: string; name: string };
  window: { begin: number; end: number; n_tokens: number };
  pieces: Piece[];
}

export interface Group {
  name: string;
  title: string;
  quantiles?: [number, number];
  exemplars: Exemplar[];
}

export interface Distribution {
  edges: (number | null)[];
  counts: number[];
}

export interface Unit {
  address: string;
  short: string;
  previous: string; // "" at the ends
  next: string;
  summary: {
    count: number;
    n_nan: number;
    n_infinite: number;
    n_positive: number;
    min_at: Place | null;
    max_at: Place | null;
    variance: number | null;
  } & Record<Metric, number | null>;
  histogram: Distribution;
  sequence_maxima?: Distribution & { boundaries: (number | null)[] };
  groups: Group[];
}

export class ApiError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

async function get<T>(path: string): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, { headers: { Accept: "application/json" } });
  } catch {
    throw new ApiError("unreachable", "The server does not answer. Is `actogram serve` running?");
  }
  const body = (await response.json().catch(() => null)) as
    (T & { error?: { code: string; message: string } }) | null;
  if (response.ok && body !== null) return body;
  throw new ApiError(
    body?.error?.code ?? `http ${response.status}`,
    body?.error?.message ?? "The server answered with something that is not JSON.",
  );
}

const MAX_KEPT = 400;
const kept = new Map<string, Promise<unknown>>();

function keep<T>(path: string): Promise<T> {
  let promise = kept.get(path) as Promise<T> | undefined;
  if (!promise) {
    promise = get<T>(path);
    kept.set(path, promise);
    promise.catch(() => kept.delete(path)); // a failure is worth another try
    const oldest = kept.keys().next().value;
    if (kept.size > MAX_KEPT && oldest !== undefined) kept.delete(oldest);
  }
  return promise;
}

/** Escapes each part of an address, but leaves its slashes, colons and dots readable. */
export const encodeAddress = (address: string): string =>
  address
    .split("/")
    .map((part) => encodeURIComponent(part).replaceAll("%3A", ":"))
    .join("/");

export const fetchRecording = () => keep<Recording>("/api/recording");
export const fetchSite = (site: string) => keep<SiteSummaries>(`/api/sites/${encodeAddress(site)}`);
export const fetchUnit = (address: string) => keep<Unit>(`/api/units/${encodeAddress(address)}`);
