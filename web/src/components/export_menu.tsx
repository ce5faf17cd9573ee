// The page as a file: its JSON, its table as CSV, its picture as SVG or PNG.
import { useEffect, useRef } from "preact/hooks";
import { csvOf, download, exported, fileName, pngOf, svgOf, type Exported } from "../export.ts";
import { theme } from "../theme.ts";

/** What the page gives while it is shown. */
export function useExport(given: Exported | null): void {
  useEffect(() => {
    exported.value = given;
    return () => {
      exported.value = null;
    };
  }, [given]);
}

export function ExportMenu() {
  const menu = useRef<HTMLDetailsElement>(null);
  const page = exported.value;
  if (!page) return null;
  const name = fileName(page.name);
  const close = () => {
    if (menu.current) menu.current.open = false;
  };
  const picture = () => {
    const main = document.querySelector("main");
    if (!main) throw new Error("no page is shown");
    return svgOf(main, theme.value);
  };
  const { json } = page;
  const madeJson = async (make: () => unknown) => {
    const text = JSON.stringify(await make());
    download(`${name}.json`, new Blob([text], { type: "application/json" }));
  };
  const csv = () => {
    download(`${name}.csv`, new Blob([csvOf(page.rows())], { type: "text/csv" }));
  };
  const svg = () => {
    download(`${name}.svg`, new Blob([picture().svg], { type: "image/svg+xml" }));
  };
  const png = async () => {
    download(`${name}.png`, await pngOf(picture()));
  };
  const button = (label: string, action: () => unknown) => (
    <button
      type="button"
      onClick={() => {
        close();
        void action();
      }}
    >
      {label}
    </button>
  );
  return (
    <details
      ref={menu}
      class="export"
      onKeyDown={(event) => {
        if (event.key === "Escape") close();
      }}
    >
      <summary title="This page as a file (e)">Export</summary>
      <div>
        {typeof json === "string" ? (
          <a href={json} download={`${name}.json`} onClick={close}>
            JSON
          </a>
        ) : (
          button("JSON", () => madeJson(json))
        )}
        {button("CSV", csv)}
        {button("SVG", svg)}
        {button("PNG", png)}
      </div>
    </details>
  );
}
