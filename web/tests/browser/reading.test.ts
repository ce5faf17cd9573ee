// A document, what fires at its tokens, and the search for text, against the server's JSON.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DocumentText, PlaceFirings, TextFound } from "../../src/api.ts";
import { formatPercent, formatValue } from "../../src/numbers.ts";
import {
  base,
  document,
  heading,
  lookAt,
  onPage,
  openUnit,
  shownUnit,
  startBrowser,
} from "./harness.ts";

const ground = startBrowser();

const top = () => {
  const exemplar = shownUnit(ground.latent).groups.find(({ name }) => name === "top")?.exemplars[0];
  assert.ok(exemplar);
  return exemplar;
};

const placeOf = ({ sequence, position }: { sequence: number; position: number }) =>
  `${sequence}:${position}`;

test("an excerpt leads to its document, at its token and in its colours", async (t) => {
  const exemplar = top();
  const text = await document<DocumentText>(
    `/api/documents/${exemplar.document.index}?unit=${ground.latent}`,
  );
  await onPage(t, ground, async (page) => {
    await openUnit(page, ground.latent);
    await page.locator("#group-top .source a").first().click();
    await page.locator(".reading .tok.peak").waitFor();
    assert.equal(await heading(page), exemplar.document.name);
    const query = new URL(page.url()).searchParams;
    assert.equal(query.get("at"), placeOf(exemplar));
    assert.equal(query.get("unit"), ground.latent);
    assert.ok((await page.locator(".coloured").innerText()).includes(ground.latent));
    const shown = (await page.locator(".reading .tok").allTextContents()).join("");
    const plain = text.sequences.flatMap((s) => s.pieces.map((piece) => piece.text)).join("");
    const letters = (one: string) => one.replace(/[^\p{L}\p{N}]/gu, "");
    assert.equal(letters(shown), letters(plain), "the whole text is shown");
    const hot = await page.locator(".reading .tok.positive").count();
    const firing = text.sequences
      .flatMap((s) => s.pieces)
      .filter((piece) => piece.tokens.some((token) => (token.value ?? 0) > 0));
    assert.ok(hot > 0 && hot <= firing.length);
  });
});

test("a click on a token lists what fires there, and a click on a unit colours the text", async (t) => {
  const { document: source, sequence } = top();
  await onPage(t, ground, async (page) => {
    await page.goto(`${base}/documents/${source.index}`);
    const token = page.locator(`#sequence-${sequence} .tok`).nth(4);
    await token.click();
    await page.locator(".firings .figures").first().waitFor();
    const at = new URL(page.url()).searchParams.get("at") ?? "";
    const firings = await document<PlaceFirings>(`/api/places/${at.replace(":", "/")}`);
    for (const kind of firings.kinds) {
      const rows = page.locator(`[aria-label="${kind.kind}"] tbody tr`);
      const shown = await rows.evaluateAll((all) =>
        all.map((row) => [
          row.querySelector("button")?.textContent,
          ...[...row.querySelectorAll("td")].map((cell) => cell.textContent),
        ]),
      );
      assert.deepEqual(
        shown,
        kind.units.map(({ unit, value, share }) => [
          unit,
          formatValue(value),
          formatPercent(share),
        ]),
      );
    }
    const first = firings.kinds[0]?.units[0]?.unit ?? "";
    await page.getByRole("button", { name: first, exact: true }).click();
    await page.locator(".coloured").waitFor();
    assert.equal(new URL(page.url()).searchParams.get("unit"), first);
    await page.locator(".reading .tok.positive").first().waitFor();
    await page.getByRole("radio", { name: "share of peak" }).check({ force: true });
    assert.equal(new URL(page.url()).searchParams.get("sort"), "share");
    await page.reload();
    await page.locator(".reading .tok.positive").first().waitFor();
  });
});

test("a document is read and asked by keyboard alone", async (t) => {
  const { document: source } = top();
  await onPage(t, ground, async (page) => {
    await page.goto(`${base}/documents/${source.index}`);
    await page.locator(".reading .tok").first().focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Enter");
    await page.locator(".firings .figures").first().waitFor();
    assert.match(new URL(page.url()).searchParams.get("at") ?? "", /^\d+:\d+$/);
    const text = await document<DocumentText>(`/api/documents/${source.index}`);
    await page.locator("h1").click();
    if (text.next !== null) {
      await page.keyboard.press("j");
      await page.waitForURL(`**/documents/${text.next}*`);
    }
    if (text.previous !== null) {
      await page.goto(`${base}/documents/${source.index}`);
      await page.locator(".reading .tok").first().waitFor();
      await page.keyboard.press("k");
      await page.waitForURL(`**/documents/${text.previous}*`);
    }
  });
});

test("text is searched from the bar, and leads to units and places", async (t) => {
  const found = await document<TextFound>("/api/search?text=licen&limit=25");
  assert.ok(found.n_occurrences > 0);
  await onPage(t, ground, async (page) => {
    await page.goto(base);
    await page.locator("h1").waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("licen");
    await page.keyboard.press("Enter");
    await page.locator(".figures").first().waitFor();
    assert.equal(new URL(page.url()).searchParams.get("text"), "licen");
    for (const { kind, units } of found.kinds) {
      const rows = page.locator(`section[aria-label="${kind}"] tbody tr`);
      const shown = await rows.evaluateAll((all) =>
        all.map((row) => [
          row.querySelector("a")?.textContent,
          row.querySelectorAll("td")[0]?.textContent,
        ]),
      );
      assert.deepEqual(
        shown,
        units.map(({ unit, match }) => [unit, formatValue(match, 2)]),
      );
    }
    const marks = await page.locator(".occurrences li mark").allTextContents();
    assert.ok(marks.join("").toLowerCase().includes("licen"));
    await page.locator(".occurrences a").first().click();
    await page.locator(".reading .tok.peak").waitFor();
    const first = found.occurrences[0];
    assert.ok(first);
    assert.equal(new URL(page.url()).searchParams.get("at"), placeOf(first));
  });
});

test("the pages of texts fit, are accessible, and are calm in both themes", async (t) => {
  const exemplar = top();
  const query = `at=${placeOf(exemplar)}&unit=${encodeURIComponent(ground.latent)}`;
  await lookAt(t, ground, "document", async (page) => {
    await page.goto(`${base}/documents/${exemplar.document.index}?${query}`);
    await page.locator(".firings .figures").first().waitFor();
  });
  await lookAt(t, ground, "search", async (page) => {
    await page.goto(`${base}/search?text=free`);
    await page.locator(".occurrences").waitFor();
  });
});
