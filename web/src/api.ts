// The server's JSON documents (docs/api.md) and the way to them. Those of a recording never change while
// a server runs, so each is fetched once; the few last units are kept, because people go back. All
// are of the recording that the page's address names (`?in=`), or else of the first.
import { encodeAddress } from "./address.ts";
import type { HeadScore, Metric } from "./metrics.ts";
import { unpackUnit, type PackedUnit } from "./packed.ts";
import { option } from "./route.ts";

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

/** One number per unit; null where it is NaN or infinite. A site of heads has their scores, too. */
export type SiteSummaries = { site: string; short: string; n_units: number } & Record<
  Metric,
  (number | null)[]
> &
  Partial<Record<HeadScore, (number | null)[]>>;

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
  /** Of pairs of tokens, where they were kept: pairs.ts. */
  key?: number;
  pattern?: (number | null)[];
  key_norms?: number[];
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

/** The tokens where the gate and the linear input of a neuron have two given signs. */
export interface SignClass {
  name: string;
  count: number | null;
  share: number;
}

export interface SignClassFacts extends SignClass {
  means: Record<"hook_post" | "hook_pre_linear" | "hook_pre" | "swish", number | null>;
  peaks: Partial<Record<string, { sequence: number; position: number | null; value: number }[]>>;
}

export interface Weights {
  norm_gate: number | null;
  norm_in: number | null;
  norm_out: number | null;
  cos_gate_in: number | null;
  cos_gate_out: number | null;
  cos_in_out: number | null;
  sign: number;
  rw_class: string;
}

/** A token of a head's excerpts, by the sum of the values of its pairs. */
export interface TokenWeight {
  id: number;
  text: string;
  weight: number;
}

/** How an attention head's pattern lies. */
export type Head = Record<HeadScore, number | null> & {
  n_queries: number;
  n_repeats: number;
  distance: { pattern: number[]; value: number[] };
  query_tokens: TokenWeight[];
  key_tokens: TokenWeight[];
};

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
  sign_classes: SignClassFacts[];
  refactor_glu: boolean;
  weights: Weights | null;
  groups: Group[];
  head?: Head;
}

/** A number with the interval that it lies in; others are counts. */
export interface Estimate {
  value: number | null;
  low: number | null;
  high: number | null;
}

export interface Score {
  scorer: string;
  of: string; // "explanation", or a baseline
  text: string;
  prompt_version: string;
  model: string;
  numbers: Record<string, Estimate | number | string | null>;
}

export interface Explanation {
  unit: string;
  explanation: string;
  concept: string;
  source: string; // "actogram", or the format in which others published it
  method: string; // this and the next two are "" where others did
  prompt_version: string;
  model: string;
  parameters: Record<string, unknown>;
  scores: Score[];
}

export interface Explanations {
  address: string;
  explanations: Explanation[];
  failures: { task: string; reason: string }[];
}

export interface FoundExplanations {
  text: string;
  n_explanations: number;
  explanations: Explanation[];
}

/** What people wrote of a unit. */
export interface Label {
  short: string;
  label: string;
  note: string;
  changed: string | null;
}

/** Whether the server runs text that is typed. */
export type Live =
  | { available: false; reason: string }
  | { available: true; model: string; most_tokens: number; most_bytes: number };

/** A unit on a text that was typed. */
export interface TypedUnit {
  address: string;
  short: string;
  n_tokens: number;
  min: number;
  max: number;
  sequences: Exemplar[];
}

/** The strongest units on a text that was typed; a place's sequence is one of its own. */
export interface TypedUnits {
  n_tokens: number;
  sequences: { sequence: number; pieces: Piece[] }[];
  kinds: {
    kind: string;
    n_units: number;
    units: { unit: string; value: number; share: number; place: Place }[];
  }[];
}

export interface Labels {
  text: string;
  n_labels: number;
  labels: { unit: string; label: string; note: string; changed: string }[];
}

export interface Classes {
  address: string;
  refactor_glu: boolean;
  classes: (SignClass & { exemplars: Exemplar[] })[];
}

export interface Partners {
  address: string;
  n_events: number;
  partners: {
    unit: string;
    n_events: number;
    n_together: number;
    jaccard: number;
    correlation: number | null;
  }[];
}

/** Latents of an SAE, or neurons of a layer, that write in the same direction, or why none is known. */
export interface Similar {
  address: string;
  reason: string;
  similar: { unit: string; cosine: number }[];
}

/** A document, or a part of it, with the values of a unit where it was asked for. */
export interface DocumentText {
  index: number;
  source: string;
  name: string;
  n_sequences: number;
  n_tokens: number;
  previous: number | null;
  next: number | null;
  more: number | null; // the chunk that the next part begins with
  unit: {
    address: string;
    short: string;
    min: number | null;
    max: number | null;
    n_known: number;
  } | null;
  sequences: { sequence: number; chunk: number; pieces: Piece[] }[];
}

/** A row of a list of units; its numbers are null where they are NaN. */
export type ListedUnit = { unit: string; rw_class: string | null } & Record<Metric, number | null>;

export interface UnitList {
  n_units: number;
  units: ListedUnit[];
}

/** How a unit goes together with a phrase. */
export interface TextMatch {
  unit: string;
  match: number;
  n_together: number;
  n_events: number;
  value: number;
  share: number;
  place: Place;
}

