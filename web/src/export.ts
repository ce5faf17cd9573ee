// What is on the screen as a file: a table as CSV, the page as SVG or PNG.
import { signal } from "@preact/signals";

export type Cell = string | number | null;

/** What the page that is shown has to give, besides its picture. */
export interface Exported {
  name: string; // of the files, without an ending
  /** The address of the page's JSON, or what makes it where no one document has what is shown. */
  json: string | (() => unknown);
  rows: () => Cell[][]; // the first has the titles
}

export const exported = signal<Exported | null>(null);

/** RFC 4180: quoted where it must be; a number as JSON has it, null as nothing. */
export function csvOf(rows: readonly (readonly Cell[])[]): string {
  const field = (cell: Cell): string => {
    const text = cell === null ? "" : String(cell);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return rows.map((row) => `${row.map(field).join(",")}\r\n`).join("");
}

export function download(name: string, content: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => {
    URL.revokeObjectURL(link.href);
  }, 1000);
}

/** A name that every file system takes. */
export const fileName = (text: string): string => text.replace(/[^\p{L}\p{N}._-]+/gu, "_");

function stylesOf(page: Document): string {
  const rules = [...page.styleSheets].flatMap((sheet) => [...sheet.cssRules]);
  return rules.map((rule) => rule.cssText).join("\n");
}

/** A picture shows what a page shows: canvases as they are painted, nothing left out for speed. */
function pictureOf(element: Element): Element {
  const copy = element.cloneNode(true) as Element;
  const painted = [...element.querySelectorAll("canvas")];
  copy.querySelectorAll("canvas").forEach((canvas, i) => {
    const image = document.createElement("img");
    image.src = painted[i]?.toDataURL() ?? "";
    image.style.cssText = canvas.style.cssText;
    canvas.replaceWith(image);
  });
  return copy;
}

export interface Picture {
  svg: string;
  width: number;
  height: number;
}

/** The part of the page below the bar as an SVG of its own, in the theme that is shown. */
export function svgOf(element: Element, theme: "light" | "dark"): Picture {
  const { width, height } = element.getBoundingClientRect();
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("width", String(width));
  svg.setAttribute("height", String(height));
  svg.setAttribute("data-theme", theme); // the style sheet's :root is the picture now
  const style = document.createElementNS("http://www.w3.org/2000/svg", "style");
  style.textContent = `${stylesOf(document)} * { content-visibility: visible !important; }`;
  const inside = document.createElementNS("http://www.w3.org/2000/svg", "foreignObject");
  inside.setAttribute("width", "100%");
  inside.setAttribute("height", "100%");
  const body = document.createElement("body");
  body.style.background = "var(--page)";
  body.append(pictureOf(element));
  inside.append(body);
  svg.append(style, inside);
  return { svg: new XMLSerializer().serializeToString(svg), width, height };
}

export async function pngOf({ svg, width, height }: Picture): Promise<Blob> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const scale = Math.min(2, 16000 / Math.max(width, height)); // what canvases can hold
  const canvas = document.createElement("canvas");
  canvas.width = Math.ceil(width * scale);
  canvas.height = Math.ceil(height * scale);
  const context = canvas.getContext("2d");
  context?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => {
      if (blob) resolve(blob);
      else reject(new Error("the picture is too large"));
    }, "image/png");
  });
}
