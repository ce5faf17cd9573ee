// A text of one's own, run by the model now: on a unit's page, and in the search for its units.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Locator, Page } from "playwright-core";
import type { Similar, TypedUnit, TypedUnits, WrittenTokens } from "../../src/api.ts";
import { formatPercent, formatValue } from "../../src/numbers.ts";
import { quotedText } from "../../src/pieces.ts";
import { base, heading, lookAt, onPage, openUnit, shownUnit, startBrowser } from "./harness.ts";

const ground = startBrowser();

const TEXT = "The license says: free 猫 of <b>charge</b>";

async function post<T>(path: string): Promise<T> {
  const response = await fetch(base + path, {
    method: "POST",
    body: JSON.stringify({ text: TEXT }),
    headers: { "Content-Type": "application/json", connection: "close" },
  });
  assert.equal(response.status, 200, path);
  return (await response.json()) as T;
}

const tryTyped = async (page: Page) => {
  await page.getByLabel("Text to run").waitFor();
  await page.keyboard.press("x");
  await page.keyboard.insertText(TEXT);
  await page.keyboard.press("Control+Enter");
  await page.locator(".excerpt.tried").first().waitFor();
};

test("a text is tried on a unit by keyboard, and is kept in the address", async (t) => {
  for (const unit of [ground.unit, ground.latent]) {
    const expected = await post<TypedUnit>(`/api/live/${unit}`);
    const recorded = shownUnit(unit).summary.max ?? 0;
    await onPage(t, ground, async (page) => {
      await openUnit(page, unit);
      await tryTyped(page);
      const tried = page.locator("section.try");
      const said = await tried.innerText();
      assert.ok(said.includes(formatValue(expected.max)), said);
      if (expected.max > 0) assert.ok(said.includes(formatPercent(expected.max / recorded)), said);
      const shown = (await tried.locator(".tok").allTextContents()).join("");
      assert.ok(shown.includes("<b>charge</b>"), shown);
      await tried.locator(".tok.peak").hover();
      const tip = page.locator("[role=tooltip]");
      await tip.waitFor({ state: "visible" });
      assert.ok((await tip.innerText()).includes(formatValue(expected.sequences[0]?.value, 5)));
      assert.equal(await page.locator(".tried-marker").count(), 1, "the histogram marks it");
      assert.equal(new URL(page.url()).searchParams.get("try"), TEXT);
      await page.reload();
      await tried.locator(".tok.peak").waitFor();
      await page.getByRole("button", { name: "Clear" }).click();
      await tried.locator(".tok").first().waitFor({ state: "detached" });
      await page.locator(".tried-marker").waitFor({ state: "detached" }); // a frame later
    });
  }
});

/** The text of each cell of its tables. */
const rowsOf = (region: Locator) =>
  region
    .locator("tbody tr")
    .evaluateAll((rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent)));

const lensOf = (page: Page) => page.getByRole("region", { name: "Logit lens" });

test("a neuron and a latent show the tokens that they write, up and down", async (t) => {
  for (const unit of [ground.unit, ground.latent]) {
    const response = await fetch(`${base}/api/lens/${unit}`);
    const { reason, up, down } = (await response.json()) as WrittenTokens;
    assert.deepEqual([reason, up.length, down.length], ["", 10, 10]);
    await onPage(t, ground, async (page) => {
      await openUnit(page, unit);
      await lensOf(page).waitFor();
      assert.deepEqual(
        await rowsOf(lensOf(page)),
        [...up, ...down].map(({ text, effect }) => [quotedText(text), formatValue(effect, 3)]),
      );
      const link = await lensOf(page).locator("tbody a").first().getAttribute("href");
      assert.equal(new URL(link ?? "", base).searchParams.get("text"), up[0]?.text);
    });
  }
});

test("a unit without a logit lens says why, and a head says nothing of one", async (t) => {
  const none = { reason: "no model runs", n_tokens: 0, std: null, up: [], down: [] };
  await onPage(t, ground, async (page) => {
    await page.route("**/api/lens/**", (route) => route.fulfill({ json: none }));
    await openUnit(page, ground.unit);
    await lensOf(page).getByText("no model runs").waitFor();
    assert.equal(await lensOf(page).locator("table").count(), 0);
    await openUnit(page, ground.head);
    assert.equal(await lensOf(page).count(), 0);
  });
});

