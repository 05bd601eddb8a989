/** The developer's overlay: the line that it disturbs, and the journal that it shows. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { inspectedClass } from "../../realtime/contrib/devtools/static/realtime/devtools/inspected_socket.js";
import { Journal, MAX_FRAMES } from "../../realtime/contrib/devtools/static/realtime/devtools/journal.js";
import { Line } from "../../realtime/contrib/devtools/static/realtime/devtools/line.js";
import { FakeClock } from "./fakes.js";

globalThis.CloseEvent ??= class extends Event {
  constructor(type, { code, reason, wasClean }) {
    super(type);
    Object.assign(this, { code, reason, wasClean });
  }
};

class NativeSocket extends EventTarget {
  static CONNECTING = 0;
  static OPEN = 1;
  static CLOSING = 2;
  static CLOSED = 3;
  readyState = 0;
  sent = [];

  constructor(url) {
    super();
    this.url = url;
    NativeSocket.newest = this;
  }

  open() {
    this.readyState = 1;
    this.dispatchEvent(new Event("open"));
  }

  send(data) {
    this.sent.push(data);
  }

  receive(frame) {
    this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(frame) }));
  }

  close() {
    this.readyState = 2;
  }

  end(code, reason = "") {
    this.readyState = 3;
    this.dispatchEvent(new CloseEvent("close", { code, reason, wasClean: true }));
  }
}

function event(offset, more = {}) {
  return { type: "event", stream: "user.1", offset, name: "n", data: null, ...more };
}

/** An open socket of the page, and what has reached the page. */
function opened() {
  const clock = new FakeClock();
  const line = new Line(clock);
  const journal = new Journal(clock.now);
  const socket = new (inspectedClass(NativeSocket, line, journal))("ws://site/realtime/?ticket=secret");
  const seen = [];
  socket.onmessage = ({ data }) => seen.push(JSON.parse(data));
  socket.addEventListener("close", ({ code }) => seen.push(code));
  const native = NativeSocket.newest;
  native.open();
  return { clock, line, journal, socket, native, seen };
}

describe("a line that nobody disturbs", () => {
  test("frames pass unchanged, in both directions", () => {
    const { socket, native, seen } = opened();
    socket.send("hello");
    native.receive(event(1));
    assert.deepEqual(native.sent, ["hello"]);
    assert.deepEqual(seen, [event(1)]);
  });

  test("an end is reported with its code", () => {
    const { native, seen, journal, socket } = opened();
    native.end(4412, "restarting");
    assert.deepEqual(seen, [4412]);
    assert.equal(journal.state, "closed");
    assert.equal(socket.readyState, 3);
  });
});

describe("a line that is disturbed", () => {
  test("nothing passes a frozen one, and all of it does when it thaws", () => {
    const { line, socket, native, seen } = opened();
    line.freeze();
    socket.send("1");
    native.receive(event(1));
    native.end(1006);
    assert.deepEqual([native.sent, seen], [[], []]);
    line.thaw();
    assert.deepEqual([native.sent, seen], [["1"], [event(1), 1006]]);
  });

  test("a delayed one keeps the order, also when the delay ends", () => {
    const { clock, line, native, seen } = opened();
    line.delay = 1000;
    native.receive(event(1));
    line.delay = 0;
    native.receive(event(2));
    clock.advance(999);
    assert.deepEqual(seen, []);
    clock.advance(1);
    assert.deepEqual(seen, [event(1), event(2)]);
    native.receive(event(3));
    assert.equal(seen.length, 3);
  });

  test("what was delayed waits for the thaw", () => {
    const { clock, line, native, seen } = opened();
    line.delay = 1000;
    native.receive(event(1));
    line.freeze();
    clock.advance(5000);
    assert.deepEqual(seen, []);
    line.thaw();
    assert.deepEqual(seen, [event(1)]);
  });

  test("losing it ends each socket, and what comes later reaches nobody", () => {
    const { line, socket, native, seen } = opened();
    line.freeze();
    native.receive(event(1));
    line.lose();
    native.receive(event(2));
    native.end(1000);
    socket.send("late");
    assert.deepEqual(seen, [1006]);
    assert.deepEqual(native.sent, []);
    assert.equal(native.readyState, 3);
  });

  test("a page that misses events gets everything else", () => {
    const { line, native, seen } = opened();
    line.miss();
    native.receive(event(1));
    native.receive({ type: "ping", nonce: "1" });
    native.receive(event(undefined));
    assert.deepEqual(seen.map(({ type }) => type), ["ping", "event"]);
    assert.equal(line.missed, 1);
    line.lose();
    assert.deepEqual([line.missed, line.isMissing], [0, false]);
  });
});

describe("the journal", () => {
  test("it has each stream's position and how many events were replayed", () => {
    const { native, journal } = opened();
    native.receive({ type: "subscribed", stream: "user.1", epoch: "e", offset: 4 });
    native.receive(event(5, { replayed: true }));
    native.receive(event(6));
    native.receive({ type: "skipped", stream: "user.1", after: 6, offset: 8 });
    const known = { epoch: "e", offset: 8, events: 2, replayed: 1, state: "subscribed" };
    assert.deepEqual(journal.streams.get("user.1"), known);
    native.receive({ type: "unsubscribed", stream: "user.1", reason: "asked" });
    assert.equal(journal.streams.get("user.1").state, "ended");
  });

  test("it measures the page's own pings", () => {
    const { clock, socket, native, journal } = opened();
    socket.send(JSON.stringify({ type: "ping", nonce: "a" }));
    clock.advance(40);
    native.receive({ type: "pong", nonce: "a" });
    native.receive({ type: "pong", nonce: "unknown" });
    assert.deepEqual(journal.latencies.map(({ took }) => took), [40]);
  });

  test("it measures by pings of its own, which the page never sees", () => {
    const { clock, line, native, seen, journal } = opened();
    line.measure();
    assert.deepEqual(native.sent, [], "this server may not know what a ping is");
    native.receive({ type: "welcome", version: 1 });
    line.measure();
    const { nonce } = JSON.parse(native.sent[0]);
    clock.advance(7);
    native.receive({ type: "pong", nonce });
    assert.deepEqual(journal.latencies.map(({ took }) => took), [7]);
    assert.deepEqual(seen.map(({ type }) => type), ["welcome"]);
  });

  test("it shows no ticket", () => {
    const { socket, journal } = opened();
    socket.send(JSON.stringify({ type: "authenticate", ticket: "secret" }));
    assert.doesNotMatch(JSON.stringify(journal.entries), /secret/);
    assert.match(JSON.stringify(journal.entries), /authenticate/);
  });

  test("it keeps the newest frames alone", () => {
    const { native, journal } = opened();
    for (let offset = 1; offset <= MAX_FRAMES + 5; offset++) native.receive(event(offset));
    assert.equal(journal.entries.length, MAX_FRAMES);
    assert.match(journal.entries.at(-1).text, new RegExp(`"offset":${MAX_FRAMES + 5}`));
  });
});
