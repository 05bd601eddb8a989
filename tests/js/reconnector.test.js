/** One connection after the other: when the next attempt comes, and when none does. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { HeartbeatSocket } from "../../realtime/static/realtime/index.js";
import { fakeEnvironment, recorded, settled } from "./fakes.js";

const URL_ = "ws://server/";

describe("attempts", () => {
  test("the delay is drawn for each attempt, up to the limits", () => {
    const draws = [0.1, 0.9, 0.5];
    const { options, clock, last, made } = fakeEnvironment({ random: () => draws.shift() });
    const socket = new HeartbeatSocket(URL_, [], options);
    const closes = recorded(socket, "close");
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      last().end();
      clock.advance(closes.at(-1).retryIn);
      assert.equal(made.length, attempt + 1);
    }
    assert.deepEqual(closes.map((event) => event.retryIn), [50, 900, 1000]);
  });

  test("a connection that held for minUptime starts the count again, a shorter one doesn't", () => {
    const { options, clock, last } = fakeEnvironment();
    const socket = new HeartbeatSocket(URL_, [], { ...options, minUptime: 5000 });
    last().end();
    clock.advance(250);
    last().open();
    clock.advance(4999);
    last().end();
    assert.equal(socket.retryCount, 2);
    clock.advance(500);
    last().open();
    clock.advance(5000);
    assert.equal(socket.retryCount, 0);
    last().end();
    assert.equal(socket.retryCount, 1);
  });

  test("a connection that isn't made in time is given up", () => {
    const { options, clock, made } = fakeEnvironment();
    const socket = new HeartbeatSocket(URL_, [], { ...options, connectionTimeout: 2000 });
    const events = recorded(socket, "error", "close");
    clock.advance(2000);
    assert.deepEqual(events.map((event) => event.type), ["error", "close"]);
    assert.equal(made[0].listened, 0);
    assert.ok(made[0].closedWith);
    clock.advance(250);
    assert.equal(made.length, 2);
  });

  test("with expectWelcome, a connection without welcome isn't made", () => {
    const { options, clock, made, last } = fakeEnvironment();
    const settings = { ...options, connectionTimeout: 8000, expectWelcome: true };
    const socket = new HeartbeatSocket(URL_, [], settings);
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      last().open();
      clock.advance(8000);
      assert.equal(socket.retryCount, attempt, "and hasn't held, however long it stood");
      clock.advance(250 * 2 ** (attempt - 1));
      assert.equal(made.length, attempt + 1);
    }
  });

  test("maxRetries", () => {
    const { options, clock, last, made } = fakeEnvironment();
    const socket = new HeartbeatSocket(URL_, [], { ...options, maxRetries: 2 });
    const closes = recorded(socket, "close");
    for (let attempt = 0; attempt < 5; attempt += 1) {
      last().end();
      clock.advance(20_000);
    }
    assert.equal(made.length, 3);
    assert.equal(closes.at(-1).retryIn, null);
  });

  test("coming online, or being seen, cuts a wait short", () => {
    const { options, clock, page, last, made } = fakeEnvironment();
    new HeartbeatSocket(URL_, [], options);
    last().end();
    page.windowEvent("online");
    assert.equal(made.length, 2);
    clock.advance(7000);
    assert.equal(made.length, 2, "and the wait is not there any more");
  });

  test("a url function is called for each attempt", async () => {
    const { options, clock, last, made } = fakeEnvironment();
    let calls = 0;
    new HeartbeatSocket(async () => `ws://server/${++calls}`, ["chat"], options);
    await settled();
    last().end();
    clock.advance(250);
    await settled();
    assert.deepEqual(made.map((native) => native.url), ["ws://server/1", "ws://server/2"]);
    assert.deepEqual(made[0].protocols, ["chat"]);
  });

  test("a url function that fails is called again", async () => {
    const { options, clock, made } = fakeEnvironment();
    let calls = 0;
    const socket = new HeartbeatSocket(() => {
      if (++calls === 1) throw new Error("no token");
      return URL_;
    }, [], options);
    const events = recorded(socket, "error", "close");
    await settled();
    assert.equal(events[0].error.message, "no token");
    assert.equal(events[1].type, "close");
    clock.advance(250);
    await settled();
    assert.equal(made.length, 1);
  });

  test("an invalid url is the caller's mistake: it throws and is not retried", () => {
    const { options, clock } = fakeEnvironment();
    assert.throws(() => new HeartbeatSocket("not a url", [], options), { name: "SyntaxError" });
    assert.equal(clock.timers.size, 0);
  });

  test("an invalid url from a function is an attempt that failed", async () => {
    const { options, clock } = fakeEnvironment();
    const socket = new HeartbeatSocket(() => "not a url", [], options);
    await settled();
    assert.equal(socket.state, "waiting");
    assert.equal(clock.timers.size, 1);
  });
});

test("an attempt that hangs is made again when there is a network again", () => {
  const { options, page, clock, made } = fakeEnvironment({ random: 1 });
  new HeartbeatSocket(URL_, [], options);
  clock.advance(1000);
  page.windowEvent("online");
  assert.equal(made.length, 2);
  assert.ok(made[0].closedWith);
});

test("a slow handshake has its time, however often the network says that it is back", () => {
  const { options, page, clock, made, last } = fakeEnvironment();
  const socket = new HeartbeatSocket(URL_, [], options);
  for (let second = 0; second < 7; second += 1) {
    page.windowEvent("online");
    clock.advance(1000);
  }
  assert.equal(made.length, 2);
  last().open();
  assert.equal(socket.state, "open");
});

test("online makes a later attempt again, too", () => {
  const { options, page, clock, made } = fakeEnvironment({ random: 0 });
  new HeartbeatSocket(URL_, [], options);
  page.windowEvent("online");
  clock.advance(8000);
  assert.equal(made.length, 3, "given up, and made once more");
  page.windowEvent("online");
  assert.equal(made.length, 4);
});

test("a page that is turned away comes back after exactly the wait that it was given", () => {
  const { options, clock, last, made } = fakeEnvironment();
  const socket = new HeartbeatSocket(URL_, [], { ...options, expectWelcome: true });
  for (const [attempt, after] of [1500, 7000].entries()) {
    last().open();
    last().frame({ type: "bye", code: 4430, reason: "too many", retry: true, after });
    clock.advance(after - 1);
    assert.equal(made.length, attempt + 1);
    clock.advance(1);
    assert.equal(made.length, attempt + 2);
  }
  last().open();
  last().welcome();
  assert.equal(socket.state, "open");
});

describe("numbers that are too large for a browser's timer", () => {
  const MONTH = 30 * 86_400_000;

  test("a wait that the server wants", () => {
    const { options, clock, last, made } = fakeEnvironment();
    const socket = new HeartbeatSocket(URL_, [], options);
    const closes = recorded(socket, "close");
    last().open();
    last().welcome();
    last().frame({ type: "bye", code: 4412, reason: "restarting", retry: true, after: MONTH });
    assert.equal(closes[0].retryIn, MONTH);
    clock.advance(MONTH - 1);
    assert.equal(made.length, 1);
    clock.advance(1);
    assert.equal(made.length, 2);
  });

  test("an attempt without a limit", () => {
    const { options, clock, last, made } = fakeEnvironment();
    const socket = new HeartbeatSocket(URL_, [], { ...options, connectionTimeout: Infinity });
    clock.advance(MONTH);
    last().open();
    assert.deepEqual([made.length, socket.state], [1, "open"]);
  });
});

describe("the back-forward cache", () => {
  test("a page that may be kept lets its socket go, and connects when it comes back", () => {
    const { options, page, clock, last, made } = fakeEnvironment();
    const socket = new HeartbeatSocket(URL_, [], options);
    last().open();
    page.windowEvent("pagehide", { persisted: true });
    assert.ok(made[0].closedWith);
    clock.advance(3_600_000);
    assert.equal(made.length, 1);
    page.windowEvent("pageshow", { persisted: true });
    assert.deepEqual([made.length, socket.state], [2, "connecting"]);
  });

  test("it doesn't shorten the wait that the server wants", () => {
    const { options, page, clock, last, made } = fakeEnvironment();
    new HeartbeatSocket(URL_, [], { ...options, expectWelcome: true });
    last().open();
    last().welcome();
    last().frame({ type: "bye", code: 4412, reason: "restarting", retry: true, after: 30_000 });
    page.windowEvent("pagehide", { persisted: true });
    clock.advance(1000);
    page.windowEvent("pageshow", { persisted: true });
    assert.equal(made.length, 1);
    clock.advance(29_000);
    assert.equal(made.length, 2);
  });

  test("a page that goes for good is left alone", () => {
    const { options, page, last } = fakeEnvironment();
    new HeartbeatSocket(URL_, [], options);
    last().open();
    page.windowEvent("pagehide", { persisted: false });
    assert.equal(last().closedWith, null);
  });
});
