// Attention heads: the page of one against `actogram show --json`, and the grid of all.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { kindOf } from "../../src/address.ts";
import type { Exemplar, SiteSummaries } from "../../src/api.ts";
import { formatHeadShade, HEAD_SCORES } from "../../src/metrics.ts";
import { formatCount, formatPercent, formatValue } from "../../src/numbers.ts";
import { keysOf, pairsOf, queriesOf, type Link } from "../../src/pairs.ts";
import { joinGraphemes, pieceAt, quotedText } from "../../src/pieces.ts";
import { base, document, lookAt, onPage, openUnit, shownUnit, startBrowser } from "./harness.ts";

const ground = startBrowser();

test("a head's scores, distances and tokens are those of show --json", async (t) => {
  const { summary, head } = shownUnit(ground.head);
  assert.ok(head);
  await onPage(t, ground, async (page) => {
    await openUnit(page, ground.head);
    const cells = (selector: string) => page.locator(selector).allTextContents();
    assert.deepEqual(
      await cells("[aria-labelledby=scores-title] dd"),
      HEAD_SCORES.map((score) => formatHeadShade(score, head[score])),
    );
    const numbers = await cells("[aria-label=Summary] .numbers > div");
    assert.ok(numbers.includes(`pairs${formatCount(summary.count)}`));
    const all = head.distance.pattern.reduce((sum, x) => sum + x, 0);
    const shares = await cells("[aria-labelledby=distances-title] td:nth-child(2)");
    assert.deepEqual(
      shares,
      head.distance.pattern.slice(0, shares.length).map((x) => formatPercent(x / all)),
    );
    assert.deepEqual(
      await cells('[aria-label="Keys that are looked at"] tbody th'),
      head.key_tokens.slice(0, 8).map(({ text }) => quotedText(text)),
    );
    const peaks = await cells("#group-top .peak-value");
    const top = shownUnit(ground.head).groups.find(({ name }) => name === "top")?.exemplars ?? [];
    assert.ok(peaks.length > 0);
    assert.equal(peaks[0], formatValue(top[0]?.value));
  });
});

/** The first excerpt, and what its query is joined to. */
function firstPairs() {
  const exemplar = shownUnit(ground.head).groups.find(({ name }) => name === "top")?.exemplars[0];
  assert.ok(exemplar);
  return pairsWithin(exemplar);
}

function pairsWithin(exemplar: Exemplar) {
  const pairs = pairsOf(exemplar);
  assert.ok(pairs);
  const pieces = joinGraphemes(exemplar.pieces);
  const query = pieceAt(pieces, exemplar.position);
  return { exemplar, pairs, pieces, query };
}

const shownEnds = (page: Page, nth: number) =>
  page
    .locator(`[role=tooltip] table >> nth=${nth}`)
    .locator("tr")
    .evaluateAll((rows) =>
      rows.map((row) => [
        row.querySelector("th")?.textContent,
        row.querySelector("td")?.textContent,
      ]),
    );

test("where units of a token or a word are listed, heads are said to be elsewhere", async (t) => {
  await onPage(t, ground, async (page) => {
    for (const path of ["documents/0?at=0:3", "search?text=licen"]) {
      await page.goto(`${base}/${path}`);
      await page.getByText("Heads are not listed").waitFor();
    }
    await page.getByRole("link", { name: "the heads", exact: true }).click();
    await page.getByRole("heading", { level: 1, name: "Heads" }).waitFor();
    const { recordings } = await document<{ recordings: string[] }>("/api/recordings");
    await page.goto(`${base}/search?text=licen&in=${recordings[1] ?? ""}`);
    await page.getByText("occurrence").first().waitFor();
    assert.equal(await page.getByText("Heads are not listed").count(), 0, "it has none");
  });
});

