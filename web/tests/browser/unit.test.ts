// The page of a unit against what `actogram show --json` says of it.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "playwright-core";
import type { Classes, Place } from "../../src/api.ts";
import { formatCount, formatPercent, formatValue } from "../../src/numbers.ts";
import type { PackedUnit } from "../../src/packed.ts";
import { foldDuplicates } from "../../src/pieces.ts";
import { base, document, lookAt, onPage, openUnit, shownUnit, startBrowser } from "./harness.ts";

const ground = startBrowser();

const entries = (page: Page, selector: string): Promise<Record<string, string>> =>
  page
    .locator(`${selector} > div`)
    .evaluateAll((rows) =>
      Object.fromEntries(
        rows.map((row) => [row.children[0]?.textContent ?? "", row.children[1]?.textContent ?? ""]),
      ),
    );

test("the numbers are those of show --json, for a neuron and for a latent", async (t) => {
  for (const address of [ground.unit, ground.latent]) {
    const expected = shownUnit(address);
    const { summary } = expected;
    await onPage(t, ground, async (page) => {
      await openUnit(page, address);
      assert.deepEqual(await entries(page, ".headline"), {
        max: formatValue(summary.max),
        min: formatValue(summary.min),
        positive: formatPercent(summary.positive_share),
      });
      const numbers = await entries(page, "[aria-label=Summary] .numbers");
      assert.equal(numbers["mean"], formatValue(summary.mean));
      assert.equal(numbers["std"], formatValue(summary.std));
      assert.equal(numbers["skewness"], formatValue(summary.skewness));
      assert.equal(numbers["kurtosis"], formatValue(summary.kurtosis));
      assert.equal(numbers["tokens"], formatCount(summary.count));
      for (const group of expected.groups) {
        const shown = await page.locator(`#group-${group.name} .peak-value`).allTextContents();
        const values = foldDuplicates(group.exemplars).map(({ exemplar }) =>
          formatValue(exemplar.value),
        );
        assert.deepEqual(shown, values, group.name);
      }
    });
  }
});

test("a neuron has its sign classes, with text for each and links to it", async (t) => {
  const expected = shownUnit(ground.unit);
  assert.equal(expected.sign_classes.length, 4);
  const { classes } = await document<Classes>(`/api/classes/${ground.unit}`);
  await onPage(t, ground, async (page) => {
    await openUnit(page, ground.unit);
    const table = page.locator("[aria-labelledby=classes-title] tbody tr");
    const shares = await table.locator("td:nth-child(2)").allTextContents();
    assert.deepEqual(
      shares,
      expected.sign_classes.map(({ share }) => formatPercent(share)),
    );
    for (const { name, peaks } of expected.sign_classes) {
      const group = page.locator(`[id="group-${name}"]`);
      await group.waitFor();
      const values = peaks["hook_post"]?.slice(0, 5).map(({ value }) => formatValue(value)) ?? [];
      const shown = await group.locator(".peak-value").allTextContents();
      assert.ok(shown.length > 0 && shown.every((value) => values.includes(value)), name);
      const exemplars = classes.find((one) => one.name === name)?.exemplars ?? [];
      assert.deepEqual(
        exemplars.map(({ value }) => formatValue(value)),
        values,
      );
    }
    const missing = group(page, "gate+_in+").locator(".tok.unknown").first();
    if ((await missing.count()) > 0) {
      await missing.hover();
      assert.match(await page.locator("[role=tooltip]").innerText(), /no value/);
    }
  });
});

const group = (page: Page, name: string) => page.locator(`[id="group-${name}"]`);

test("signed values have two hues and one scale, others have one hue from zero", async (t) => {
  for (const [address, side] of [
    [ground.unit, "both"],
    [ground.latent, "positive"],
  ] as const) {
    const { min, max } = shownUnit(address).summary;
    const bound = Math.max(-(min ?? 0), max ?? 0);
    await onPage(t, ground, async (page) => {
      await openUnit(page, address);
      const legend = page.locator(`.legend.heat.${side}`);
      const ends = [side === "both" ? -bound : 0, bound].map((end) => formatValue(end, 3));
      assert.equal((await legend.innerText()).replace(/\s+/g, " ").trim(), ends.join(" "));
      const peak = page.locator("#group-top .tok.peak").first();
      const { heat, line } = await peak.evaluate((token) => ({
        heat: getComputedStyle(token).getPropertyValue("--heat"),
        line: getComputedStyle(token).textDecorationLine,
      }));
      if (max === bound) assert.equal(Number(heat), 1, "the strongest value has the full colour");
      assert.equal(line, "underline", "the peak is seen without colour");
    });
  }
});

