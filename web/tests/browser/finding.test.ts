// The overview, lists of units, the comparison, and pages as files and inside other pages.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import type { SiteSummaries, TypedUnits, Unit, UnitList } from "../../src/api.ts";
import { formatCount, formatValue } from "../../src/numbers.ts";
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

test("the overview can be asked within a second", async (t) => {
  await onPage(t, ground, async (page) => {
    await page.goto(base);
    await page.locator("h1").waitFor();
    await page.keyboard.press("/");
    const focused = await page.evaluate(() => window.document.activeElement?.getAttribute("name"));
    assert.equal(focused, "address", "the search takes what is typed at once");
    const { domInteractive } = await page.evaluate(() => {
      const [entry] = performance.getEntriesByType("navigation");
      return { domInteractive: (entry as PerformanceNavigationTiming).domInteractive };
    });
    t.diagnostic(`interactive after ${domInteractive.toFixed(0)} ms`);
  });
});

test("the overview is coloured by any summary, entropy too", async (t) => {
  await onPage(t, ground, async (page) => {
    await page.goto(base);
    await page.locator(".maps .legend .ramp").waitFor();
    await page.locator(".maps").getByRole("radio", { name: "entropy" }).check({ force: true });
    await page.waitForFunction(() =>
      window.document.querySelector(".maps .legend")?.textContent.includes("bits"),
    );
    const address = ground.recording.sites[0]?.short ?? "";
    const { entropy } = await document<{ entropy: number[] }>(`/api/entropy/${address}`);
    await page
      .locator(".map canvas")
      .first()
      .hover({ position: { x: 1, y: 1 }, force: true });
    const tip = page.locator("[role=tooltip]:visible");
    await tip.waitFor();
    assert.ok((await tip.innerText()).includes(`${formatValue(entropy[0], 3)} bits`));
  });
});

test("units are listed by a number, filtered and turned round, all in the address", async (t) => {
  const layer = ground.site.layer;
  const expected = await document<UnitList>(
    `/api/units?by=kurtosis&order=lowest&kind=neurons&layer=${layer}&limit=50`,
  );
  await onPage(t, ground, async (page) => {
    await page.goto(base);
    await page.locator("h1").waitFor();
    await page.keyboard.press("u");
    await page.locator(".ranking tbody tr").first().waitFor();
    await page.getByLabel("Kind").selectOption("neurons");
    await page.getByLabel("Layer").selectOption(String(layer));
    await page.getByRole("button", { name: "kurtosis" }).click();
    await page.getByRole("button", { name: "kurtosis" }).click();
    await page
      .locator(`.ranking a`, { hasText: expected.units[0]?.unit ?? "?" })
      .first()
      .waitFor();
    const query = new URL(page.url()).searchParams;
    assert.deepEqual(
      ["kind", "layer", "by", "order"].map((name) => query.get(name)),
      ["neurons", String(layer), "kurtosis", "lowest"],
    );
    const shown = await page.locator(".ranking tbody th a").allTextContents();
    assert.deepEqual(
      shown,
      expected.units.map(({ unit }) => unit),
    );
    await page.getByRole("button", { name: "later" }).click();
    await page.waitForURL("**first=50*");
    const text = `51–100 of ${formatCount(expected.n_units)}`;
    await page.getByText(text).waitFor();
  });
});

test("a frequency is bounded in percent, as it is shown", async (t) => {
  const expected = await document<UnitList>("/api/units?least=0.6&limit=50");
  await onPage(t, ground, async (page) => {
    await page.goto(`${base}/units`);
    await page.locator(".ranking tbody tr").first().waitFor();
    await page.getByLabel("at least").fill("60");
    await page.keyboard.press("Enter");
    await page.getByText(`${formatCount(expected.n_units)} unit`).waitFor();
    assert.ok((await page.locator(".filters").innerText()).includes("%"));
    await page.reload();
    await page.locator(".ranking tbody tr").first().waitFor();
    assert.equal(await page.getByLabel("at least").inputValue(), "60");
  });
});

