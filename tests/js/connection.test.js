/** One connection and its heartbeat: what it keeps from the page, and when it gives up. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { HeartbeatSocket } from "../../realtime/static/realtime/index.js";
import { fakeEnvironment, recorded } from "./fakes.js";

function connected(options = {}) {
  const it = fakeEnvironment();
  const socket = new HeartbeatSocket("ws://server/", [], { ...it.options, ...options });
  const native = it.last();
  native.open();
  native.welcome();
  return { ...it, socket, native };
}

/** Answer the client's latest ping. */
function pong(native) {
  native.frame({ type: "pong", nonce: native.frames("ping").at(-1).nonce });
}

describe("frames", () => {
  test("a ping is answered immediately, and kept from the page", () => {
    const { socket, native } = connected();
    const messages = recorded(socket, "message");
    native.frame({ type: "ping", nonce: "9f3c1a2b" });
    assert.deepEqual(native.frames("pong"), [{ type: "pong", nonce: "9f3c1a2b" }]);
    assert.equal(messages.length, 0);
  });

  test("welcome is kept from the page and answered with a ping, whose pong is the latency", () => {
    const { clock, socket, native } = connected();
    const messages = recorded(socket, "message");
    const measured = recorded(socket, "latency");
    assert.equal(native.frames("ping").length, 1);
    clock.advance(40);
    pong(native);
    assert.equal(socket.latency, 40);
    assert.equal(measured[0].detail, 40);
    assert.equal(messages.length, 0);
  });

  test("what is not exactly a heartbeat belongs to the page", () => {
    const { socket, native } = connected();
    const seen = recorded(socket, "message");
    const frames = [
      '{"type":"ping"}',
      '{"type":"ping","nonce":7}',
      '{"type":"ping","nonce":"a","more":1}',
      '{"type":"welcome","text":"hello"}',
      '{"type":"bye","text":"see you"}',
      '[{"type":"ping","nonce":"a"}]',
      "null",
      "ping",
      new ArrayBuffer(3),
      `{"type":"ping","nonce":"${"x".repeat(5000)}"}`,
    ];
    for (const frame of frames) native.frame(frame);
    assert.deepEqual(seen.map((event) => event.data), frames);
    assert.equal(native.frames("pong").length, 0);
    assert.equal(seen[0].origin, "ws://server");
  });

  test("a server that never says welcome is left alone: all frames, no pings, no deadline", () => {
    const { options, clock, page, last } = fakeEnvironment();
    const socket = new HeartbeatSocket("ws://server/", undefined, options);
    const seen = recorded(socket, "message");
    last().open();
    last().frame({ type: "ping", nonce: "a" });
    last().frame({ type: "bye", code: 4408, reason: "stale", retry: true });
    page.windowEvent("online");
    clock.advance(3_600_000);
    assert.equal(seen.length, 2);
    assert.deepEqual(last().sent, []);
    assert.equal(socket.readyState, HeartbeatSocket.OPEN);
  });
});

describe("silence", () => {
  test("after interval and timeout the socket is discarded, without waiting for its close", () => {
    const { clock, socket, native, made } = connected();
    const closes = recorded(socket, "close");
    clock.advance(17_999);
    assert.equal(closes.length, 0);
    clock.advance(1);
    assert.deepEqual([closes[0].code, closes[0].reason, closes[0].retryIn], [4408, "stale", 0]);
    assert.equal(native.listened, 0);
    assert.ok(native.closedWith);
    assert.equal(made.length, 2, "and the next attempt is under way immediately");
  });

  test("any frame counts as a sign of life", () => {
    const { clock, socket, native } = connected();
    for (let beat = 0; beat < 10; beat += 1) {
      clock.advance(17_000);
      native.frame("news");
    }
    assert.equal(socket.readyState, HeartbeatSocket.OPEN);
  });

  test("frames that arrive late, from a discarded socket, are ignored", () => {
    const { clock, socket, native } = connected();
    clock.advance(18_000);
    const events = recorded(socket, "message", "close", "error");
    native.frame("late");
    native.end(1006);
    assert.equal(events.length, 0);
  });

  test("after that the backoff begins", () => {
    const { clock, made } = connected();
    clock.advance(18_000);
    made[1].end();
    clock.advance(499);
    assert.equal(made.length, 2);
    clock.advance(1);
    assert.equal(made.length, 3);
  });
});

