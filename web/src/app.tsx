// Path to page. A path is an address as people type it: `/`, `/12.mlp`, `/12.mlp/345`.
import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { exampleUnit, findAddress } from "./address.ts";
import { documentPath, fetchRecording, fetchRecordings, type Recording } from "./api.ts";
import { ComparePage } from "./components/compare_page.tsx";
import { DocumentPage } from "./components/document_page.tsx";
import { Header } from "./components/header.tsx";
import { HeadsPage } from "./components/heads_page.tsx";
import { Landing } from "./components/landing.tsx";
import { Message } from "./components/message.tsx";
import { SearchPage } from "./components/search_page.tsx";
import { SitePage } from "./components/site_page.tsx";
import { UnitPage } from "./components/unit_page.tsx";
import { UnitsPage } from "./components/units_page.tsx";
import { hrefOf, isEmbedded, location } from "./route.ts";
import { hideTip, Tooltip } from "./tooltip.tsx";
import { useDocument } from "./use_document.ts";

export function App() {
  const { value: recordings } = useDocument("/api/recordings", fetchRecordings);
  const { value: recording, error } = useDocument(documentPath("recording"), fetchRecording);
  const { path } = location.value;
  useEffect(hideTip, [path]);
  const names = recordings?.recordings ?? [];
  const found = recording && path !== "/" ? findAddress(path, recording.sites) : null;
  const here = found && found.kind !== "error" ? found.site : null;
  return (
    <>
      {!isEmbedded() && <Header recording={recording} names={names} here={here} />}
      {error && (
        <Message title="The recording cannot be shown">
          <p>{error.message}</p>
        </Message>
      )}
      {recording && (
        <Page
          key={documentPath("recording")}
          recording={recording}
          names={names}
          path={path}
          found={found}
        />
      )}
      <Tooltip />
    </>
  );
}

/** Pages that are no address of a unit or a site. */
function pageAt({ path, recording, names }: PageProps): VNode | null {
  const text = /^\/documents\/(\d+)\/?$/.exec(path)?.[1];
  if (text !== undefined) return <DocumentPage index={Number(text)} sites={recording.sites} />;
  if (path === "/units") return <UnitsPage recording={recording} />;
  if (path === "/heads") return <HeadsPage recording={recording} />;
  if (path === "/search") return <SearchPage sites={recording.sites} />;
  if (path === "/compare") return <ComparePage recording={recording} names={names} />;
  return null;
}

interface PageProps {
  recording: Recording;
  names: readonly string[]; // of all recordings
  path: string;
  found: ReturnType<typeof findAddress> | null;
}

function Page(props: PageProps) {
  const { recording, path, found } = props;
  const page = pageAt(props);
  if (page) return page;
  if (!found) return <Landing recording={recording} />;
  if (found.kind === "site") return <SitePage site={found.site} />;
  if (found.kind === "unit") {
    return <UnitPage sites={recording.sites} site={found.site} index={found.index} />;
  }
  return <Missing path={path} message={found.message} recording={recording} />;
}

function Missing(props: { path: string; message: string; recording: Recording }) {
  const { path, message, recording } = props;
  const example = exampleUnit(recording.sites);
  useEffect(() => {
    document.title = "Not found · actogram";
  }, []);
  return (
    <Message title="No such unit">
      <p>
        <code>{path.slice(1)}</code>: {message}
      </p>
      <p>
        An address is a site and an index, such as{" "}
        <code>
          {example.short}/{example.index}
        </code>{" "}
        or{" "}
        <code>
          {example.name}/{example.index}
        </code>
        . Press <kbd>/</kbd> to type another, <kbd>r</kbd> for a random unit, or see{" "}
        <a href={hrefOf("")}>all units</a>.
      </p>
    </Message>
  );
}
