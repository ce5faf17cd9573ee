// A unit inside another page: `?embed=true` leaves out the bar, and these leave out a part where they
// are "false". Names as Neuronpedia's embeds have them.
import { isEmbedded, option } from "./route.ts";

export type EmbedPart = "embedlink" | "embedplots" | "embedactivations";

export const isShown = (part: EmbedPart): boolean => !isEmbedded() || option(part) !== "false";
