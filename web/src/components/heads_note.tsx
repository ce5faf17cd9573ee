// Why no attention head is among the units of a token or a word.
import { kindOf } from "../address.ts";
import type { SiteInfo } from "../api.ts";
import { hrefOf } from "../route.ts";

/** Nothing where the recording has no heads: none is missing there. */
export const HeadsNote = ({ sites }: { sites: readonly SiteInfo[] }) =>
  sites.some((site) => kindOf(site) === "heads") ? (
    <p class="muted">
      Heads are not listed: they have patterns, not events; see{" "}
      <a href={hrefOf("heads")}>the heads</a>.
    </p>
  ) : null;
