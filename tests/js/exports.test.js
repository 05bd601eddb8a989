import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

import * as index from "../../realtime/static/realtime/index.js";
import { MOVES } from "../../realtime/static/realtime/connection_state.js";
import { LIFECYCLE } from "../../realtime/static/realtime/subscription_emitter.js";

const MODULES = new URL("../../realtime/static/realtime/", import.meta.url);
const DOCS = readFileSync(new URL("../../docs/browser.md", import.meta.url), "utf8");
const NAMES = ["CloseCode", "HeartbeatSocket", "RealtimeClient", "RealtimeError", "mayReconnect", "userStreamName"];

test("the public names, each of them documented", () => {
  assert.deepEqual(Object.keys(index).sort(), [...NAMES, "default"].sort());
  assert.equal(index.default, index.HeartbeatSocket);
  for (const name of NAMES) assert.ok(DOCS.includes(`\`${name}`), name);
});

test("the states and the notifications are documented", () => {
  for (const name of [...Object.keys(MOVES), ...LIFECYCLE]) assert.ok(DOCS.includes(`\`${name}\``), name);
});

test("every option is documented", () => {
  for (const module of ["socket_options.js", "protocol/backoff.js"]) {
    const source = readFileSync(new URL(module, MODULES), "utf8");
    for (const [, option] of source.matchAll(/@property \{.*?\} \[(\w+)\]/g)) {
      assert.ok(DOCS.includes(`\`${option}\``), option);
    }
  }
});

test("nothing that a strict Content-Security-Policy or the back-forward cache forbids", () => {
  for (const name of readdirSync(MODULES, { recursive: true }).filter((file) => file.endsWith(".js"))) {
    const source = readFileSync(new URL(name, MODULES), "utf8").replace(/\/\*\*.*?\*\//gs, "");
    assert.doesNotMatch(source, /\beval\(|new Function\(|"(before)?unload"|innerHTML|\.style\b/, name);
  }
});