test("excerpts show 5, 16 or all tokens of their window", async (t) => {
  await onPage(t, ground, async (page) => {
    await openUnit(page, ground.unit, "?context=full");
    const counts = () =>
      page
        .locator("#group-top .text")
        .evaluateAll((texts) => texts.map((text) => text.querySelectorAll(".tok").length));
    const full = await counts();
    for (const [key, n] of [
      ["1", 5],
      ["2", 16],
    ] as const) {
      await page.keyboard.press(key);
      await page.waitForFunction(
        (most) =>
          (window.document.querySelector("#group-top .text")?.children.length ?? 99) <= most,
        n + 2,
      );
      assert.deepEqual(
        await counts(),
        full.map((all) => Math.min(all, n)),
      );
    }
    assert.ok(full.some((n) => n > 16));
    await page.keyboard.press("3");
    assert.equal(new URL(page.url()).searchParams.get("context"), "full");
    assert.deepEqual(await counts(), full);
  });
});

test("keys act after a choice by mouse, and the arrows stay the choice's own", async (t) => {
  await onPage(t, ground, async (page) => {
    await openUnit(page, ground.unit);
    await page
      .getByRole("group", { name: "Tokens" })
      .getByRole("radio", { name: "5", exact: true })
      .check({ force: true });
    await page.keyboard.press("ArrowRight");
    await page.waitForURL((url) => !url.searchParams.has("context"), { timeout: 2000 });
    assert.equal(await page.locator("h1").innerText(), ground.unit, "no step to the next unit");
    await page.keyboard.press("j");
    await page.waitForFunction((was) => {
      return window.document.querySelector("h1")?.textContent !== was;
    }, ground.unit);
  });
});

/** The unit's page as it would be if its first excerpt had a duplicate in the last sequence. */
async function withDuplicate(page: Page) {
  const packed = await document<PackedUnit>(`/api/packed/${ground.unit}`);
  const top = packed.groups.find(({ name }) => name === "top");
  const first = packed.exemplars[top?.exemplars[0] ?? -1];
  assert.ok(top && first);
  packed.exemplars.push({ ...first, sequence: 999 });
  top.exemplars.push(packed.exemplars.length - 1);
  await page.route(`**/api/packed/${ground.unit}`, (route) => route.fulfill({ json: packed }));
  return { place: `${first.sequence}:${first.position}`, duplicate: `999:${first.position}` };
}

test("a linked excerpt is shown where it is folded, and what is open is in the address", async (t) => {
  await onPage(t, ground, async (page) => {
    const { place, duplicate } = await withDuplicate(page);
    await openUnit(page, ground.unit, `?excerpt=${duplicate}`);
    await page.locator("#group-top .excerpt.linked").waitFor();
    await page.getByRole("button", { name: "Hide 1 exact duplicate" }).click();
    await page.locator("#group-top .excerpt.linked").waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Show 1 exact duplicate" }).click();
    await page.locator("#group-top").getByRole("button", { name: "more" }).first().click();
    const query = new URL(page.url()).searchParams;
    assert.deepEqual([query.get("open"), query.get("more")], [place, place]);
    await page.reload();
    await page.getByRole("button", { name: "Hide 1 exact duplicate" }).waitFor();
    await page.locator("#group-top").getByRole("button", { name: "less" }).first().waitFor();
  });
});

test("an excerpt of a sign class is scrolled to when it comes", async (t) => {
  const { classes } = await document<Classes>(`/api/classes/${ground.unit}`);
  const known = new Set(shownUnit(ground.unit).groups.flatMap((one) => one.exemplars.map(placeOf)));
  const late = classes.flatMap((one) => one.exemplars.map(placeOf)).findLast((p) => !known.has(p));
  assert.ok(late, "a class has an excerpt of its own");
  await onPage(t, ground, async (page) => {
    await openUnit(page, ground.unit, `?excerpt=${late}`);
    await page.waitForFunction(() => {
      const box = window.document.querySelector(".excerpt.linked")?.getBoundingClientRect();
      return box && box.top > 0 && box.bottom < window.innerHeight;
    });
  });
});

