// The landing page, a site, a unit: what they show, and how one gets around.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { kindOf } from "../../src/address.ts";
import type { SiteSummaries, Unit } from "../../src/api.ts";
import { formatValue } from "../../src/numbers.ts";
import { joinGraphemes } from "../../src/pieces.ts";
import { base, document, heading, onPage, openUnit, startBrowser } from "./harness.ts";

const ground = startBrowser();

test("the landing page shows the model and a map for each site", async (t) => {
  await onPage(t, ground, async (page) => {
    await page.goto(base);
    await page.locator(".maps .legend .ramp").waitFor();
    assert.equal(await heading(page), ground.recording.model.name || ground.recording.model.file);
    const maps = ground.recording.sites.filter((site) => kindOf(site) !== "heads");
    assert.equal(await page.locator(".map canvas").count(), maps.length);
    const colours = await page
      .locator(".map canvas")
      .first()
      .evaluate((canvas: HTMLCanvasElement) => {
        const { data } =
          canvas.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height) ?? {};
        return new Set(new Uint32Array(data?.buffer ?? new ArrayBuffer(0))).size;
      });
    assert.ok(colours > 5, `the map is painted, with ${colours} colours`);
  });
});

test("another summary recolours the maps and is kept in the address", async (t) => {
  await onPage(t, ground, async (page) => {
    await page.goto(base);
    await page.locator(".maps .legend .ramp").waitFor();
    const before = await page.locator(".maps .legend").innerText();
    await page.locator(".maps").getByRole("radio", { name: "kurtosis" }).check({ force: true });
    assert.equal(new URL(page.url()).searchParams.get("by"), "kurtosis");
    assert.notEqual(await page.locator(".maps .legend").innerText(), before);
    await page.reload();
    await page.locator(".maps .legend .ramp").waitFor();
    assert.ok(await page.locator(".maps").getByRole("radio", { name: "kurtosis" }).isChecked());
  });
});

test("a cell of the map opens its unit, by pointer and by keyboard", async (t) => {
  await onPage(t, ground, async (page) => {
    await page.goto(base);
    await page.locator(".maps .legend .ramp").waitFor();
    await page
      .locator(".map canvas")
      .first()
      .hover({ position: { x: 1, y: 1 }, force: true });
    await page.locator("[role=tooltip]:visible").waitFor();
    const first = ground.recording.sites[0]?.short ?? "";
    assert.match(await page.locator("[role=tooltip]").innerText(), new RegExp(`^${first}/0`));
    await page.mouse.click(0, 300);
    await page.locator(".map-cursor").first().focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Enter");
    await page.waitForURL(`**/${first}/2`);
    assert.equal(await heading(page), `${first}/2`);
  });
});

test("a unit's page shows its numbers and its excerpts", async (t) => {
  const expected = await document<Unit>(`/api/units/${ground.unit}`);
  await onPage(t, ground, async (page) => {
    await openUnit(page, ground.unit, "?context=full");
    assert.equal(await heading(page), ground.unit);
    assert.ok((await page.locator(".chart svg").count()) >= 1);
    await page.locator('[id="group-gate-_in-"]').waitFor();
    const n_groups = expected.groups.length + expected.sign_classes.length;
    assert.equal(await page.locator(".group").count(), n_groups);
    const top = expected.groups.find((group) => group.name === "top")?.exemplars[0];
    assert.ok(top);
    const shown = await page.locator("#group-top .text").first().locator(".tok").allTextContents();
    assert.equal(shown.length, joinGraphemes(top.pieces).length);
    const visible = (text: string) => text.replace(/[\s↵∅]|‹U\+\w+›|[␀-␟]/gu, "");
    const plain = (text: string) => text.replace(/[\s↵∅\p{Cc}\p{Cf}]/gu, "");
    assert.equal(
      plain(visible(shown.join(""))),
      plain(visible(top.pieces.map((piece) => piece.text).join(""))),
    );
  });
});

test("text from the corpus never becomes markup", async (t) => {
  await onPage(t, ground, async (page) => {
    await openUnit(page, ground.unit, "?context=full");
    assert.equal(await page.locator(".tok *, .source script").count(), 0);
  });
});

test("hovering or focusing a token tells its value and marks the histogram", async (t) => {
  const { groups } = await document<Unit>(`/api/units/${ground.unit}`);
  const value = formatValue(groups.find(({ name }) => name === "top")?.exemplars[0]?.value, 5);
  await onPage(t, ground, async (page) => {
    await openUnit(page, ground.unit);
    const peak = page.locator("#group-top .tok.peak").first();
    const tip = page.locator("[role=tooltip]");
    await peak.hover();
    assert.ok((await tip.innerText()).includes(value));
    assert.equal(await page.locator(".marker").count(), 1);
    await page.mouse.move(2, 2);
    await tip.waitFor({ state: "hidden" });
    assert.equal(await page.locator(".marker").count(), 0);
    await peak.focus();
    await tip.waitFor({ state: "visible" });
    assert.ok((await tip.innerText()).includes(value));
    assert.equal(await peak.getAttribute("aria-describedby"), "tooltip");
    await page.keyboard.press("ArrowLeft");
    assert.equal(
      await heading(page),
      ground.unit,
      "inside an excerpt the arrows move between tokens",
    );
    const focused = await page.evaluate(() => window.document.activeElement?.className ?? "");
    assert.match(focused, /^tok /);
    await page.keyboard.press("Escape");
    await tip.waitFor({ state: "hidden" });
  });
});