export interface TextFound {
  /** How far the search has come; not of a whole one. Units are compared after the sequences. */
  searched?: { n_sequences: number; of_sequences: number; n_units: number; of_units: number };
  text: string;
  n_occurrences: number;
  complete: boolean;
  occurrences: (Omit<Exemplar, "value"> & { n_tokens: number })[];
  kinds: { kind: string; n_units: number; units: TextMatch[] }[];
}

/** Tokens of the vocabulary by the mean value of a unit on them. */
export interface TokenMeans {
  address: string;
  n_known: number;
  tokens: { id: number; text: string; n: number; mean: number; max: number }[];
}

/** What a value of 1 adds to the logit of a token. */
export interface TokenEffect {
  id: number;
  text: string;
  effect: number;
}

/** The tokens that a unit writes up and down, strongest first, or why none are known. */
export interface WrittenTokens {
  address: string;
  reason: string;
  n_tokens: number;
  std: number | null;
  up: TokenEffect[];
  down: TokenEffect[];
}

export type FiringOrder = "value" | "share";

export interface PlaceFirings {
  place: Place & { document: Exemplar["document"]; pieces: Piece[] };
  kinds: {
    kind: string;
    known: boolean;
    n_units: number;
    units: { unit: string; value: number; share: number }[];
  }[];
}

export class ApiError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

const unreachable = () =>
  new ApiError("unreachable", "The server does not answer. Is `actogram serve` running?");

async function reach(path: string, request: RequestInit): Promise<Response> {
  try {
    return await fetch(path, request);
  } catch {
    throw unreachable();
  }
}

interface Failed {
  error?: { code: string; message: string };
}

const errorOf = (body: Failed | null, status: number) =>
  new ApiError(
    body?.error?.code ?? `http ${status}`,
    body?.error?.message ?? "The server answered with something that is not JSON.",
  );

async function ask<T>(path: string, request: Omit<RequestInit, "headers"> = {}): Promise<T> {
  const headers = {
    Accept: "application/json",
    ...(request.body != null && { "Content-Type": "application/json" }),
  };
  const response = await reach(path, { ...request, headers });
  const body = (await response.json().catch(() => null)) as (T & Failed) | null;
  if (response.ok && body !== null) return body;
  throw errorOf(body, response.status);
}

/** The lines of an answer, each as soon as it is there. An error is thrown, in a line or instead of them. */
export async function* fetchLines<T>(path: string, signal: AbortSignal): AsyncGenerator<T> {
  const response = await reach(path, { signal });
  if (!response.ok || !response.body) {
    throw errorOf((await response.json().catch(() => null)) as Failed | null, response.status);
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let rest = ""; ;) {
    const { value, done } = await reader.read().catch(() => {
      throw unreachable();
    });
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const read = JSON.parse(line) as Awaited<T> & Failed;
      if (read.error) throw errorOf(read, response.status);
      yield read;
    }
  }
}

const MAX_KEPT = 400;
const kept = new Map<string, Promise<unknown>>();

function keep<T>(path: string, fetched = () => ask<T>(path)): Promise<T> {
  let promise = kept.get(path) as Promise<T> | undefined;
  if (!promise) {
    promise = fetched();
    kept.set(path, promise);
    promise.catch(() => kept.delete(path)); // a failure is worth another try
    const oldest = kept.keys().next().value;
    if (kept.size > MAX_KEPT && oldest !== undefined) kept.delete(oldest);
  }
  return promise;
}

type Parameters = Readonly<Record<string, string | number>>;

/** Where a document is: of the recording `of`, or of the one that the page's address names. */
export function documentPath(path: string, parameters: Parameters = {}, of = option("in")): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) query.set(name, String(value));
  if (of) query.set("in", of);
  const text = query.toString();
  return `/api/${encodeAddress(path)}${text ? `?${text}` : ""}`;
}

export const fetchRecordings = () => keep<{ recordings: string[] }>("/api/recordings");
export const fetchRecording = () => keep<Recording>(documentPath("recording"));
export const fetchSite = (site: string) => keep<SiteSummaries>(documentPath(`sites/${site}`));
/** What its page shows; scripts have the same numbers at `units/`. */
export const fetchUnit = (address: string): Promise<Unit> => fetchPacked(packedPath(address));
export const packedPath = (address: string, of?: string): string =>
  documentPath(`packed/${address}`, {}, of);
export const fetchPacked = (path: string): Promise<Unit> =>
  keep(path, async () => unpackUnit(await ask<PackedUnit>(path)));
export const fetchClasses = (address: string, of?: string) =>
  keep<Classes>(documentPath(`classes/${address}`, {}, of));

export const documentTextPath = (index: number, from: number, unit: string): string =>
  documentPath(`documents/${index}`, { ...(from > 0 && { from }), ...(unit && { unit }) });
export const placePath = ({ sequence, position }: Place, sort: FiringOrder): string =>
  documentPath(`places/${sequence}/${position}`, { sort });
export const entropyPath = (site: string): string => documentPath(`entropy/${site}`);
export const fetchPath = <T>(path: string): Promise<T> => keep<T>(path);

/** Of what may change while the server runs. */
export const fetchFresh = <T>(path: string): Promise<T> => ask<T>(path);

export const sendJson = <T>(
  method: "PUT" | "POST",
  path: string,
  body: unknown,
  signal: AbortSignal | null = null,
): Promise<T> => ask<T>(path, { method, body: JSON.stringify(body), signal });
