// A document, what fires at its tokens, and the search for text, against the server's JSON.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "playwright-core";
import type { DocumentText, PlaceFirings, TextFound } from "../../src/api.ts";
import { formatPercent, formatValue } from "../../src/numbers.ts";
import { quotedText } from "../../src/pieces.ts";
import {
  assertAccessible,
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

test("each token of a shared character is chosen by clicks or arrows", async (t) => {
  const { sequence, piece } = await sharedPiece();
  const positions = piece.tokens.map(({ position }) => position);
  await onPage(t, ground, async (page) => {
    await page.goto(`${base}/documents/0`);
    const token = page.locator(`#sequence-${sequence} .tok`, { hasText: piece.text }).first();
    const chosen = async (i: number) => {
      await page.waitForURL(`**at=${sequence}%3A${positions[i]}*`);
      await page.getByText(`token ${i + 1} of ${positions.length} of ${piece.text}`).waitFor();
    };
    await token.click();
    await chosen(0);
    await token.click();
    await chosen(1);
    // The text may run from right to left: dir="auto" goes by its first letter.
    const rightToLeft = await token.evaluate((one) => getComputedStyle(one).direction === "rtl");
    const [on, back] = rightToLeft ? ["ArrowLeft", "ArrowRight"] : ["ArrowRight", "ArrowLeft"];
    await page.keyboard.press(back);
    await chosen(0);
    for (let i = 1; i < positions.length; i++) {
      await page.keyboard.press(on);
      await chosen(i);
    }
    await page.keyboard.press(on);
    assert.notEqual(await page.locator(".tok:focus").textContent(), piece.text);
  });
});

// markup.jsonl as it is to be read: line breaks and controls have signs, all else is as it is written.
const MARKUP = [
  'if (a < b && b > c) {↵    return "<script>alert(1)</script>";↵}↵',
  "// &amp; is not an ampersand, <img src=x onerror=alert(2)> is no picture.↵",
  "A NUL ␀ and a bell ␇ ring, ‹U+202E›right to left‹U+202C›, and then ␛[31mred␛[0m.↵",
  "يولد جميع الناس أحراراً ومتساوين.↵",
  "כל בני האדם נולדו בני חורין.↵",
  "人人生而自由,猫は龘と書く。↵",
  "Families 👩‍👩‍👧‍👦, flags 🇳🇱🇪🇹, skin 👍🏽, and a keycap 3️⃣.",
];

test("scripts, emoji, controls and what would be markup are read whole", async (t) => {
  await onPage(t, ground, async (page) => {
    await page.goto(`${base}/documents/0`);
    await page.locator(".reading .tok").first().waitFor();
    const texts = page.locator(".reading .text");
    assert.equal((await texts.allInnerTexts()).join(""), MARKUP.join(""));
    const tokens = await page.locator(".reading .tok").allInnerTexts();
    for (const one of ["猫", "龘", "👩‍👩‍👧‍👦", "🇳🇱", "👍🏽", "3️⃣"]) {
      assert.ok(
        tokens.some((token) => token.trim() === one),
        `${one} is drawn as one`,
      );
    }
    assert.equal(await page.locator(".reading img, .reading script").count(), 0);
    const direction = (text: Element) => getComputedStyle(text).direction;
    assert.equal(await texts.nth(0).evaluate(direction), "ltr");
    assert.equal(await texts.nth(1).evaluate(direction), "rtl", "it begins with Hebrew");
  });
});

/** A character of markup.jsonl that is several tokens. */
async function sharedPiece() {
  const text = await document<DocumentText>("/api/documents/0");
  for (const { sequence, pieces } of text.sequences) {
    const piece = pieces.find((one) => /^\p{Script=Han}$/u.test(one.text) && one.tokens.length > 1);
    if (piece) return { sequence, piece };
  }
  throw new Error("no character has several tokens");
}

/** A document of 300 sequences of 128 tokens, which comes in parts as the server's do. */
const longText = (from: number): DocumentText => {
  const end = Math.min(300, from + 128);
  const sequences = Array.from({ length: end - from }, (_, i) => ({
    sequence: from + i,
    chunk: from + i,
    pieces: [{ text: `word${from + i} `, tokens: [{ position: 0, id: 1, value: null }] }],
  }));
  const more = end < 300 ? end : null;
  const neighbours = { previous: null, next: null };
  const size = { n_sequences: 300, n_tokens: 300 * 128 };
  return {
    index: 0,
    source: "s",
    name: "long",
    ...size,
    ...neighbours,
    more,
    unit: null,
    sequences,
  };
};

test("a link into a long document shows its token, with what is before and after", async (t) => {
  await onPage(t, ground, async (page) => {
    await page.route("**/api/documents/0*", (route) => {
      const from = Number(new URL(route.request().url()).searchParams.get("from") ?? "0");
      return route.fulfill({ json: longText(from) });
    });
    const place = { sequence: 200, position: 0, document: {}, pieces: [] };
    await page.route("**/api/places/**", (route) => route.fulfill({ json: { place, kinds: [] } }));
    await page.goto(`${base}/documents/0?at=200:0`);
    const peak = page.locator(".reading .tok.peak");
    await peak.waitFor();
    assert.equal((await peak.innerText()).trim(), "word200");
    await page.waitForFunction(() => {
      const box = window.document.querySelector(".reading .tok.peak")?.getBoundingClientRect();
      return box && box.top > 0 && box.bottom < window.innerHeight;
    });
    const first = page.locator(".reading .tok").first();
    assert.equal((await first.innerText()).trim(), "word198");
    await page.locator("#sequence-199 .tok").click();
    await page.waitForURL("**at=199%3A0*");
    assert.equal((await first.innerText()).trim(), "word198", "the part stays");
    assert.equal(await page.getByRole("link", { name: "Go on reading" }).count(), 0);
    await page.getByRole("link", { name: "What comes before" }).click();
    await page.locator("#sequence-100").waitFor();
    await page.getByRole("link", { name: "Go on reading" }).waitFor();
    await page.locator("#sequence-197").waitFor();
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
    await bar(page).waitFor({ state: "detached" });
    assert.equal(new URL(page.url()).searchParams.get("text"), "licen");
    for (const { kind, units } of found.kinds) {
      const listed = page.locator(`section[aria-label="${kind}"] tbody tr`);
      const shown = await listed.evaluateAll((all) =>
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

const LINES = "/api/search?text=licen&case=any&limit=25&stream=1";

/** Holds the server's answer back after its first line, made of the last. `end` lets it go on. */
const holdSearch = (page: Page) =>
  page.addInitScript(() => {
    const real = window.fetch.bind(window);
    const held = window as unknown as { end?: () => void; left?: string[] };
    held.left = [];
    window.fetch = async (input, init) => {
      const address = input instanceof Request ? input.url : String(input);
      const response = await real(input, init);
      if (!address.includes("stream=1") || !response.ok) return response;
      const last = (await response.text()).trimEnd().split("\n").pop() ?? "";
      const searched = { n_sequences: 1, of_sequences: 4, n_units: 0, of_units: 0 };
      const first = JSON.stringify({ searched, ...(JSON.parse(last) as object) });
      const encoder = new TextEncoder();
      const body = new ReadableStream({
        start(stream) {
          stream.enqueue(encoder.encode(`${first}\n`));
          held.end = () => {
            stream.enqueue(encoder.encode(`${last}\n`));
            stream.close();
          };
          init?.signal?.addEventListener("abort", () => {
            held.left?.push(address);
            stream.error(init.signal?.reason);
          });
        },
      });
      return new Response(body, { status: 200 });
    };
  });

const bar = (page: Page) => page.getByRole("progressbar", { name: "Searching" });
const rows = (page: Page) => page.locator('section[aria-label="latents"] tbody tr');
const left = (page: Page) => page.evaluate(() => (window as unknown as { left: string[] }).left);

test("units are shown before a search is over, and it ends", async (t) => {
  await onPage(t, ground, async (page) => {
    await holdSearch(page);
    await page.goto(`${base}/search?text=licen`);
    await rows(page).first().waitFor();
    const shown = await rows(page).count();
    await page.getByText("1 of 4 sequences searched").waitFor();
    assert.equal(await bar(page).getAttribute("value"), "0.25");
    assert.equal(await page.locator("details.export").count(), 0, "nothing to keep yet");
    await assertAccessible(page, "a search that goes on");
    await page.evaluate(() => {
      (window as unknown as { end: () => void }).end();
    });
    await bar(page).waitFor({ state: "detached" });
    assert.equal(await rows(page).count(), shown);
    assert.equal(await page.getByRole("button", { name: "Cancel" }).count(), 0);
    assert.deepEqual(await left(page), []);
  });
});

test("a search is cancelled, by a button and by another search", async (t) => {
  await onPage(t, ground, async (page) => {
    await holdSearch(page);
    await page.goto(`${base}/search?text=licen`);
    await rows(page).first().waitFor();
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByText("Cancelled. 1 of 4 sequences searched").waitFor();
    assert.deepEqual(await left(page), [LINES]);
    assert.ok((await rows(page).count()) > 0, "what was found stays");
    assert.equal(await bar(page).count(), 0);
    for (const text of ["free", "and"]) {
      await page.getByLabel("Word or phrase").fill(text);
      await page.keyboard.press("Enter");
      await page.getByText(`of ${quotedText(text)}`).waitFor();
      await bar(page).waitFor();
    }
    assert.deepEqual(await left(page), [LINES, LINES.replace("licen", "free")]);
  });
});

test("Back leads to the search before, and a choice of how to search is no step", async (t) => {
  await onPage(t, ground, async (page) => {
    await page.goto(`${base}/search?text=licen`);
    await page.locator(".figures").first().waitFor();
    await page.getByRole("radio", { name: "exact" }).check({ force: true });
    await page.getByLabel("Word or phrase").fill("work");
    await page.keyboard.press("Enter");
    await page.waitForURL("**text=work*");
    await page.goBack();
    await page.waitForURL("**text=licen*");
    await page.waitForFunction(
      () => window.document.querySelector<HTMLInputElement>("[name=text]")?.value === "licen",
    );
    assert.equal(new URL(page.url()).searchParams.get("case"), "exact");
    await page.goForward();
    await page.waitForURL("**text=work*");
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
    await bar(page).waitFor({ state: "detached" });
  });
});
