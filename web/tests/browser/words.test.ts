// What is written of units: explanations with their scores, labels and notes, and the search for both.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { FoundExplanations, Label } from "../../src/api.ts";
import { base, document, lookAt, onPage, openUnit, startBrowser } from "./harness.ts";

const ground = startBrowser();

const explained = async () => {
  const found = await document<FoundExplanations>("/api/explanations?text=licences");
  const [one] = found.explanations;
  assert.ok(one, "tools/test_browser explained a unit");
  return one;
};

test("a unit's page has its explanations, with scores, intervals and baselines", async (t) => {
  const { unit, explanation, model } = await explained();
  await onPage(t, ground, async (page) => {
    await openUnit(page, unit);
    const panel = page.locator("[aria-labelledby=explanations-title]");
    await panel.locator("tbody tr").first().waitFor();
    const text = await panel.innerText();
    assert.ok(text.includes(explanation) && text.includes(model));
    const rows = await panel
      .locator("tbody tr")
      .evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.textContent)));
    assert.deepEqual(rows, [
      ["detect: balanced accuracy", "0.75", "0.4 – 0.9"],
      ["detect: auc", "0.8", "0.6 – 0.95"],
      ["detect: balanced accuracy of other unit", "0.5", "0.4 – 0.9"],
      ["detect: auc of other unit", "0.8", "0.6 – 0.95"],
    ]);
  });
});

test("a label and a note are written, kept, listed and found", async (t) => {
  const label = "café <b>labels</b>";
  const note = "two lines\n& a 🎉";
  await onPage(t, ground, async (page) => {
    await openUnit(page, ground.unit);
    await page.getByRole("textbox", { name: "Label" }).waitFor();
    await page.keyboard.press("l");
    await page.keyboard.type(label);
    await page.keyboard.press("Tab");
    await page.keyboard.insertText(note);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.getByText("Saved.").waitFor();
    const kept = await document<Label>(`/api/labels/${ground.unit}`);
    assert.deepEqual([kept.label, kept.note], [label, note]);
    await page.reload();
    await page.getByText("written ").waitFor();
    assert.equal(await page.getByRole("textbox", { name: "Label" }).inputValue(), label);
    assert.equal(await page.getByRole("textbox", { name: "Note" }).inputValue(), note);
    await page.goto(`${base}/${ground.site.short}?by=max`);
    await page.locator(".ranking .label", { hasText: label }).waitFor();
    await page.goto(`${base}/search?what=words&text=CAFÉ`);
    const found = page.locator(".found li").first();
    await found.waitFor();
    assert.equal(await found.locator("a").innerText(), ground.unit);
    assert.ok((await found.innerText()).includes(note.split("\n")[1] ?? "?"));
  });
});

test("what cannot be kept is told where it was written", async (t) => {
  await onPage(
    t,
    ground,
    async (page) => {
      await openUnit(page, ground.unit);
      await page.getByRole("textbox", { name: "Note" }).fill("x".repeat(16385));
      await page.getByRole("button", { name: "Save" }).click();
      await page.getByText("a note has up to 16384 bytes, this has 16385").waitFor();
    },
    { expectErrors: true },
  );
});

test("units are found by their explanations, in the pages' own search", async (t) => {
  const { unit } = await explained();
  await onPage(t, ground, async (page) => {
    await page.goto(`${base}/search`);
    await page.getByRole("radio", { name: "in labels and explanations" }).check({ force: true });
    await page.getByLabel("Word or phrase").fill("licences WORDS");
    await page.keyboard.press("Enter");
    const found = page.locator("[aria-labelledby=explained-title] li").first();
    await found.waitFor();
    assert.equal(await found.locator("a").innerText(), unit);
    const query = new URL(page.url()).searchParams;
    assert.deepEqual([query.get("what"), query.get("text")], ["words", "licences WORDS"]);
    await found.locator("a").click();
    await page.getByRole("heading", { level: 1, name: unit }).waitFor();
  });
});

test("published explanations are found, and stand on their unit's page once", async (t) => {
  const { recordings } = await document<{ recordings: string[] }>("/api/recordings");
  const published = recordings[2] ?? "";
  await onPage(t, ground, async (page) => {
    await page.goto(`${base}/search?what=words&text=“python” IMPORT&in=${published}`);
    const found = page.locator("[aria-labelledby=explained-title] li");
    await found.first().waitFor();
    const units = await found.locator("a").allInnerTexts();
    assert.deepEqual(units, ["5.mlp/17", "5.mlp/400"], "the higher score first");
    const first = await found.first().innerText();
    assert.ok(first.includes("words related to the Python “import” statement"));
    assert.ok(first.includes("published with NeuronRecords"));
    await found.locator("a").nth(1).click();
    await page.getByRole("heading", { level: 1, name: "5.mlp/400" }).waitFor();
    const panel = page.locator("[aria-labelledby=explanations-title]");
    await panel.locator("tbody tr").nth(1).waitFor();
    assert.equal((await panel.innerText()).split("“import”").length, 2, "told once");
    const rows = await panel
      .locator("tbody tr")
      .evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.textContent)));
    assert.deepEqual(rows, [
      ["simulate: correlation", "−0.065", ""],
      ["simulate: correlation", "−0.051", ""],
    ]);
  });
});

test("the pages of words fit, are accessible, and are calm in both themes", async (t) => {
  const { unit } = await explained();
  await lookAt(t, ground, "search-words", async (page) => {
    await page.goto(`${base}/search?what=words&text=licences`);
    await page.locator(".found li").first().waitFor();
  });
  await lookAt(t, ground, "explained", async (page) => {
    await openUnit(page, unit);
    await page.locator("[aria-labelledby=explanations-title] tbody tr").first().waitFor();
  });
});