test("two units, or one in two recordings, stand side by side", async (t) => {
  const { recordings } = await document<{ recordings: string[] }>("/api/recordings");
  const second = recordings[1] ?? "";
  const mine = shownUnit(ground.unit).summary;
  await onPage(t, ground, async (page) => {
    await openUnit(page, ground.unit);
    await page.keyboard.press("c");
    await page.getByLabel("Second unit", { exact: true }).getByRole("textbox").fill(ground.unit);
    await page.keyboard.press("Enter");
    await page
      .getByLabel("Second unit", { exact: true })
      .getByRole("combobox")
      .selectOption(second);
    await page.locator("[id=b-group-top] .tok").first().waitFor();
    const other = (
      await document<{ summary: typeof mine }>(`/api/units/${ground.unit}?in=${second}`)
    ).summary;
    const cells = await page
      .locator(".compared tbody tr")
      .evaluateAll((rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent)));
    assert.deepEqual(cells[0], ["tokens", formatCount(mine.count), formatCount(other.count)]);
    assert.deepEqual(cells[2], ["peak", formatValue(mine.max), formatValue(other.max)]);
    assert.notEqual(mine.count, other.count);
    await page.goBack();
    await page.waitForURL((url) => !url.searchParams.has("b_in"));
    await page.goForward();
    await page.waitForURL((url) => url.searchParams.get("b_in") === second);
    await page.locator("[id=b-group-top] .source a").first().click();
    await page.locator(".reading .tok").first().waitFor();
    assert.equal(new URL(page.url()).searchParams.get("in"), second);
  });
});

test("the comparison has each group of excerpts, and counts a head's pairs", async (t) => {
  const { unit, head } = ground;
  await onPage(t, ground, async (page) => {
    await page.goto(`${base}/compare?a=${unit}&b=${head}`);
    const shown = shownUnit(unit);
    const choices = page.locator("input[name=group]");
    await choices.first().waitFor();
    assert.equal(await choices.count(), shown.groups.length + shown.sign_classes.length);
    await page.getByRole("radio", { name: "99.9–100 %" }).check({ force: true });
    await page.locator("[id=a-group-bucket4] .tok").first().waitFor();
    await page.getByRole("radio", { name: "gate+ in−" }).check({ force: true });
    await page.locator('[id="a-group-gate+_in-"] .tok').first().waitFor();
    assert.equal(await page.locator(".compared tbody th").first().innerText(), "tokens, pairs");
    await page.goto(`${base}/compare?a=${head}`);
    await page.locator(".compared tbody th", { hasText: /^pairs$/ }).waitFor();
    await page
      .locator(".chart")
      .first()
      .hover({ position: { x: 5, y: 60 } });
    assert.equal(await page.getByRole("radio", { name: "gate+ in−" }).count(), 0);
  });
});

test("recordings of one file name are compared by what they are served as", async (t) => {
  const names = ["first/small.acto", "second/small.acto"];
  await onPage(t, ground, async (page) => {
    await page.route("**/api/**", async (route) => {
      const url = new URL(route.request().url());
      if (url.pathname === "/api/recordings") return route.fulfill({ json: { recordings: names } });
      const name = url.searchParams.get("in");
      if (name !== null) {
        assert.ok(names.includes(name), name);
        url.searchParams.delete("in");
      }
      return route.continue({ url: url.href });
    });
    await page.goto(`${base}/compare?a=${ground.unit}`);
    await page.locator("[id=a-group-top] .tok").first().waitFor();
    await page.goto(`${base}/compare?a=${ground.unit}&in=${names[1]}`);
    await page.locator("[id=a-group-top] .tok").first().waitFor();
    const chosen = page.getByLabel("First unit", { exact: true }).getByRole("combobox");
    assert.equal(await chosen.inputValue(), names[1]);
  });
});

