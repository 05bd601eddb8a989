/** What a Vue component keeps in its `data()`, or in a `ref`. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { effect, reactive, ref } from "@vue/reactivity";

import { HeartbeatSocket, RealtimeClient } from "../../../realtime/static/realtime/index.js";
import { fakeEnvironment } from "../fakes.js";

/** `state` with a client, a subscription and a socket in it, connected. */
function keep(state) {
  const { options, last } = fakeEnvironment();
  state.client = new RealtimeClient("/realtime/", options);
  state.call = state.client.subscribe("call.7");
  last().open();
  last().welcome();
  const subscribed = { type: "subscribed", ref: 1, stream: "call.7", epoch: "e", offset: 4, recovered: false };
  last().frame(subscribed);
  state.socket = new HeartbeatSocket("ws://server/", [], options);
  last().open();
  return { state, last };
}

for (const [where, make] of [["data()", () => reactive({})], ["a ref", () => ref({}).value]]) {
  test(`client, subscription and socket work in ${where}`, () => {
    const { state, last } = keep(make());
    assert.deepEqual([state.client.state, state.call.live, state.socket.readyState], ["open", true, 1]);
    state.socket.send("hello");
    assert.deepEqual(last().sent, ["hello"]);
    state.client.close();
    assert.equal(state.client.state, "closed");
  });
}

test("they are the same objects there, so that a page may compare them", () => {
  const { options } = fakeEnvironment();
  const client = new RealtimeClient("/realtime/", options);
  assert.equal(ref(client).value, client);
  assert.equal(reactive({ client }).client, client);
});

test("what a handler puts into the component's data is drawn", () => {
  const state = reactive({ words: "" });
  const { options } = fakeEnvironment();
  state.client = new RealtimeClient("/realtime/", { ...options, startClosed: true });
  const drawn = [];
  effect(() => drawn.push(state.words));
  state.client.on("state", (change) => (state.words = change.state));
  state.client.connect();
  assert.deepEqual(drawn, ["", "connecting"]);
});

test("positions and data may be a component's, too", async () => {
  const { options, last } = fakeEnvironment();
  const positions = reactive({ "call.7": { epoch: "e", offset: 3 } });
  const call = new RealtimeClient("/realtime/", { ...options, positions }).subscribe("call.7");
  last().open();
  last().welcome();
  assert.deepEqual(last().frames("subscribe")[0].after, { epoch: "e", offset: 3 });
  last().frame({ type: "subscribed", ref: 1, stream: "call.7", epoch: "e", offset: 3, recovered: true });
  call.send("hold", reactive({ on: true }));
  assert.deepEqual(last().frames("send")[0].data, { on: true });
});
