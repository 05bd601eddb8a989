/** `RealtimeClient`: the page's configuration, its state, its handlers, and who the user is. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { RealtimeClient } from "../../realtime/static/realtime/index.js";
import { fakeEnvironment } from "./fakes.js";

function opened(more = {}) {
  const it = fakeEnvironment();
  const client = new RealtimeClient("/realtime/", { ...it.options, ...more });
  it.last().open();
  it.last().welcome();
  return { ...it, client };
}

/** All that `client` emits under `name`. */
function emitted(client, name) {
  const all = [];
  client.on(name, (details) => all.push(details));
  return all;
}

describe("the page's configuration", () => {
  test("a client without a url reads it", () => {
    const { options, page, last } = fakeEnvironment();
    page.config = '{"url": "/realtime/", "me": "user.42"}';
    const client = new RealtimeClient(undefined, options);
    assert.equal(last().url, "wss://site.example/realtime/");
    assert.equal(last().protocols, "realtime.v1");
    assert.equal(client.me, "user.42");
  });

  test("where it is missing, or has no url, the client says so", () => {
    const { options, page } = fakeEnvironment();
    assert.throws(() => new RealtimeClient(undefined, options), /realtime-config/);
    page.config = '{"me": "user.42"}';
    assert.throws(() => new RealtimeClient(undefined, options), /no url/);
  });

  test("a url may be relative, absolute, http or ws, or a function", async () => {
    const urls = {
      "feed/": "wss://site.example/desk/feed/",
      "http://localhost:8000/x": "ws://localhost:8000/x",
      "ws://other.example/x": "ws://other.example/x",
    };
    for (const [url, expected] of Object.entries(urls)) {
      const forms = [url, () => url, async () => url, () => new URL(url, "https://site.example/desk/")];
      for (const given of forms) {
        const { options, last } = fakeEnvironment();
        new RealtimeClient(given, options);
        await new Promise(setImmediate);
        assert.equal(last().url, expected);
      }
    }
  });
});

test("handlers get the states in their order, whatever one of them does", () => {
  const { client } = opened();
  client.on("state", ({ state }) => state === "closed" && client.connect());
  const states = emitted(client, "state");
  client.close();
  assert.deepEqual(states.map(({ state }) => state), ["closed", "connecting"]);
});

test("a handler that another one has removed gets nothing more", () => {
  const { client } = opened();
  client.on("state", () => remove());
  const seen = [];
  const remove = client.on("state", (change) => seen.push(change));
  client.close();
  assert.deepEqual(seen, []);
});