describe("probes", () => {
  const DOUBTS = {
    "the page becomes visible": (page) => page.documentEvent("visibilitychange"),
    "the machine comes online": (page) => page.windowEvent("online"),
    "the page is shown": (page) => page.windowEvent("pageshow"),
    "the page is thawed": (page) => page.documentEvent("resume"),
  };
  for (const [reason, doubt] of Object.entries(DOUBTS)) {
    test(`${reason}: no pong within 3 s is the end`, () => {
      const { clock, page, socket, native, made } = connected();
      clock.advance(1000);
      doubt(page);
      assert.equal(native.frames("ping").length, 2);
      native.frame("other frames are no pong");
      clock.advance(2999);
      assert.equal(socket.readyState, HeartbeatSocket.OPEN);
      clock.advance(1);
      assert.equal(made.length, 2);
    });

    test(`${reason}: a pong in time, and nothing happens`, () => {
      const { clock, page, native, made } = connected();
      doubt(page);
      clock.advance(2999);
      pong(native);
      clock.advance(10_000);
      assert.equal(made.length, 1);
    });
  }

  test("a page that is hidden has no reason to doubt", () => {
    const { page, native } = connected();
    page.documentEvent("visibilitychange", "hidden");
    assert.equal(native.frames("ping").length, 1);
  });

  test("the greeting is no probe: on a slow line its pong may take long", () => {
    const { clock, socket, native, made } = connected();
    clock.advance(4500);
    pong(native);
    assert.equal(socket.latency, 4500);
    assert.equal(made.length, 1);
  });

  test("a timer that fires far too late: the machine slept", () => {
    const { clock, native, made } = connected();
    clock.sleep(3_600_000);
    assert.equal(native.frames("ping").length, 2);
    assert.equal(made.length, 1, "the frames may lie unread");
    clock.advance(3000);
    assert.equal(made.length, 2);
  });

  test("a short sleep within the silence limit is a reason to doubt, too", () => {
    const { clock, native } = connected();
    clock.sleep(9000);
    assert.equal(native.frames("ping").length, 2);
  });

  test("a machine that slept and is answered goes on", () => {
    const { clock, native, made } = connected();
    clock.sleep(3_600_000);
    pong(native);
    clock.sleep(3_600_000);
    pong(native);
    clock.advance(15_000);
    assert.equal(made.length, 1);
  });

  test("a hidden page whose timers fire once a minute notices, too", () => {
    const { clock, made } = connected();
    for (let minute = 0; minute < 3; minute += 1) clock.sleep(60_000);
    assert.ok(made.length > 1);
  });

  test("a hidden page whose timers fire once a minute keeps a live connection", () => {
    const { clock, native, made } = connected();
    for (let beat = 0; beat < 60; beat += 1) {
      if (beat % 6 === 0) clock.sleep(0);
      clock.time += 10_000;
      native.frame({ type: "ping", nonce: String(beat) });
      if (native.frames("ping").length) pong(native);
    }
    assert.equal(made.length, 1);
    assert.equal(native.frames("pong").length, 60);
  });
});

describe("the server's last word", () => {
  test("bye ends it without waiting for the close, and its wait is kept exactly", () => {
    const { clock, page, socket, native, made } = connected();
    const closes = recorded(socket, "close");
    native.frame({ type: "bye", code: 4412, reason: "restarting", retry: true, after: 1200 });
    assert.deepEqual([closes[0].code, closes[0].reason, closes[0].retryIn], [4412, "restarting", 1200]);
    assert.equal(native.listened, 0);
    page.windowEvent("online");
    page.documentEvent("visibilitychange");
    clock.advance(1199);
    assert.equal(made.length, 1);
    clock.advance(1);
    assert.equal(made.length, 2);
  });

  for (const code of [4500, 4501, 4504, 4505, 4999]) {
    test(`code ${code}: stays away, and says why`, () => {
      const { clock, page, socket, native, made } = connected();
      const closes = recorded(socket, "close");
      native.end(code, "why");
      page.windowEvent("online");
      clock.advance(3_600_000);
      assert.deepEqual([closes[0].code, closes[0].reason, closes[0].retryIn], [code, "why", null]);
      assert.deepEqual([made.length, socket.state, clock.timers.size], [1, "closed", 0]);
    });
  }

  for (const code of [1000, 1001, 1005, 1006, 1011, 1012, 4400, 4408, 4429, 4499]) {
    test(`code ${code}: comes back`, () => {
      const { clock, native, made } = connected();
      native.end(code);
      clock.advance(500);
      assert.equal(made.length, 2);
    });
  }

  test("bye that forbids a return counts for the close", () => {
    const { clock, native, made } = connected();
    native.frame({ type: "bye", code: 4501, reason: "not signed in", retry: false });
    clock.advance(3_600_000);
    assert.equal(made.length, 1);
  });

  test("where welcome is expected, bye counts before it", () => {
    const { options, last } = fakeEnvironment();
    const socket = new HeartbeatSocket("ws://server/", [], { ...options, expectWelcome: true });
    last().open();
    last().frame({ type: "bye", code: 4501, reason: "not signed in", retry: false });
    assert.equal(socket.state, "closed");
  });
});
