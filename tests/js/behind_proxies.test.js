/** What a page keeps may be called through a Proxy of it, as frameworks hand it out. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { HeartbeatSocket, RealtimeClient } from "../../realtime/static/realtime/index.js";
import { fakeEnvironment, recorded, settled } from "./fakes.js";

/** A Proxy of `object`, and of every object that it hands out. */
function deepProxy(object) {
  return new Proxy(object, {
    get(target, name, receiver) {
      const value = Reflect.get(target, name, receiver);
      return typeof value === "object" && value !== null ? deepProxy(value) : value;
    },
  });
}

/** A Proxy without traps, which changes nothing but the `this` of what is called on it. */
const plainProxy = (object) => new Proxy(object, {});

for (const [kind, wrap] of Object.entries({ plainProxy, deepProxy })) {
  describe(`through a ${kind}`, () => {
    test("a client connects, reads its state, follows and closes", () => {
      const { options, last } = fakeEnvironment();
      const client = wrap(new RealtimeClient("/realtime/", { ...options, startClosed: true }));
      const states = [];
      client.on("state", ({ state }) => states.push(state));
      client.connect();
      last().open();
      last().welcome();
      assert.deepEqual([client.state, client.me, client.latency], ["open", "user.42", null]);
      const { stop } = client.follow("call.7", { "*": () => {} });
      stop();
      client.close();
      assert.deepEqual(states, ["connecting", "open", "closed"]);
    });

    test("a subscription gets events, sends and leaves", async () => {
      const { options, last } = fakeEnvironment();
      const client = new RealtimeClient("/realtime/", options);
      const call = wrap(client.subscribe("call.7"));
      const seen = [];
      const remove = call.on("*", (data) => seen.push(data));
      last().open();
      last().welcome();
      last().frame({ type: "subscribed", ref: 1, stream: "call.7", epoch: "e", offset: 4, recovered: false });
      last().frame({ type: "event", stream: "call.7", offset: 5, id: "i", name: "n", data: "news", at: 1 });
      assert.deepEqual([seen, call.live, call.caughtUp, call.name], [["news"], true, true, "call.7"]);
      assert.deepEqual({ ...call.position }, { epoch: "e", offset: 5 });
      const reply = call.send("hold");
      last().frame({ type: "reply", ref: 2, data: 1 });
      assert.equal(await reply, 1);
      remove();
      call.unsubscribe();
      assert.equal(last().frames("unsubscribe").length, 1);
    });

    test("a socket sends, receives and closes", async () => {
      const { options, last } = fakeEnvironment();
      const bare = new HeartbeatSocket("ws://server/", "chat", options);
      const socket = wrap(bare);
      const seen = [];
      const listener = ({ data }) => seen.push(data);
      socket.addEventListener("message", listener);
      socket.onmessage = ({ target }) => seen.push(target === bare);
      socket.binaryType = "arraybuffer";
      last().open();
      last().frame("hello");
      socket.removeEventListener("message", listener);
      last().frame("again");
      socket.send("mine");
      assert.deepEqual(seen, [true, "hello", true]);
      assert.deepEqual(last().sent, ["mine"]);
      assert.deepEqual([socket.readyState, socket.state, socket.url], [1, "open", "ws://server/"]);
      assert.deepEqual([socket.binaryType, last().binaryType], ["arraybuffer", "arraybuffer"]);
      const opens = recorded(socket, "open");
      socket.dispatchEvent(new Event("open"));
      assert.equal(opens.length, 1);
      socket.reconnect();
      socket.close();
      await settled();
      assert.equal(bare.state, "closed");
    });
  });
}

test("a class of the page's own, on top of the socket, as well", () => {
  class Chat extends HeartbeatSocket {
    #said = 0;
    say(text) {
      this.send(text);
    }
    get open() {
      return this.readyState === this.OPEN;
    }
  }
  const { options, last } = fakeEnvironment();
  const chat = plainProxy(new Chat("ws://server/", [], options));
  last().open();
  chat.say("hello");
  assert.deepEqual([chat.open, last().sent], [true, ["hello"]]);
});

test("nothing of that shows when a page looks at its objects", () => {
  const { options } = fakeEnvironment();
  const client = new RealtimeClient("/realtime/", options);
  assert.deepEqual(Object.keys(client), []);
  assert.deepEqual(Object.keys(client.subscribe("call.7")), ["stream"]);
});
