/** Under zone.js before 0.14, which Angular 16 and older load, and which replaces the listeners of all. */

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";

// By these zone.js takes Node for a browser.
const listeners = new EventTarget();
globalThis.window = globalThis;
globalThis.addEventListener = (...given) => listeners.addEventListener(...given);
globalThis.removeEventListener = (...given) => listeners.removeEventListener(...given);
createRequire(import.meta.url)("zone.js/bundles/zone.umd.js");
const { HeartbeatSocket, RealtimeClient } = await import("../../../realtime/static/realtime/index.js");
const { fakeEnvironment, recorded, settled } = await import("../fakes.js");

const EVENTS = { window: ["online", "pageshow", "pagehide"], document: ["visibilitychange", "resume"] };

test("it is there", () => assert.ok(globalThis.Zone));

test("the page's own listeners stay when a socket has closed", () => {
  const { options, page } = fakeEnvironment();
  const socket = new HeartbeatSocket("ws://server/", [], options);
  const seen = [];
  for (const [target, types] of Object.entries(EVENTS)) {
    for (const type of types) page[target].addEventListener(type, () => seen.push(type));
  }
  socket.close();
  for (const type of EVENTS.window) page.windowEvent(type, { persisted: true });
  for (const type of EVENTS.document) page.documentEvent(type);
  assert.deepEqual(seen, [...EVENTS.window, ...EVENTS.document]);
});

test("a socket is put aside with its page, and comes back", () => {
  const { options, page, made } = fakeEnvironment();
  const socket = new HeartbeatSocket("ws://server/", [], options);
  page.windowEvent("pagehide", { persisted: true });
  assert.equal(socket.state, "waiting");
  page.windowEvent("pageshow", { persisted: true });
  assert.deepEqual([socket.state, made.length], ["connecting", 2]);
});

test("a client and its socket work in an Angular zone", async () => {
  const { options, last } = fakeEnvironment();
  const zone = globalThis.Zone.current.fork({ name: "angular" });
  const client = zone.run(() => new RealtimeClient("/realtime/", options));
  last().open();
  last().welcome();
  assert.equal(client.state, "open");
  const socket = zone.run(() => new HeartbeatSocket("ws://server/", [], options));
  const messages = recorded(socket, "message");
  last().open();
  last().frame("hello");
  socket.close();
  await settled();
  assert.deepEqual([messages.length, socket.state], [1, "closed"]);
});