const placeOf = ({ sequence, position }: Place) => `${sequence}:${position}`;

test("the axes of the histograms are linear or logarithmic, and the address says which", async (t) => {
  await onPage(t, ground, async (page) => {
    await openUnit(page, ground.unit);
    const bars = () => page.locator(".chart").first().locator("rect:not(.bar-target)").count();
    const linear = await bars();
    await page
      .getByRole("group", { name: "Axis" })
      .getByRole("radio", { name: "log" })
      .check({ force: true });
    assert.equal(new URL(page.url()).searchParams.get("x"), "log");
    assert.notEqual(await bars(), linear);
    await page.reload();
    await page.locator(".chart").first().waitFor();
    assert.notEqual(await bars(), linear);
  });
});

test("partners of the latent before are gone while those of the next one are looked for", async (t) => {
  const partner = { n_events: 1, n_together: 1, jaccard: 1, correlation: 1 };
  const unit = `${ground.latent.replace(/\d+$/, "")}1`;
  await onPage(t, ground, async (page) => {
    await page.route("**/api/partners/**", (route) =>
      route.request().url().includes(`${unit}?`)
        ? route.fulfill({ json: { address: unit, n_events: 7, partners: [{ unit, ...partner }] } })
        : new Promise(() => null),
    );
    await page.goto(`${base}/${unit}`);
    const partners = page.locator("[aria-labelledby=partners-title]");
    await partners.waitFor();
    await page.keyboard.press("j");
    await page.waitForFunction(
      (was) => window.document.querySelector(".unit-head h1")?.textContent !== was,
      unit,
    );
    await partners.waitFor({ state: "detached", timeout: 3000 });
  });
});

test("a panel whose document does not come says so, and one that does not exist is left out", async (t) => {
  const failed = (code: string, status: number) => ({
    status,
    json: { error: { code, message: `this is ${code}` } },
  });
  await onPage(
    t,
    ground,
    async (page) => {
      for (const what of ["tokens", "lens", "partners"]) {
        await page.route(`**/api/${what}/**`, (route) => route.fulfill(failed("corrupt", 500)));
      }
      await page.route("**/api/similar/**", (route) => route.fulfill(failed("not_found", 404)));
      await openUnit(page, ground.latent);
      for (const title of ["Tokens", "Logit lens", "Partners"]) {
        await page.getByRole("region", { name: title }).getByText("this is corrupt").waitFor();
      }
      assert.equal(await page.getByText("this is not_found").count(), 0);
    },
    { expectErrors: true },
  );
});

test("what would break a page is shown as text", async (t) => {
  const address = await unitShowing("<script>alert(1)</script>");
  await onPage(t, ground, async (page) => {
    await openUnit(page, address, "?context=full");
    const text = await page.locator(".excerpts").innerText();
    assert.ok(text.includes("<script>alert(1)</script>"), "markup");
    assert.equal(await page.locator(".excerpts script, .excerpts img").count(), 0);
  });
});

/** A unit with an excerpt that shows all of `text`. */
async function unitShowing(text: string): Promise<string> {
  for (let index = 0; index < 60; index++) {
    const address = `${ground.site.short}/${index}`;
    const unit = await document<{ groups: { exemplars: { pieces: { text: string }[] }[] }[] }>(
      `/api/units/${address}`,
    );
    const texts = unit.groups.flatMap(({ exemplars }) =>
      exemplars.map(({ pieces }) => pieces.map((piece) => piece.text).join("")),
    );
    if (texts.some((one) => one.includes(text))) return address;
  }
  throw new Error(`no unit shows ${text}`);
}

test("a unit's page fits, is accessible, and is calm in both themes", async (t) => {
  await lookAt(t, ground, "neuron", async (page) => {
    await openUnit(page, ground.unit);
    await page.locator('[id="group-gate-_in-"]').waitFor();
  });
  await lookAt(t, ground, "latent", (page) => openUnit(page, ground.latent));
});
