// What a reader of report.html must see; started by tests/browser/run.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [, , report, shots] = process.argv;
const url = pathToFileURL(report).href;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const problems = [];
let checks = 0;

function hold(truth, what) {
  checks += 1;
  console.log((truth ? "ok    " : "FAILS ") + what);
  if (!truth) problems.push(what);
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

async function open(options) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, offline: true, ...options });
  const page = await context.newPage();
  const heard = [];
  page.on("console", (message) => message.type() === "error" && heard.push(message.text()));
  page.on("pageerror", (error) => heard.push(error.message));
  page.on("request", (request) => request.url() !== url && !request.url().startsWith("data:") && heard.push("asked for " + request.url()));
  await page.goto(url);
  return { context, page, heard };
}

// Pixels of the middle of a canvas that are not of the most frequent colour: something is drawn.
const inked = (canvas) =>
  canvas.evaluate((element) => {
    const { data } = element.getContext("2d").getImageData(0, 0, element.width, element.height);
    let count = 0;
    for (let at = 3; at < data.length; at += 4) if (data[at] > 40) count += 1;
    return count;
  });

async function accessible(page, name) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  const bad = violations.filter((violation) => ["serious", "critical"].includes(violation.impact));
  hold(bad.length === 0, `axe-core finds nothing serious (${name})` +
    bad.map((violation) => `\n        ${violation.id}: ${violation.nodes.slice(0, 3).map((node) => node.html.slice(0, 120)).join(" | ")}`).join(""));
  const minor = violations.filter((violation) => !bad.includes(violation));
  if (minor.length) console.log("note  axe-core, less than serious: " + minor.map((violation) => violation.id).join(", "));
}

async function shoot(page, name) {
  if (shots) await page.screenshot({ path: join(shots, name + ".png") });
}

async function charts({ page }) {
  const hosts = page.locator("[data-chart]");
  const count = await hosts.count();
  hold(count >= 2, `${count} charts`);
  if (!levels) return;
  for (let index = 0; index < count; index += 1) {
    const host = hosts.nth(index);
    const name = await host.getAttribute("data-chart");
    hold((await inked(host.locator("canvas"))) > 500, `${name}: drawn`);
    hold(await host.locator(".still").isHidden(), `${name}: the still picture makes room`);
    const over = host.locator(".u-over");
    await over.scrollIntoViewIfNeeded();
    const box = await over.boundingBox();
    const readout = host.locator(".readout");
    const before = await readout.textContent();
    await page.mouse.move(box.x + box.width * 0.6, box.y + box.height * 0.4);
    await page.waitForTimeout(100);
    const hovered = await readout.textContent();
    hold(hovered !== before && /^\d+ users?: .*\d/.test(hovered), `${name}: hover says "${hovered}"`);
    const slider = host.getByRole("slider");
    await slider.focus();
    await page.keyboard.press("Home");
    const first = await slider.getAttribute("aria-valuetext");
    await page.keyboard.press("ArrowRight");
    const second = await slider.getAttribute("aria-valuetext");
    hold(first !== second && /\d/.test(first + second), `${name}: arrow keys say "${second}"`);
    hold(!/NaN|undefined|null/.test(hovered + first + second), `${name}: says only what is a number`);
  }
}

async function toggles({ page }) {
  const host = page.locator('[data-chart="response-time"]');
  const ink = await inked(host.locator("canvas"));
  await host.getByLabel("p99").check();
  await page.waitForTimeout(100);
  hold((await inked(host.locator("canvas"))) !== ink, "p99 can be switched on");
  await host.getByLabel("p99").uncheck();
}

// How many levels the page has, and what its script was given of them.
let levels = 0;
let given = [];

