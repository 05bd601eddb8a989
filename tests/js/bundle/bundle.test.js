/** The client in one file: the same names, and what tests of the modules ask of them. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { createContext, runInContext } from "node:vm";

import * as index from "../../../realtime/static/realtime/index.js";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const NAMES = [...Object.keys(index), "RealtimeStatus"].sort();
const SUITES = ["client", "subscription", "heartbeat_socket", "drop_in/agreement"];

let folder;

before(() => {
  folder = mkdtempSync(join(tmpdir(), "bundle-"));
  execFileSync(join(HERE, "../../../release/bundle"), [folder]);
});

after(() => rmSync(folder, { recursive: true }));

test("the public names and the element, minified", async () => {
  const bundle = await import(pathToFileURL(join(folder, "client.js")));
  assert.deepEqual(Object.keys(bundle).sort(), NAMES);
  assert.equal(bundle.default, bundle.HeartbeatSocket);
  assert.ok(readFileSync(join(folder, "client.js")).length < 45_000);
});

test("the classic build has the same names, and leaves no other", () => {
  const page = createContext({ TextEncoder, DOMException, EventTarget, Event });
  const before = Object.getOwnPropertyNames(runInContext("globalThis", page));
  runInContext(readFileSync(join(folder, "client.classic.js"), "utf8"), page);
  const now = Object.getOwnPropertyNames(runInContext("globalThis", page));
  assert.deepEqual(now.filter((name) => !before.includes(name)), ["Realtime"]);
  assert.deepEqual([...runInContext("Object.keys(Realtime)", page)].sort(), NAMES);
});

test("scripts that load different copies share the page's client", async () => {
  const { RealtimeClient } = await import(pathToFileURL(join(folder, "client.js")));
  const { pageClient } = await import("../../../realtime/static/realtime/page_client.js");
  const client = new RealtimeClient("wss://site.example/", { environment: { document: {} }, startClosed: true });
  assert.equal(pageClient(), client);
});

test("it passes the suites of the modules", () => {
  const files = SUITES.map((name) => join(HERE, `../${name}.test.js`));
  const given = ["--import", join(HERE, "as_the_client.js"), "--test", ...files];
  const { NODE_TEST_CONTEXT: _, ...environment } = process.env;
  const CLIENT = pathToFileURL(join(folder, "client.js")).href;
  try {
    execFileSync(process.execPath, given, { env: { ...environment, CLIENT }, encoding: "utf8", stdio: "pipe" });
  } catch ({ stdout }) {
    assert.fail(stdout);
  }
});
