// The pages in a real browser: Chromium from CHROMIUM or /usr/bin/chromium, against the server in
// ACTOGRAM_URL, which shows a recording of neurons and latents and a second one of the same model
// (tools/test_browser makes both). Whatever a page logs as an error, each request to another host
// and each violation of the security policy fails the test that caused it.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, type TestContext } from "node:test";
import { chromium, type Browser, type Page } from "playwright-core";
import { kindOf } from "../../src/address.ts";
import type { Recording, SiteInfo, SiteSummaries, Unit } from "../../src/api.ts";

const ARGUMENTS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

function given(name: string): string {
  const value = process.env[name];
  assert.ok(value, `${name} is not set: run tools/test_browser`);
  return value.replace(/\/$/, "");
}

export const base = given("ACTOGRAM_URL");

/** What every test may ask for, once startBrowser() has run. */
export interface Ground {
  browser: Browser;
  recording: Recording;
  site: SiteInfo; // of neurons, in the middle of the model
  unit: string; // of that site, with neighbours on both sides
  latent: string; // of the SAE's site
  head: string; // of the middle layer
}

/** Starts the browser before the tests of a file and ends it after them. */
export function startBrowser(): Ground {
  const ground = {} as Ground;
  before(async () => {
    ground.recording = await document<Recording>("/api/recording");
    const { sites } = ground.recording;
    const dense = sites.filter((s) => s.name.includes(".mlp."));
    const sparse = sites.find((s) => s.name.includes("/sae:"));
    const middle = dense[Math.floor(dense.length / 2)];
    const heads = sites.find((s) => kindOf(s) === "heads" && s.layer === middle?.layer);
    assert.ok(middle && sparse && heads, "the recording has neurons, latents and heads");
    ground.site = middle;
    ground.unit = await liveUnit(middle);
    ground.latent = await liveUnit(sparse);
    ground.head = await liveUnit(heads);
    ground.browser = await chromium.launch({
      executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
      args: ARGUMENTS,
    });
  });
  after(() => ground.browser.close());
  return ground;
}

/** A document of the server. */
export async function document<T>(path: string): Promise<T> {
  // A connection kept from before may be closed by the server just as it is used again.
  const response = await fetch(base + path, { headers: { connection: "close" } });
  assert.equal(response.status, 200, path);
  return (await response.json()) as T;
}

/** A unit as the command line has it. */
export const shownUnit = (address: string): Unit =>
  JSON.parse(
    execFileSync(given("ACTOGRAM"), ["show", given("RECORDING"), address, "--json"], {
      encoding: "utf8",
      maxBuffer: 1 << 28,
    }),
  ) as Unit;

/** The unit of a site with the highest maximum that has neighbours on both sides. */
async function liveUnit({ short, n_units }: SiteInfo): Promise<string> {
  const { max } = await document<SiteSummaries>(`/api/sites/${short}`);
  let best = Math.min(1, n_units - 1);
  for (let i = 1; i + 1 < n_units; i++) if ((max[i] ?? 0) > (max[best] ?? 0)) best = i;
  return `${short}/${best}`;
}

export interface Options {
  colorScheme?: "light" | "dark";
  width?: number;
  expectErrors?: boolean;
}

/** Runs `body` on a fresh page and fails on anything that the page should not have done. */
export async function onPage(
  t: TestContext,
  ground: Ground,
  body: (page: Page) => Promise<void>,
  options: Options = {},
) {
  const { colorScheme = "light", width = 1280, expectErrors = false } = options;
  const context = await ground.browser.newContext({
    colorScheme,
    viewport: { width, height: 900 },
  });
  t.after(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(20000);
  const problems: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.text().includes("Content Security Policy")) {
      problems.push(message.text());
    }
  });
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("request", (request) => {
    if (
      new URL(request.url()).origin !== new URL(base).origin &&
      !request.url().startsWith("blob:")
    ) {
      problems.push(`a request to ${request.url()}`);
    }
  });
  await body(page);
  if (!expectErrors) assert.deepEqual(problems, []);
}

/** Opens a unit and waits for its excerpts. */
export async function openUnit(page: Page, address: string, query = "") {
  await page.goto(`${base}/${address}${query}`);
  await page.locator(".tok.peak").first().waitFor();
}

export const heading = (page: Page) => page.locator("h1").innerText();

const axe = readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface Finding {
  id: string;
  impact: string | null;
  nodes: { html: string; failureSummary?: string }[];
}

/** Fails on what axe-core calls serious or critical. */
export async function assertAccessible(page: Page, what: string) {
  // Through the debugger, which the page's security policy does not bind.
  await page.evaluate(await axe);
  const findings = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run: () => Promise<{ violations: Finding[] }> } };
    return (await axe.run()).violations;
  });
  const serious = findings
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(
      ({ id, nodes }) =>
        `${what}: ${id}: ${nodes[0]?.html ?? ""} ${nodes[0]?.failureSummary ?? ""}`,
    );
  assert.deepEqual(serious, []);
}

/** Fails where the page is wider than the window. */
export async function assertFits(page: Page, what: string) {
  const overflow = await page.evaluate(
    () => window.document.documentElement.scrollWidth - window.innerWidth,
  );
  assert.ok(overflow <= 0, `${what} is ${overflow} px too wide`);
}

/** Each page in both themes at both widths: it fits, is accessible, and is kept as a picture. */
export async function lookAt(
  t: TestContext,
  ground: Ground,
  name: string,
  open: (page: Page) => Promise<void>,
) {
  for (const colorScheme of ["light", "dark"] as const) {
    for (const width of [390, 1440]) {
      await onPage(
        t,
        ground,
        async (page) => {
          await open(page);
          const what = `${name}-${colorScheme}-${width}`;
          await assertFits(page, what);
          await assertAccessible(page, what);
          await page.screenshot({ path: `../build/screenshots/${what}.png` });
        },
        { colorScheme, width },
      );
    }
  }
}
