// first_page: how long does the first page take until it can be used, in a real browser?
//
//   node bench/first_page.mjs RECORDING... [--sparse GB] [--rounds 5] [--actogram build/release/bin/actogram]
//
// Serves each recording, opens its overview in headless Chromium (CHROMIUM, else /usr/bin/chromium),
// each time with an empty cache, and prints the milliseconds from asking for the page until
//   interactive  its script runs and the search takes a key
//   drawn        the map of every layer is coloured, and a unit can be chosen on it
// both medians, against the bound of 1 s for the first. With --sparse each is served a second time as
// a copy whose peaks.arrow has a hole of that many GB before its footer: bytes that no index names and
// that take no room on the disk. That a unit of the copy is the original's is checked.
import { execFileSync, spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { chromium } from "../web/node_modules/playwright-core/index.mjs";

const BOUND_MS = 1000;
const FOOTER_TAIL = 10; // the footer's length as int32, and "ARROW1"

const { values: options, positionals: recordings } = parseArgs({
  allowPositionals: true,
  options: {
    sparse: { type: "string", default: "0" },
    rounds: { type: "string", default: "5" },
    actogram: { type: "string", default: "build/release/bin/actogram" },
  },
});
if (recordings.length === 0) {
  console.error("usage: node bench/first_page.mjs RECORDING... [--sparse GB] [--rounds N]");
  process.exit(2);
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/** A copy of a recording with a hole in its largest table. */
function withHole(recording, gigabytes, folder) {
  const copy = path.join(folder, `sparse-${path.basename(recording)}`);
  fs.cpSync(recording, copy, { recursive: true });
  const peaks = path.join(copy, "peaks.arrow");
  const file = fs.openSync(peaks, "r+");
  const size = fs.fstatSync(file).size;
  const tail = Buffer.alloc(FOOTER_TAIL);
  fs.readSync(file, tail, 0, FOOTER_TAIL, size - FOOTER_TAIL);
  const footer = Buffer.alloc(tail.readInt32LE(0) + FOOTER_TAIL);
  const begin = size - footer.length;
  fs.readSync(file, footer, 0, footer.length, begin);
  const hole = gigabytes * 1e9 - (gigabytes * 1e9) % 64;
  fs.ftruncateSync(file, begin);
  fs.writeSync(file, footer, 0, footer.length, begin + hole);
  fs.closeSync(file);
  const manifest = JSON.parse(fs.readFileSync(path.join(copy, "manifest.json"), "utf8"));
  manifest.files["peaks.arrow"].bytes += hole;
  fs.writeFileSync(path.join(copy, "manifest.json"), JSON.stringify(manifest));
  return copy;
}

const sizeOf = (recording) =>
  fs.readdirSync(recording).reduce((n, name) => n + fs.statSync(path.join(recording, name)).size, 0);

async function serving(recording, use) {
  const server = spawn(options.actogram, ["serve", recording, "--port", "0"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  try {
    const url = await new Promise((resolve, reject) => {
      server.stdout.once("data", (text) => resolve(String(text).trim()));
      server.once("exit", () => reject(new Error(`${recording} cannot be served`)));
    });
    return await use(url);
  } finally {
    server.kill();
  }
}

async function firstPage(browser, url) {
  const context = await browser.newContext(); // with a cache of its own
  const page = await context.newPage();
  await page.addInitScript(() => {
    // Looked at every frame, as a person would.
    const look = () => {
      if (document.querySelector("h1") && document.querySelector("header input")) {
        globalThis.interactiveAt ??= performance.now();
      }
      const maps = [...document.querySelectorAll(".maps .map canvas")];
      if (maps.length > 0 && document.querySelector(".maps .legend .ramp")) {
        globalThis.drawnAt ??= performance.now();
      } else {
        requestAnimationFrame(look);
      }
    };
    requestAnimationFrame(look);
  });
  await page.goto(url);
  await page.waitForFunction(() => globalThis.drawnAt !== undefined);
  await page.keyboard.press("/");
  const found = await page.evaluate(() => ({
    interactive: globalThis.interactiveAt,
    drawn: globalThis.drawnAt,
    focused: document.activeElement?.getAttribute("name"),
  }));
  await context.close();
  if (found.focused !== "address") throw new Error("the search takes no key");
  return found;
}

async function measure(browser, recording) {
  return await serving(recording, async (url) => {
    const times = [];
    for (let round = 0; round < Number(options.rounds); ++round) {
      times.push(await firstPage(browser, url));
    }
    const interactive = median(times.map((t) => t.interactive));
    const drawn = median(times.map((t) => t.drawn));
    const verdict = interactive < BOUND_MS ? "within 1 s" : "NOT within 1 s";
    console.log(
      `${path.basename(recording).padEnd(28)} ${(sizeOf(recording) / 1e6).toFixed(0).padStart(6)} MB` +
        `  interactive ${interactive.toFixed(0).padStart(4)} ms  drawn ${drawn.toFixed(0).padStart(4)} ms  ${verdict}`,
    );
  });
}

function show(recording, unit) {
  return execFileSync(options.actogram, ["show", recording, unit, "--json"], { encoding: "utf8" });
}

const scratch = fs.mkdtempSync(path.join(path.dirname(path.resolve(recordings[0])), "first-page-"));
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox"],
});
try {
  console.log(`${os.cpus()[0].model}, ${os.cpus().length} CPUs; Chromium ${browser.version()}`);
  for (const recording of recordings) {
    await measure(browser, recording);
    if (Number(options.sparse) === 0) continue;
    const copy = withHole(recording, Number(options.sparse), scratch);
    const site = JSON.parse(fs.readFileSync(path.join(copy, "manifest.json"), "utf8")).sites.at(-1);
    const unit = `${site.name}/${site.n_units - 1}`;
    if (show(copy, unit) !== show(recording, unit)) throw new Error(`${unit}: not the same`);
    await measure(browser, copy);
  }
} finally {
  await browser.close();
  fs.rmSync(scratch, { recursive: true });
}