const similarTo = (page: Page) => page.getByRole("region", { name: "Similar" });

test("a neuron and a latent show which units write alike, or why none is known", async (t) => {
  for (const unit of [ground.unit, ground.latent]) {
    const response = await fetch(`${base}/api/similar/${unit}?limit=10`);
    const { reason, similar } = (await response.json()) as Similar;
    assert.deepEqual([reason, similar.length], ["", 10]);
    await onPage(t, ground, async (page) => {
      await openUnit(page, unit);
      await similarTo(page).waitFor();
      assert.deepEqual(
        await rowsOf(similarTo(page)),
        similar.map(({ unit: other, cosine }) => [other, formatValue(cosine, 3)]),
      );
      const first = similar[0]?.unit ?? "";
      await similarTo(page).getByRole("link", { name: first, exact: true }).click();
      await page.locator("h1", { hasText: first }).waitFor();
    });
  }
  await onPage(t, ground, async (page) => {
    const none = { reason: "no model runs", similar: [] };
    await page.route("**/api/similar/**", (route) => route.fulfill({ json: none }));
    await openUnit(page, ground.unit);
    await similarTo(page).getByText("no model runs").waitFor();
    assert.equal(await similarTo(page).locator("table").count(), 0);
    await openUnit(page, ground.head);
    assert.equal(await similarTo(page).count(), 0);
  });
});

test("a text is tried on a head, with its pairs", async (t) => {
  const expected = await post<TypedUnit>(`/api/live/${ground.head}`);
  await onPage(t, ground, async (page) => {
    await openUnit(page, ground.head);
    await tryTyped(page);
    const tried = page.locator(".excerpt.tried").first();
    assert.equal(
      await tried.locator(".peak-value").innerText(),
      formatValue(expected.sequences[0]?.value),
    );
    await tried.locator(".tok.peak").hover();
    await tried.locator(".pair-lines path").first().waitFor({ state: "attached" });
    assert.equal(await tried.locator(".triangle canvas").count(), 1);
  });
});

test("the search runs a text, lists its strongest units and leads to them with it", async (t) => {
  const expected = await post<TypedUnits>("/api/live?sort=share&limit=25");
  await onPage(t, ground, async (page) => {
    await page.goto(`${base}/search?what=typed`);
    await page.getByLabel("Word or phrase").fill(TEXT);
    await page.keyboard.press("Enter");
    await page.locator('section[aria-label="neurons"] tbody tr').first().waitFor();
    for (const { kind, units } of expected.kinds.filter(({ n_units }) => n_units > 0)) {
      const shown = await page
        .locator(`section[aria-label="${kind}"] tbody tr`)
        .evaluateAll((rows) =>
          rows.map((row) => [
            row.querySelector("a")?.textContent,
            row.querySelectorAll("td")[1]?.textContent,
          ]),
        );
      assert.deepEqual(
        shown,
        units.map(({ unit, value }) => [unit, formatValue(value)]),
      );
    }
    const first = expected.kinds.find(({ kind }) => kind === "neurons")?.units[0]?.unit ?? "";
    await page.getByRole("link", { name: first, exact: true }).click();
    await page.locator(".excerpt.tried").first().waitFor();
    assert.equal(await heading(page), first);
  });
});

test("the pages of a text of one's own fit, are accessible, and are calm in both themes", async (t) => {
  const query = `?try=${encodeURIComponent(TEXT)}`;
  await lookAt(t, ground, "tried", async (page) => {
    await openUnit(page, ground.latent, query);
    await page.locator(".excerpt.tried").first().waitFor();
  });
  await lookAt(t, ground, "search-typed", async (page) => {
    await page.goto(`${base}/search?what=typed&text=${encodeURIComponent(TEXT)}`);
    await page.locator('section[aria-label="neurons"] tbody tr').first().waitFor();
  });
});