test("another recording is chosen in the bar and kept from page to page", async (t) => {
  const { recordings } = await document<{ recordings: string[] }>("/api/recordings");
  const second = recordings[1] ?? "";
  await onPage(t, ground, async (page) => {
    await openUnit(page, ground.unit);
    await page.getByLabel("Recording").selectOption(second);
    const { summary } = await document<{ summary: { count: number } }>(
      `/api/units/${ground.unit}?in=${second}`,
    );
    await page.getByText(formatCount(summary.count), { exact: true }).first().waitFor();
    await page.keyboard.press("j");
    await page.locator(".tok.peak").first().waitFor();
    assert.equal(new URL(page.url()).searchParams.get("in"), second);
    await page.getByRole("link", { name: "All sites" }).click();
    await page.locator(".facts").waitFor();
    assert.equal(new URL(page.url()).searchParams.get("in"), second);
  });
});

test("a layer up or down is one key, and Neuronpedia's addresses lead here", async (t) => {
  await onPage(t, ground, async (page) => {
    const index = ground.unit.split("/")[1] ?? "";
    const { layer } = ground.site;
    await openUnit(page, `anything/${layer}-mlp/${index}`);
    assert.equal(await heading(page), ground.unit);
    await page.keyboard.press("]");
    await page.getByRole("heading", { level: 1, name: `${layer + 1}.mlp/${index}` }).waitFor();
    await page.keyboard.press("[");
    await page.getByRole("heading", { level: 1, name: ground.unit }).waitFor();
  });
});

test("every page is exported as JSON, CSV, SVG and PNG", async (t) => {
  await onPage(t, ground, async (page) => {
    await openUnit(page, ground.unit);
    const got = async (what: string) => {
      await page.locator("h1").click();
      await page.keyboard.press("e");
      const waiting = page.waitForEvent("download");
      await page.locator(".export").getByText(what, { exact: true }).click();
      const file = await waiting;
      return { name: file.suggestedFilename(), bytes: await readFile(await file.path()) };
    };
    const name = ground.unit.replace("/", "_");
    const json = await got("JSON");
    assert.equal(json.name, `${name}.json`);
    const unit = shownUnit(ground.unit);
    assert.deepEqual(JSON.parse(json.bytes.toString()), unit);
    const csv = await got("CSV");
    assert.equal(csv.name, `${name}.csv`);
    const n_tokens = unit.groups
      .flatMap(({ exemplars }) => exemplars)
      .flatMap(({ pieces }) => pieces.flatMap(({ tokens }) => tokens)).length;
    const peaks = csv.bytes.toString().split(/,1\r\n/).length - 1;
    assert.ok(csv.bytes.toString().split("\r\n").length > n_tokens);
    assert.ok(peaks >= unit.groups.flatMap(({ exemplars }) => exemplars).length);
    const svg = await got("SVG");
    assert.match(svg.bytes.toString(), /^<svg [^]*foreignObject[^]*<\/svg>$/);
    assert.ok(!/https?:\/\/(?!www\.w3\.org)/.test(svg.bytes.toString()), "it needs no other host");
    const png = await got("PNG");
    assert.deepEqual([...png.bytes.subarray(1, 4)], [...Buffer.from("PNG")]);
    const width = png.bytes.readUInt32BE(16);
    assert.ok(width > 1000 && png.bytes.length > 20_000, `${width} px, ${png.bytes.length} bytes`);
  });
});