test("keys step to the neighbours, to a random unit and to the search", async (t) => {
  await onPage(t, ground, async (page) => {
    await openUnit(page, ground.unit);
    const [name, index] = [
      ground.unit.slice(0, ground.unit.lastIndexOf("/")),
      Number(ground.unit.split("/").at(-1)),
    ];
    const at = (i: number) => page.getByRole("heading", { level: 1, name: `${name}/${i}` });
    await page.keyboard.press("j");
    await at(index + 1).waitFor();
    await page.keyboard.press("ArrowLeft");
    await at(index).waitFor();
    await page.keyboard.press("k");
    await at(index - 1).waitFor();
    await page.goBack();
    await at(index).waitFor();
    await page.keyboard.press("r");
    await page.waitForURL((url) => !url.pathname.endsWith(`${name}/${index}`));
    await page.locator(".unit-head").waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type(`${ground.site.name}/0`);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: `${ground.site.short}/0` }).waitFor();
    await page.keyboard.press("?");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
  });
});

test("an open dialog keeps the keys to itself", async (t) => {
  await onPage(t, ground, async (page) => {
    await page.goto(base);
    await page.locator("h1").waitFor();
    await page.keyboard.press("?");
    const dialog = page.getByRole("dialog");
    await dialog.waitFor();
    const before = await page.locator("html").getAttribute("data-theme");
    for (const key of ["u", "r", "t", "j"]) await page.keyboard.press(key);
    assert.equal(new URL(page.url()).pathname, "/");
    assert.equal(await page.locator("html").getAttribute("data-theme"), before);
    await page.keyboard.press("?");
    await dialog.waitFor({ state: "detached" });
    await page.keyboard.press("?");
    await dialog.waitFor();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    await page.keyboard.press("u");
    await page.waitForURL("**/units");
  });
});

test("the search says what is wrong with an address", async (t) => {
  await onPage(t, ground, async (page) => {
    await page.goto(base);
    await page.locator("h1").waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("nowhere/1");
    await page.keyboard.press("Enter");
    const problem = page.locator("#search-problem");
    await problem.waitFor();
    assert.match(await problem.innerText(), /no site “nowhere”/);
  });
});

test("how excerpts are shown is kept in the address from unit to unit", async (t) => {
  await onPage(t, ground, async (page) => {
    await openUnit(page, ground.unit);
    await page.keyboard.press("1");
    await page.keyboard.press("v");
    await page.keyboard.press("b");
    await page.keyboard.press("j");
    await page.waitForURL((url) => !url.pathname.endsWith(ground.unit));
    const query = new URL(page.url()).searchParams;
    assert.deepEqual(
      [query.get("context"), query.get("numbers"), query.get("breaks")],
      ["5", "shown", "real"],
    );
    await page.locator(".tok[data-value]").first().waitFor();
  });
});

test("a site's page lists its units by a summary", async (t) => {
  await onPage(t, ground, async (page) => {
    await page.goto(`${base}/${ground.site.short}?by=max`);
    await page.locator(".ranking tbody tr").first().waitFor();
    assert.equal(await heading(page), ground.site.short);
    const { max } = await document<SiteSummaries>(`/api/sites/${ground.site.short}`);
    const highest = max.indexOf(Math.max(...max.map((value) => value ?? -Infinity)));
    const link = page.locator(".ranking tbody a").first();
    assert.equal(await link.innerText(), `${ground.site.short}/${highest}`);
    await link.click();
    await page
      .getByRole("heading", { level: 1, name: `${ground.site.short}/${highest}` })
      .waitFor();
  });
});

test("a unit that does not exist has a page that helps", async (t) => {
  await onPage(t, ground, async (page) => {
    for (const path of [`/${ground.site.short}/99999999`, "/nowhere/1", "/%3Cimg%20src=x%3E/1"]) {
      await page.goto(base + path);
      await page.locator(".message").waitFor();
      assert.equal(await heading(page), "No such unit");
      assert.equal(await page.locator(".message img").count(), 0);
    }
    await page.getByRole("link", { name: "all units" }).click();
    await page.locator(".map").first().waitFor();
  });
});

test("dark follows the system, and the toggle holds after a reload", async (t) => {
  const lightness = (page: Page) =>
    page.evaluate(() => {
      const context = Object.assign(window.document.createElement("canvas"), {
        width: 1,
        height: 1,
      }).getContext("2d");
      if (!context) return -1;
      context.fillStyle = getComputedStyle(window.document.documentElement).backgroundColor;
      context.fillRect(0, 0, 1, 1);
      return context.getImageData(0, 0, 1, 1).data[1] ?? -1;
    });
  await onPage(
    t,
    ground,
    async (page) => {
      await openUnit(page, ground.unit);
      assert.ok((await lightness(page)) < 64, "dark");
      await page.keyboard.press("t");
      assert.ok((await lightness(page)) > 192, "light");
      await page.reload();
      await page.locator("h1").waitFor();
      assert.ok((await lightness(page)) > 192, "still light");
    },
    { colorScheme: "dark" },
  );
});

test("the security policy is in force", async (t) => {
  await onPage(
    t,
    ground,
    async (page) => {
      await page.goto(base);
      await page.locator("h1").waitFor();
      const ran = await page.evaluate(() => {
        const script = window.document.createElement("script");
        script.textContent = "window.name = 'ran'";
        window.document.body.append(script);
        return window.name === "ran";
      });
      assert.equal(ran, false, "an inline script runs");
    },
    { expectErrors: true },
  );
});
