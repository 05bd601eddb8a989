/** `HeartbeatSocket` to a page: `close()` at every stage, `reconnect()`, queue and properties. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { HeartbeatSocket } from "../../realtime/static/realtime/index.js";
import { fakeEnvironment, recorded, settled } from "./fakes.js";

const URL_ = "ws://server/";

/** Check that nothing is left behind: no timer, no handler, no socket that isn't closing. */
async function assertGone({ clock, made, page }, socket) {
  await settled();
  const before = made.length;
  clock.advance(3_600_000);
  page.windowEvent("online");
  page.windowEvent("pageshow");
  await settled();
  assert.equal(made.length, before, "no further attempt");
  assert.equal(clock.timers.size, 0, "no timer");
  assert.equal(page.document.listened + page.window.listened, 0, "no handler on the page");
  assert.deepEqual(made.filter((native) => native.readyState < 2 || native.listened), []);
  assert.equal(socket.readyState, HeartbeatSocket.CLOSED);
}

/** Check that it can be used again. */
async function assertUsable({ made }, socket) {
  const before = made.length;
  socket.reconnect();
  await settled();
  assert.equal(made.length, before + 1);
  made.at(-1).open();
  assert.equal(socket.readyState, HeartbeatSocket.OPEN);
}

describe("an early close()", () => {
  const STAGES = {
    "while connecting": () => {},
    "while open": ({ last }) => last().open(),
    "with a heartbeat and a probe under way": ({ last, page }) => {
      last().open();
      last().welcome();
      page.windowEvent("online");
    },
    "while waiting": ({ last }) => last().end(),
    "during a wait that the server wants": ({ last }) => {
      last().open();
      last().welcome();
      last().frame({ type: "bye", code: 4412, reason: "restarting", retry: true, after: 60_000 });
    },
    "after the path died": ({ last, clock }) => {
      last().open();
      last().welcome();
      clock.advance(18_000);
    },
    "while the page is put aside": ({ last, page }) => {
      last().open();
      page.windowEvent("pagehide", { persisted: true });
    },
  };
  for (const [stage, reach] of Object.entries(STAGES)) {
    test(stage, async () => {
      const it = fakeEnvironment();
      const socket = new HeartbeatSocket(URL_, [], it.options);
      reach(it);
      const closes = recorded(socket, "close");
      socket.close();
      await settled();
      assert.deepEqual(closes.map(({ code, retryIn }) => [code, retryIn]), [[1000, null]]);
      await assertGone(it, socket);
      assert.equal(closes.length, 1);
      await assertUsable(it, socket);
    });
  }

  test("while the url function is running", async () => {
    const it = fakeEnvironment();
    let answer;
    const socket = new HeartbeatSocket(() => new Promise((resolve) => (answer = resolve)), [], it.options);
    await settled();
    const closes = recorded(socket, "close");
    socket.close();
    answer(URL_);
    await assertGone(it, socket);
    assert.equal(closes.length, 1);
    assert.equal(it.made.length, 0);
    socket.reconnect();
    await settled();
    answer(URL_);
    await settled();
    assert.equal(it.made.length, 1);
  });

  test("while a url function is running that will fail", async () => {
    const it = fakeEnvironment();
    const socket = new HeartbeatSocket(() => Promise.reject(new Error("no token")), [], it.options);
    const events = recorded(socket, "error", "close");
    socket.close();
    await assertGone(it, socket);
    assert.deepEqual(events.map((event) => event.type), ["close"]);
  });

  test("after a url that failed", async () => {
    const it = fakeEnvironment();
    let fails = true;
    const url = () => (fails ? Promise.reject(new Error("no token")) : URL_);
    const socket = new HeartbeatSocket(url, [], it.options);
    await settled();
    socket.close();
    await assertGone(it, socket);
    fails = false;
    await assertUsable(it, socket);
  });

  test("after the last retry", async () => {
    const it = fakeEnvironment();
    const socket = new HeartbeatSocket(URL_, [], { ...it.options, maxRetries: 0 });
    it.last().end();
    socket.close();
    await assertGone(it, socket);
    await assertUsable(it, socket);
  });

  for (const type of ["connecting", "open", "message", "error", "close"]) {
    test(`from a handler of ${type}`, async () => {
      const it = fakeEnvironment();
      const socket = new HeartbeatSocket(URL_, [], { ...it.options, startClosed: true });
      socket.addEventListener(type, () => socket.close());
      socket.reconnect();
      it.last()?.open();
      it.last()?.frame("hello");
      it.last()?.emit("error");
      it.last()?.end();
      await assertGone(it, socket);
    });
  }

  test("from a handler of error, when the connection timed out", async () => {
    const it = fakeEnvironment();
    const socket = new HeartbeatSocket(URL_, [], it.options);
    socket.onerror = () => socket.close();
    it.clock.advance(8000);
    await assertGone(it, socket);
  });

  test("handlers that are added after close() still get it", async () => {
    const { options } = fakeEnvironment();
    const socket = new HeartbeatSocket(URL_, [], options);
    socket.close(4000, "enough");
    const event = await new Promise((resolve) => (socket.onclose = resolve));
    assert.deepEqual([event.code, event.reason, event.wasClean], [4000, "enough", true]);
  });

  test("bad arguments change nothing", () => {
    const { options, last } = fakeEnvironment();
    const socket = new HeartbeatSocket(URL_, [], options);
    last().open();
    assert.throws(() => socket.close(1001), { name: "InvalidAccessError" });
    assert.throws(() => socket.close(1000, "x".repeat(124)), { name: "SyntaxError" });
    assert.equal(socket.readyState, HeartbeatSocket.OPEN);
    assert.ok(last().listened);
  });
});

