/** Each frame is parsed once, and a page's message events are as the browser's own. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { HeartbeatSocket, RealtimeClient } from "../../realtime/static/realtime/index.js";
import { fakeEnvironment, recorded } from "./fakes.js";

const SIZES = { short: 10, "longer than a control frame": 5000 };

/** How often JSON is parsed while `action` goes on. */
function parses(t, action) {
  const parse = t.mock.method(JSON, "parse");
  action();
  parse.mock.restore();
  return parse.mock.callCount();
}

describe("a RealtimeClient", () => {
  function subscribed() {
    const { options, last } = fakeEnvironment();
    const client = new RealtimeClient("/realtime/", options);
    const call = client.subscribe("call.7");
    last().open();
    last().welcome();
    last().frame({ type: "subscribed", ref: 1, stream: "call.7", epoch: "e", offset: 0, recovered: false });
    return { client, call, native: last() };
  }

  for (const [size, length] of Object.entries(SIZES)) {
    test(`parses an event once: ${size}`, (t) => {
      const { call, native } = subscribed();
      const seen = [];
      call.on("note", ({ text }) => seen.push(text));
      const text = "x".repeat(length);
      const event = JSON.stringify({ type: "event", stream: "call.7", offset: 1, name: "note", data: { text } });
      assert.equal(parses(t, () => native.frame(event)), 1);
      assert.deepEqual(seen, [text]);
    });
  }

  test("parses what is no JSON once, too", (t) => {
    const { client, native } = subscribed();
    const errors = [];
    client.on("error", ({ code }) => errors.push(code));
    assert.equal(parses(t, () => native.frame("{")), 1);
    assert.deepEqual(errors, ["bad_frame"]);
  });
});

describe("a HeartbeatSocket", () => {
  for (const [size, length] of Object.entries(SIZES)) {
    test(`hands on a message as it came: ${size}`, () => {
      const { options, last } = fakeEnvironment();
      const socket = new HeartbeatSocket("ws://server/", [], options);
      const messages = recorded(socket, "message");
      last().open();
      last().welcome();
      const text = JSON.stringify({ type: "chat", text: "x".repeat(length) });
      last().frame(text);
      assert.deepEqual([messages[0].constructor, messages[0].data], [MessageEvent, text]);
      assert.deepEqual(Reflect.ownKeys(messages[0]), Reflect.ownKeys(new MessageEvent("message")));
    });
  }

  test("leaves a long message of the application to the application", (t) => {
    const { options, last } = fakeEnvironment();
    new HeartbeatSocket("ws://server/", [], options);
    last().open();
    last().welcome();
    assert.equal(parses(t, () => last().frame(`"${"x".repeat(5000)}"`)), 0);
  });
});