async function drillDown({ page }) {
  const link = page.locator("#levels tbody th a").last();
  const target = (await link.getAttribute("href")).slice(1);
  await link.click();
  const details = page.locator("#" + target);
  await details.locator("canvas").first().waitFor({ timeout: 5000 });
  hold(await details.evaluate((element) => element.open), "a level's number opens its details");
  const level = given[Number(await details.getAttribute("data-level"))];
  const wanted = (level.at.length ? 2 : 0) + (level.histogram.length ? 1 : 0);
  hold((await details.locator("canvas").count()) === wanted && wanted > 0, `its course and its histogram are drawn: ${wanted} pictures`);
  for (const canvas of await details.locator("canvas").all()) hold((await inked(canvas)) > 300, "it has ink");
  if (level.histogram.length) await histogram(page, details);
  for (const caption of ["Response time of the served", "The generator's own health", "Transactions"]) {
    hold((await details.locator("caption", { hasText: caption }).count()) >= 1, `it has the table: ${caption}`);
  }
  const phases = details.locator("table", { hasText: "Waiting for the first byte" });
  if (await phases.count()) {
    const shares = await phases.locator("tbody tr td:last-child").allTextContents();
    const sum = shares.reduce((total, text) => total + (text.startsWith("<") ? 0.05 : parseFloat(text)), 0);
    hold(Math.abs(sum - 100) < 1, `the shares of its ${shares.length} phases are the whole: ${shares.join(", ")}`);
  }
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  hold(wide <= 0, "the page does not scroll sideways at 1200 px");
  const table = page.locator("#levels > .scroll").first();
  hold(await table.evaluate((element) => element.scrollWidth <= element.clientWidth), "the level table fits into 1200 px");
}

async function histogram(page, details) {
  const over = details.locator(".u-over").last();
  await over.scrollIntoViewIfNeeded();
  const box = await over.boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.waitForTimeout(100);
  const said = await details.locator(".readout").textContent();
  hold(/^[\d.]+ to [\d.]+ ms: \d+ of \d+ transactions \(.* %\)$/.test(said), `the histogram says "${said}"`);
}

// What each transaction costs: a figure with its interval, or a reason why there is none.
async function demands({ page }) {
  const groups = page.locator("#demand tr.group");
  const rows = page.locator("#demand tr.group ~ tr:not(.group)");
  const notes = (await groups.allTextContents()).join(" ");
  const known = await rows.count();
  hold(known > 0 || /not separable|no readings/.test(notes), `what ${known} transactions cost is said${known ? "" : ", or why not"}`);
  for (const text of await rows.locator("td:nth-child(2)").allTextContents()) {
    hold(/^[\d.]+ \([\d.]+–[\d.]+\)n = \d+$/.test(text.replace(/\s*\n\s*/g, "")), `a demand reads ${text.trim()}`);
  }
}

const light = await open({ colorScheme: "light" });
await shoot(light.page, "light");
given = await light.page.evaluate(() => JSON.parse(document.getElementById("data").textContent).levels);
levels = given.length;
console.log(`note  ${levels} levels; "${await light.page.locator("h1").textContent()}"`);
await charts(light);
if (levels) {
  await toggles(light);
  await drillDown(light);
}
if (await light.page.locator("#demand tr.group").count()) await demands(light);
await shoot(light.page, "drill-down");
const text = await light.page.evaluate(() => document.body.innerText);
hold(!/NaN|undefined|Infinity/.test(text), "no text says NaN, undefined or Infinity");
hold(!/(^|\s)0\.0 %/.test(text), "no share is shown as 0.0 %");
await accessible(light.page, "light, a level open");
await light.page.emulateMedia({ media: "print" });
hold(await light.page.locator(".still svg").first().isVisible(), "print shows the pictures");
hold(await light.page.locator(".live").first().isHidden(), "print hides the live charts");
hold(light.heard.length === 0, "nothing on the console, nothing from the network" + light.heard.map((line) => "\n        " + line).join(""));
await light.context.close();

const dark = await open({ colorScheme: "dark" });
await shoot(dark.page, "dark");
await accessible(dark.page, "dark");
const background = await dark.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
hold(background !== "rgb(255, 255, 255)", "a dark screen gets a dark page");
hold(dark.heard.length === 0, "nothing on the console (dark)");
await dark.context.close();

const narrow = await open({ viewport: { width: 400, height: 800 } });
const wide = await narrow.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
hold(wide <= 0, "the page fits a telephone");
await narrow.context.close();

const plain = await open({ javaScriptEnabled: false });
hold(await plain.page.locator(".still svg").first().isVisible(), "without scripts the pictures are there");
await shoot(plain.page, "no-script");
await plain.context.close();

await browser.close();
console.log(problems.length ? `\n${problems.length} of ${checks} checks fail` : `\nall ${checks} checks hold`);
process.exit(problems.length ? 1 : 0);