test("what is no name is refused with a sentence", () => {
  const { client } = opened();
  assert.throws(() => client.subscribe(null), /null is no stream's name/);
});

test("a url that is missing is no name of a page", async () => {
  const { options, made } = fakeEnvironment();
  assert.throws(() => new RealtimeClient(null, options), TypeError);
  const client = new RealtimeClient(async () => undefined, options);
  const states = emitted(client, "state");
  await new Promise(setImmediate);
  assert.equal(made.length, 0);
  assert.match(states.at(-1).reason, /undefined/);
});

describe("state", () => {
  test("it is open when welcome has come, and every change is emitted", () => {
    const { options, clock, last } = fakeEnvironment();
    const client = new RealtimeClient("/realtime/", { ...options, startClosed: true });
    assert.equal(client.state, "idle");
    const states = emitted(client, "state");
    client.connect();
    last().open();
    assert.equal(client.state, "connecting");
    last().welcome();
    last().end(1012, "service restart");
    clock.advance(250);
    client.close();
    const lost = { code: 1012, reason: "service restart", retryIn: 250 };
    assert.deepEqual(states, [
      { state: "connecting", previous: "idle" },
      { state: "open", previous: "connecting" },
      { state: "waiting", previous: "open", ...lost },
      { state: "connecting", previous: "waiting" },
      { state: "closed", previous: "connecting", code: 1000, reason: "", retryIn: null },
    ]);
  });

  test("a dead path: waiting without a wait, then connecting", () => {
    const { client, clock, made } = opened();
    const states = emitted(client, "state");
    clock.advance(18_000);
    assert.deepEqual(states.map(({ state, code }) => [state, code]), [["waiting", 4408], ["connecting", undefined]]);
    assert.equal(made.length, 2);
  });

  test("sent away: closed, with the reason, until connect()", () => {
    const { client, clock, last, made } = opened();
    const states = emitted(client, "state");
    last().frame({ type: "bye", code: 4504, reason: "signed out", retry: false });
    clock.advance(3_600_000);
    assert.deepEqual(states, [{ state: "closed", previous: "open", code: 4504, reason: "signed out", retryIn: null }]);
    client.connect();
    assert.equal(made.length, 2);
    last().open();
    last().welcome();
    assert.equal(client.state, "open");
  });

  test("a server that accepts and never says welcome is not waited for", () => {
    const { options, clock, last } = fakeEnvironment();
    const client = new RealtimeClient("/realtime/", options);
    last().open();
    clock.advance(8000);
    assert.equal(client.state, "waiting");
  });

  test("connect() cuts a wait short, and changes nothing otherwise", () => {
    const { client, last, made } = opened();
    client.connect();
    assert.equal(made.length, 1);
    last().end();
    client.connect();
    assert.equal(made.length, 2);
  });

  test("close() and connect() in one go", async () => {
    const { client, clock, made, last } = opened();
    client.close();
    client.connect();
    await new Promise(setImmediate);
    assert.equal(client.state, "connecting");
    last().open();
    last().welcome();
    assert.equal(client.state, "open");
    assert.equal(made[0].listened, 0);
    client.close();
    assert.equal(clock.timers.size, 0);
  });

  for (const [state, code] of [["connecting", 1006], ["open", 1006], ["waiting", 1006], ["closed", 4501]]) {
    test(`close() from a handler of ${state}`, () => {
      const { options, clock, last } = fakeEnvironment();
      const client = new RealtimeClient("/realtime/", { ...options, startClosed: true });
      client.on("state", (change) => change.state === state && client.close());
      client.connect();
      last()?.open();
      last()?.welcome();
      last()?.end(code);
      clock.advance(3_600_000);
      assert.equal(client.state, "closed");
      assert.equal(clock.timers.size, 0);
    });
  }

  test("latency, in milliseconds, while it is open", () => {
    const { client, clock, last } = opened();
    const latencies = emitted(client, "latency");
    clock.advance(31);
    last().frame({ type: "pong", nonce: last().frames("ping").at(-1).nonce });
    assert.deepEqual([client.latency, latencies], [31, [31]]);
    last().end();
    assert.equal(client.latency, null);
  });
});

describe("me", () => {
  test("welcome says it", () => {
    assert.equal(opened().client.me, "user.42");
  });

  test("another login is reported before anything is subscribed", () => {
    const { client, clock, last } = opened();
    const order = [];
    client.subscribe("me");
    client.on("me_changed", (change) => order.push(change, last().frames("subscribe").length));
    last().end();
    clock.advance(250);
    last().open();
    last().welcome({ me: "user.7" });
    assert.deepEqual(order, [{ me: "user.7", previous: "user.42" }, 0]);
    assert.equal(client.me, "user.7");
    assert.equal(last().frames("subscribe").length, 1);
  });

  test("a page made for another user is reported, too", () => {
    const { options, page, last } = fakeEnvironment();
    page.config = '{"url": "/realtime/", "me": "user.1", "positions": {"call.7": {"epoch": "k3x9", "offset": 4}}}';
    const client = new RealtimeClient(undefined, options);
    const changes = emitted(client, "me_changed");
    client.subscribe("call.7");
    last().open();
    last().welcome();
    assert.deepEqual(changes, [{ me: "user.42", previous: "user.1" }]);
    assert.equal(last().frames("subscribe")[0].after, undefined);
  });

  test("a visitor has none; the page of a user is not theirs", () => {
    const { options, last } = fakeEnvironment();
    const client = new RealtimeClient("/realtime/", { ...options, me: "user.42" });
    const changes = emitted(client, "me_changed");
    last().open();
    last().welcome({ me: undefined });
    assert.deepEqual([client.state, client.me], ["open", null]);
    assert.deepEqual(changes, [{ me: null, previous: "user.42" }]);
  });

  test("close() from its handler", () => {
    const { options, last } = fakeEnvironment();
    const client = new RealtimeClient("/realtime/", { ...options, me: "user.1" });
    client.on("me_changed", () => client.close());
    last().open();
    last().welcome();
    assert.equal(client.state, "closed");
  });
});

describe("errors", () => {
  test("an error without ref, and a frame that is no JSON object, are reported", () => {
    const { client, last } = opened();
    const errors = emitted(client, "error");
    last().frame({ type: "error", code: "bad_frame", message: "what?" });
    for (const frame of ["{", "[]", "null", "7", new ArrayBuffer(2)]) last().frame(frame);
    assert.equal(errors[0].message, "what?");
    assert.deepEqual(errors.map((error) => error.code), Array(6).fill("bad_frame"));
    assert.equal(client.state, "open");
  });

  test("frames of unknown types, and for unknown streams, are ignored", () => {
    const { client, last } = opened();
    const errors = emitted(client, "error");
    last().frame({ type: "novelty", x: 1 });
    last().frame({ type: "event", stream: "call.9", name: "x", data: 1 });
    last().frame({ type: "reply", ref: 99, data: {} });
    assert.deepEqual(errors, []);
  });

  test("a handler that throws is reported and disturbs nobody", (t) => {
    const { client, last, clock } = opened();
    const reported = t.mock.method(console, "error", () => {});
    client.on("state", () => {
      throw new Error("page's mistake");
    });
    const states = emitted(client, "state");
    last().end();
    clock.advance(250);
    assert.deepEqual(states.map(({ state }) => state), ["waiting", "connecting"]);
    assert.equal(reported.mock.callCount(), 2);
  });

  test("a handler can be removed, and must be a function", () => {
    const { client, last } = opened();
    let calls = 0;
    const remove = client.on("state", () => (calls += 1));
    remove();
    last().end();
    assert.equal(calls, 0);
    assert.throws(() => client.on("state"), TypeError);
    assert.throws(() => client.on("call.state", () => {}), /no call.state/);
  });
});