test("a token tells what it attends to and what attends to it, with lines between", async (t) => {
  const { exemplar, pairs, pieces, query } = firstPairs();
  const texts = (links: readonly Link[]) =>
    links
      .slice(0, 6)
      .map(({ piece, value }) => [quotedText(pieces[piece]?.text ?? ""), formatValue(value, 3)]);
  await onPage(t, ground, async (page) => {
    await openUnit(page, ground.head);
    const token = page.locator("#group-top .tok.peak").first();
    await token.hover();
    const tip = page.locator("[role=tooltip]");
    await tip.waitFor({ state: "visible" });
    const [keys, queries] = [keysOf(pairs, pieces, query), queriesOf(pairs, pieces, query)];
    assert.equal(formatValue(keys[0]?.value), formatValue(exemplar.value), "the highest pair");
    assert.deepEqual(await shownEnds(page, 0), texts(keys));
    assert.deepEqual(await shownEnds(page, 1), texts(queries));
    const others = (links: readonly Link[]) => links.filter(({ piece }) => piece !== query).length;
    const lines = (kind: string) => page.locator(`.pair-lines .line-${kind}`).count();
    await page.locator(".pair-lines path").first().waitFor({ state: "attached" });
    assert.equal(await lines("key"), Math.min(10, others(keys)));
    assert.equal(await lines("query"), Math.min(10, others(queries)));
    assert.equal(await page.locator(".marker").count(), 1, "the histogram marks the highest");
    await page.mouse.move(2, 2);
    await tip.waitFor({ state: "hidden" });
    assert.equal(await page.locator(".pair-lines").count(), 0);
  });
});

test("the same is told by keyboard, and by the triangle", async (t) => {
  const { pairs, pieces, query } = firstPairs();
  await onPage(t, ground, async (page) => {
    await openUnit(page, ground.head);
    await page.locator("#group-top .tok.peak").first().focus();
    await page.keyboard.press("ArrowLeft");
    const tip = page.locator("[role=tooltip]");
    const before = quotedText(pieces[query - 1]?.text ?? "");
    await page.waitForFunction(
      (text) => window.document.querySelector("[role=tooltip] .tip-title")?.textContent === text,
      before,
    );
    assert.ok((await page.locator(".pair-lines path").count()) > 0);
    await page.keyboard.press("Escape");
    const canvas = page.locator("#group-top .triangle canvas").first();
    const box = await canvas.boundingBox();
    assert.ok(box);
    const cell = box.width / pairs.n;
    const row = pairs.n - 1;
    await canvas.hover({ position: { x: 0.5 * cell, y: (row + 0.5) * cell } });
    await tip.waitFor({ state: "visible" });
    assert.ok((await tip.innerText()).includes(formatValue(pairs.value(row, 0), 5)));
    const colours = await canvas.evaluate((element: HTMLCanvasElement) => {
      const { data } =
        element.getContext("2d")?.getImageData(0, 0, element.width, element.height) ?? {};
      return new Set(new Uint32Array(data?.buffer ?? new ArrayBuffer(0))).size;
    });
    assert.ok(colours > 5, `the triangle is painted, with ${colours} colours`);
  });
});

test("the grid has a cell for each head, coloured by any score, and leads to it", async (t) => {
  const sites = ground.recording.sites.filter((site) => kindOf(site) === "heads");
  const n_heads = sites.reduce((sum, { n_units }) => sum + n_units, 0);
  const { layer } = ground.site;
  const site = `${layer}.attn`;
  const { previous } = await document<SiteSummaries>(`/api/sites/${site}`);
  await onPage(t, ground, async (page) => {
    await page.goto(base);
    await page.locator("h1").waitFor();
    await page.keyboard.press("a");
    await page.locator(".heads .legend").waitFor();
    assert.equal(await page.locator(".head-cell").count(), n_heads);
    const cell = page.locator(`.head-cell[href^="/${site}/2"]`);
    const colour = () => cell.evaluate((one) => getComputedStyle(one).backgroundColor);
    const before = await colour();
    await page
      .locator(".heads")
      .getByRole("radio", { name: "previous token" })
      .check({ force: true });
    assert.equal(new URL(page.url()).searchParams.get("score"), "previous");
    assert.notEqual(await colour(), before);
    const label = `${site}/2, previous token ${formatHeadShade("previous", previous?.[2])}`;
    assert.equal(await cell.getAttribute("aria-label"), label);
    await page.locator(".head-cell").first().focus();
    for (let i = 0; i < layer; i++) await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Enter");
    await page.waitForURL(`**/${site}/1*`);
  });
});

test("the pages of heads fit, are accessible, and are calm in both themes", async (t) => {
  await lookAt(t, ground, "heads", async (page) => {
    await page.goto(`${base}/heads?score=first`);
    await page.locator(".heads .legend").waitFor();
    await page.locator(".ranking tbody tr").first().waitFor();
  });
  await lookAt(t, ground, "head", async (page) => {
    await openUnit(page, ground.head);
    await page.locator("#group-top .tok.peak").first().focus();
    await page.locator(".pair-lines path").first().waitFor({ state: "attached" });
  });
});