describe("the queue", () => {
  test("what is sent before the connection goes out with it, in order, before open", () => {
    const { options, last } = fakeEnvironment();
    const socket = new HeartbeatSocket(URL_, [], options);
    socket.onopen = () => socket.send("c");
    socket.send("a");
    socket.send("bb");
    assert.equal(socket.bufferedAmount, 3);
    last().open();
    assert.deepEqual(last().sent, ["a", "bb", "c"]);
    assert.equal(socket.bufferedAmount, 0);
  });

  test("it is limited, and says so", () => {
    const { options, last } = fakeEnvironment();
    const socket = new HeartbeatSocket(URL_, [], options);
    const errors = recorded(socket, "error");
    for (let number = 0; number < 101; number += 1) socket.send(String(number));
    assert.equal(errors.length, 1);
    last().open();
    assert.deepEqual([last().sent.length, last().sent.at(-1)], [100, "99"]);
  });

  test("a message that the browser refuses is an error event, and holds up nothing", () => {
    const { options, last } = fakeEnvironment();
    const socket = new HeartbeatSocket(URL_, [], options);
    const errors = recorded(socket, "error");
    const opens = recorded(socket, "open");
    socket.send("refused");
    socket.send("b");
    last().send = (data) => {
      if (data === "refused") throw new TypeError("refused");
      last().sent.push(data);
    };
    last().open();
    assert.deepEqual([last().sent, errors.length, opens.length], [["b"], 1, 1]);
  });

  test("what is sent while the peer closes waits for the next connection", () => {
    const { options, last, clock } = fakeEnvironment();
    const socket = new HeartbeatSocket(URL_, [], options);
    last().open();
    last().closing();
    assert.equal(socket.readyState, socket.CLOSING);
    socket.send("a");
    assert.deepEqual(last().sent, []);
    last().end();
    clock.advance(500);
    last().open();
    assert.deepEqual(last().sent, ["a"]);
  });

  test("maxEnqueuedMessages", () => {
    const { options, last } = fakeEnvironment();
    const socket = new HeartbeatSocket(URL_, [], { ...options, maxEnqueuedMessages: 0 });
    socket.send("a");
    last().open();
    assert.deepEqual(last().sent, []);
  });
});

describe("the interface of WebSocket", () => {
  test("constants, properties, handlers", () => {
    const { options, last } = fakeEnvironment();
    const socket = new HeartbeatSocket(URL_, "chat", options);
    assert.deepEqual([socket.CONNECTING, socket.OPEN, socket.CLOSING, socket.CLOSED], [0, 1, 2, 3]);
    assert.equal(HeartbeatSocket.OPEN, 1);
    assert.equal(socket.readyState, 0);
    socket.binaryType = "arraybuffer";
    assert.equal(last().binaryType, "arraybuffer");
    last().protocol = "chat";
    last().open();
    assert.deepEqual([socket.url, socket.protocol, socket.extensions], [URL_, "chat", ""]);
    let target;
    socket.onmessage = (event) => (target = event.target);
    last().frame("hello");
    assert.equal(target, socket);
  });

  test("binaryType outlives a reconnect", () => {
    const { options, last, clock } = fakeEnvironment();
    const socket = new HeartbeatSocket(URL_, [], options);
    socket.binaryType = "arraybuffer";
    last().end();
    clock.advance(250);
    assert.equal(last().binaryType, "arraybuffer");
  });

  test("without a WebSocket class it says so", () => {
    assert.throws(() => new HeartbeatSocket(URL_, [], { WebSocket: null }), TypeError);
  });
});

describe("reconnect()", () => {
  test("startClosed waits for reconnect()", async () => {
    const it = fakeEnvironment();
    const socket = new HeartbeatSocket(URL_, [], { ...it.options, startClosed: true });
    assert.deepEqual([it.made.length, socket.readyState], [0, HeartbeatSocket.CLOSED]);
    await assertUsable(it, socket);
  });

  test("reconnect() replaces a connection, and reports its end", () => {
    const { options, last, made } = fakeEnvironment();
    const socket = new HeartbeatSocket(URL_, [], options);
    const closes = recorded(socket, "close");
    last().open();
    socket.reconnect(4000, "new login");
    assert.deepEqual(made[0].closedWith, { code: 4000, reason: "new login" });
    assert.deepEqual([closes.length, closes[0].code, made.length], [1, 4000, 2]);
    made[1].open();
    assert.equal(socket.readyState, HeartbeatSocket.OPEN);
  });

  test("after close(): the end comes before the beginning", async () => {
    const { options, last } = fakeEnvironment();
    const socket = new HeartbeatSocket(URL_, [], options);
    last().open();
    const emitted = [];
    for (const type of ["close", "connecting"]) socket.addEventListener(type, () => emitted.push(type));
    socket.close();
    socket.reconnect();
    await Promise.resolve();
    assert.deepEqual(emitted, ["close", "connecting"]);
  });
});