test("the JSON of a page has what the page shows", async (t) => {
  const { site, unit, latent } = ground;
  await onPage(t, ground, async (page) => {
    const json = async () => {
      await page.locator(".export summary").waitFor();
      await page.keyboard.press("e");
      const waiting = page.waitForEvent("download");
      await page.keyboard.press("Enter");
      const file = await waiting;
      return JSON.parse(await readFile(await file.path(), "utf8")) as Record<string, unknown>;
    };
    await page.goto(`${base}/?by=max`);
    const map = (await json()) as { by: string; sites: { short: string; values: number[] }[] };
    const { max } = await document<SiteSummaries>(`/api/sites/${site.short}`);
    assert.equal(map.by, "max");
    assert.deepEqual(map.sites.find(({ short }) => short === site.short)?.values, max);
    await page.goto(`${base}/compare?a=${unit}&b=${latent}`);
    const both = (await json()) as Record<"a" | "b", Unit>;
    assert.deepEqual([both.a.short, both.b.short], [unit, latent]);
    assert.deepEqual(both.b.groups, shownUnit(latent).groups);
    await page.goto(`${base}/search?what=typed&text=a+licence`);
    const typed = (await json()) as unknown as TypedUnits;
    assert.ok(typed.n_tokens > 1 && typed.kinds.some(({ units }) => units.length > 0));
  });
});

test("an excerpt has a link of its own, which an embed shows alone", async (t) => {
  const exemplar = shownUnit(ground.unit).groups.find(({ name }) => name === "top")?.exemplars[1];
  assert.ok(exemplar);
  const place = `${exemplar.sequence}:${exemplar.position}`;
  await onPage(t, ground, async (page) => {
    await openUnit(page, ground.unit);
    await page.locator("#group-top .permalink").nth(1).click();
    await page.locator(".excerpt.linked").first().waitFor();
    assert.equal(new URL(page.url()).searchParams.get("excerpt"), place);
  });
  const server = createServer((_, response) => {
    const source = `${base}/${ground.unit}?embed=true&embedplots=false&excerpt=${place}`;
    response.setHeader("Content-Type", "text/html");
    response.end(
      `<!doctype html><title>a notebook</title><iframe src="${source}" width="900" height="500"></iframe>`,
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  await onPage(
    t,
    ground,
    async (page) => {
      await page.goto(`http://127.0.0.1:${port}/`);
      const frame = page.frameLocator("iframe");
      await frame.locator(".excerpt").first().waitFor();
      assert.equal(await frame.locator(".excerpt").count(), 1);
      assert.equal(await frame.locator(".peak-value").innerText(), formatValue(exemplar.value));
      assert.equal(await frame.locator("header.bar").count(), 0);
      assert.equal(await frame.locator(".chart").count(), 0);
      const opened = page.context().waitForEvent("page");
      await frame.locator(".source a").first().click();
      const whole = await opened;
      await whole.locator("header.bar").waitFor();
      assert.ok(new URL(whole.url()).pathname.startsWith("/documents/"));
      assert.equal(await whole.evaluate(() => window.opener as unknown), null);
      assert.equal(await frame.locator(".excerpt").count(), 1, "the frame stays");
    },
    { expectErrors: true },
  );
});

test("the pages for finding fit, are accessible, and are calm in both themes", async (t) => {
  await lookAt(t, ground, "overview", async (page) => {
    await page.goto(base);
    await page.locator(".maps .legend .ramp").waitFor();
  });
  await lookAt(t, ground, "site", async (page) => {
    await page.goto(`${base}/${ground.site.short}`);
    await page.locator(".ranking tbody tr").first().waitFor();
  });
  await lookAt(t, ground, "units", async (page) => {
    await page.goto(`${base}/units?by=max`);
    await page.locator(".ranking tbody tr").first().waitFor();
  });
  await lookAt(t, ground, "compare", async (page) => {
    await page.goto(`${base}/compare?a=${ground.unit}&b=${ground.latent}`);
    await page.locator("[id=b-group-top] .tok").first().waitFor();
  });
  await lookAt(t, ground, "help", async (page) => {
    await page.goto(base);
    await page.locator("h1").waitFor();
    await page.keyboard.press("?");
    await page.getByRole("dialog").waitFor();
  });
});
