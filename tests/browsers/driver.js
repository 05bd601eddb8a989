/**
 * Drives one browser: `node driver.js chromium /usr/bin/chromium`.
 *
 * Each line of its input is one request, [id, page, method, ...arguments]; each line of its output
 * is [id, result, error]. What a page throws goes out with the id null: [null, page, error].
 *
 * The error "crashed" says that the page's process has died; without a browser this program ends.
 */

import { createInterface } from "node:readline";
import puppeteer from "puppeteer-core";

const [name, executablePath] = process.argv.slice(2);

// No sandbox: the tests' user is root, for whom Chromium has none. Sound without a click: nobody clicks.
// The timers of a hidden page are slowed down to one a minute, after one second instead of minutes.
const CHROMIUM = [
  "--no-sandbox",
  "--autoplay-policy=no-user-gesture-required",
  "--enable-features=IntensiveWakeUpThrottling:grace_period_seconds/1",
];
// With these a hidden page would be treated as one that is seen.
const PUPPETEERS = [
  "--disable-background-timer-throttling",
  "--disable-backgrounding-occluded-windows",
  "--disable-renderer-backgrounding",
];
const FIREFOX = { "media.autoplay.default": 0 };
const PATIENCE = 30_000; // milliseconds, as Puppeteer has it
const GONE_ELSEWHERE = /Execution context was destroyed|DiscardedBrowsingContextError/;
const GONE = /TargetCloseError|ConnectionClosedError/;
const CRASHED = "crashed";

const browser = await puppeteer.launch({
  browser: name === "firefox" ? "firefox" : "chrome",
  executablePath,
  args: name === "firefox" ? [] : CHROMIUM,
  ignoreDefaultArgs: PUPPETEERS,
  extraPrefsFirefox: FIREFOX,
});

browser.on("disconnected", () => process.exit());

const contexts = new Map();
const pages = new Map();
const crashes = new Map();
const developerTools = new Map();

/** Opens a page; pages of one `profile` have their cookies in common, and its tabs one window. */
async function open(key, profile, type) {
  if (!contexts.has(profile)) contexts.set(profile, await browser.createBrowserContext());
  const page = await contexts.get(profile).newPage({ type });
  page.on("pageerror", (error) => write(null, key, String(error.stack ?? error)));
  pages.set(key, page);
  // Puppeteer never gives up waiting for a page that has crashed.
  crashes.set(key, new Promise((_, reject) => page.once("error", () => reject(CRASHED))));
  crashes.get(key).catch(() => {});
}

async function perform(key, method, given) {
  if (method === "open") return open(key, ...given);
  if (method === "version") return browser.version();
  return Promise.race([performOn(key, method, given), crashes.get(key)]);
}

async function performOn(key, method, given) {
  if (method === "cdp") return (await tools(key)).send(...given);
  if (method === "evaluate") return evaluate(pages.get(key), ...given);
  if (method === "press") return pages.get(key).keyboard.press(...given);
  await (method === "run" ? run(pages.get(key), ...given) : pages.get(key)[method](...given));
  return null;
}

/** Reads a page; asked again when it goes elsewhere meanwhile, since what is read has no effects. */
async function evaluate(page, expression) {
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    try {
      return await page.evaluate(expression);
    } catch (error) {
      if (!isGoneElsewhere(error) || Date.now() > deadline) throw error;
    }
  }
}

/** Does something on a page once; that the page goes elsewhere before it answers is no failure. */
async function run(page, script) {
  try {
    await page.evaluate(script);
  } catch (error) {
    if (!isGoneElsewhere(error)) throw error;
  }
}

function isGoneElsewhere(error) {
  return GONE_ELSEWHERE.test(error);
}

/** Chromium's own protocol, for what no other browser does on request. */
async function tools(key) {
  if (!developerTools.has(key)) developerTools.set(key, await pages.get(key).createCDPSession());
  return developerTools.get(key);
}

function write(...line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

for await (const line of createInterface({ input: process.stdin })) {
  const [id, key, method, ...given] = JSON.parse(line);
  perform(key, method, given).then(
    (result) => write(id, result ?? null, null),
    (error) => write(id, null, GONE.test(error) ? CRASHED : String(error)),
  );
}
await browser.close();
