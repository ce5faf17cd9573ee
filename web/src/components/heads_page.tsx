// All attention heads: the grid, and a list of them by their numbers.
import { useEffect } from "preact/hooks";
import { kindOf } from "../address.ts";
import type { Recording } from "../api.ts";
import { HeadGridSection } from "./head_grid.tsx";
import { PageHead } from "./page_head.tsx";
import { UnitTable } from "./unit_table.tsx";

export function HeadsPage({ recording }: { recording: Recording }) {
  useEffect(() => {
    document.title = "Heads · actogram";
  }, []);
  return (
    <main class="landing">
      <PageHead title="Heads" />
      {recording.sites.some((site) => kindOf(site) === "heads") ? (
        <HeadGridSection sites={recording.sites} />
      ) : (
        <p class="notice">
          This recording has no attention heads; <code>actogram record --units mlp,attn</code> keeps
          them.
        </p>
      )}
      <section aria-labelledby="list-title">
        <UnitTable question={{ kind: "heads" }} />
      </section>
    </main>
  );
}
