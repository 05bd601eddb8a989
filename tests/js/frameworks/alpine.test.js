/** What a page keeps in Alpine's `x-data`. Alpine finds just enough of a browser to be loaded. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { HeartbeatSocket, RealtimeClient } from "../../../realtime/static/realtime/index.js";
import { fakeEnvironment } from "../fakes.js";

globalThis.window = globalThis;
globalThis.Element = class {};
globalThis.MutationObserver = class {};
globalThis.document = { createElement: () => ({}) };
const { Alpine } = (await import("alpinejs")).default;

test("client, subscription and socket work in x-data", () => {
  const { options, last } = fakeEnvironment();
  const data = Alpine.reactive({
    words: "",
    init() {
      this.client = new RealtimeClient("/realtime/", { ...options, startClosed: true });
      this.client.on("state", ({ state }) => (this.words = state));
      this.call = this.client.subscribe("call.7");
      this.client.connect();
    },
  });
  data.init();
  last().open();
  last().welcome();
  assert.deepEqual([data.words, data.client.state, data.call.stream], ["open", "open", "call.7"]);
  data.socket = new HeartbeatSocket("ws://server/", [], options);
  last().open();
  data.socket.send("hello");
  assert.deepEqual(last().sent, ["hello"]);
  data.call.unsubscribe();
  data.client.close();
  assert.equal(data.words, "closed");
});
