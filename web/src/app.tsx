// Path to page. A path is an address as people type it: `/`, `/12.mlp`, `/12.mlp/345`.
import { useEffect } from "preact/hooks";
import { exampleUnit, findAddress } from "./address.ts";
import { fetchRecording, type Recording } from "./api.ts";
import { Header } from "./components/header.tsx";
import { Landing } from "./components/landing.tsx";
import { Message } from "./components/message.tsx";
import { SitePage } from "./components/site_page.tsx";
import { UnitPage } from "./components/unit_page.tsx";
import { location } from "./route.ts";
import { hideTip, Tooltip } from "./tooltip.tsx";
import { useDocument } from "./use_document.ts";

export function App() {
  const { value: recording, error } = useDocument("recording", fetchRecording);
  const { path } = location.value;
  useEffect(hideTip, [path]);
  const found = recording && path !== "/" ? findAddress(path, recording.sites) : null;
  const here = found && found.kind !== "error" ? found.site : null;
  return (
    <>
      <Header recording={recording} here={here} />
      {error && (
        <Message title="The recording cannot be shown">
          <p>{error.message}</p>
        </Message>
      )}
      {recording && <Page recording={recording} path={path} found={found} />}
      <Tooltip />
    </>
  );
}

interface PageProps {
  recording: Recording;
  path: string;
  found: ReturnType<typeof findAddress> | null;
}

function Page({ recording, path, found }: PageProps) {
  if (!found) return <Landing recording={recording} />;
  if (found.kind === "site") return <SitePage site={found.site} />;
  if (found.kind === "unit") return <UnitPage site={found.site} index={found.index} />;
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
        <a href="/">all units</a>.
      </p>
    </Message>
  );
}
