// The parts in which a long document comes (docs/api.md, `/api/documents`): which one has a token, and
// where the ones before begin. A part begins with a chunk; a document's sequences have consecutive
// numbers, in the order of their chunks, which count from 0.
import type { DocumentText, Place } from "./api.ts";

const PART_TOKENS = 16384;
const LEAD = 2; // sequences that are shown before the one that is looked for

export const firstChunk = ({ sequences }: DocumentText): number => sequences[0]?.chunk ?? 0;

/** The chunk at which to begin so that `at` is shown; null where the part that is here has it, or
 * the document does not. */
export function chunkFor(part: DocumentText, at: Place): number | null {
  const first = part.sequences[0];
  if (!first || part.sequences.some(({ sequence }) => sequence === at.sequence)) return null;
  const chunk = at.sequence - first.sequence + first.chunk;
  return chunk < 0 || chunk >= part.n_sequences ? null : Math.max(0, chunk - LEAD);
}

/** The chunk that the part before begins with, null before the first. All sequences but the last are
 * of one length, so as many as this fit into a part and none is left out between the two. */
export function earlierPart(part: DocumentText): number | null {
  const begin = firstChunk(part);
  if (begin === 0) return null;
  const n = Math.floor((PART_TOKENS * (part.n_sequences - 1)) / part.n_tokens);
  return Math.max(0, begin - Math.max(1, n));
}
