/** The limits that `welcome` announces: the client keeps them by itself. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { RealtimeClient } from "../../realtime/static/realtime/index.js";
import { fakeEnvironment, settled } from "./fakes.js";

const LIMITS = { frames_per_second: 20, frame_bytes: 200, streams: 3 };

/** Answer each command of `native` that has no answer yet. */
function answer(native) {
  const answered = native.answered ?? 0;
  native.answered = native.sent.length;
  for (const { type, ref, stream } of native.sent.slice(answered).map((text) => JSON.parse(text))) {
    if (type === "send") native.frame({ type: "reply", ref, data: {} });
    if (type === "subscribe") {
      native.frame({ type: "subscribed", ref, stream, epoch: "e", offset: 0, recovered: false });
    }
  }
}

function opened(welcome = { limits: LIMITS }) {
  const it = fakeEnvironment();
  const client = new RealtimeClient("/realtime/", it.options);
  it.last().open();
  it.last().welcome(welcome);
  return { ...it, client };
}

/** Let time pass, with the server answering all that has come, every 10 ms. */
function serve({ clock, last }, milliseconds) {
  for (let passed = 0; passed < milliseconds; passed += 10) {
    answer(last());
    clock.advance(10);
  }
}

describe("frames a second", () => {
  test("what is sent beyond them waits, and all of it is done", async () => {
    const it = opened();
    const call = it.client.subscribe("call.7");
    answer(it.last());
    const replies = Array.from({ length: 60 }, () => call.send("hold"));
    serve(it, 1000);
    const inOneSecond = it.last().frames("send").length;
    assert.ok(inOneSecond > 20 && inOneSecond < 40, `${inOneSecond} sent`);
    serve(it, 2000);
    assert.equal((await Promise.all(replies)).length, 60);
  });

  test("a come-back with many streams is spread, too", () => {
    const limits = { ...LIMITS, streams: 100 };
    const it = opened({ limits });
    const streams = Array.from({ length: 60 }, (_, number) => it.client.subscribe(`call.${number}`));
    serve(it, 4000);
    it.last().end();
    it.clock.advance(500);
    it.last().open();
    it.last().welcome({ limits });
    serve(it, 500);
    assert.ok(it.last().frames("subscribe").length < 40);
    serve(it, 3000);
    assert.ok(streams.every(({ live }) => live));
  });

  test("what waits ends with the connection, and with it the timer", async () => {
    const it = opened({ limits: { ...LIMITS, frames_per_second: 1 } });
    const call = it.client.subscribe("call.7");
    answer(it.last());
    const reply = call.send("hold");
    assert.equal(it.last().frames("send").length, 0);
    it.client.close();
    await assert.rejects(reply, { code: "not_connected" });
    assert.equal(it.clock.timers.size, 0);
  });
});

describe("bytes of a frame", () => {
  test("a larger one is refused before it is sent", async () => {
    const it = opened();
    const call = it.client.subscribe("call.7");
    answer(it.last());
    await assert.rejects(call.send("hold", "x".repeat(200)), { code: "too_large", message: /200 bytes/ });
    const kept = call.send("hold", "x".repeat(100));
    assert.equal(it.last().frames("send").length, 1);
    answer(it.last());
    await kept;
  });

  test("they are counted as bytes, not as characters", async () => {
    const it = opened();
    const call = it.client.subscribe("call.7");
    answer(it.last());
    const [{ ref }] = it.last().frames("subscribe");
    const around = JSON.stringify({ type: "send", name: "hold", data: "", stream: "call.7", ref: ref + 1 }).length;
    const room = 200 - around;
    call.send("hold", "é".repeat(Math.floor(room / 2)) + "x".repeat(room % 2));
    assert.equal(it.last().frames("send").length, 1);
    await assert.rejects(call.send("hold", "é".repeat(room / 2 + 1)), { code: "too_large" });
  });
});

describe("streams", () => {
  test("one too many is refused, when its handlers are there", async () => {
    const it = opened();
    for (const number of [1, 2, 3]) it.client.subscribe(`call.${number}`);
    const errors = [];
    const fourth = it.client.subscribe("call.4");
    fourth.on("error", ({ code }) => errors.push(code));
    await settled();
    assert.deepEqual(errors, ["too_many"]);
    assert.equal(it.last().frames("subscribe").length, 3);
    await assert.rejects(fourth.send("hold"), { code: "not_subscribed" });
  });

  test("one that ends makes room for another", () => {
    const it = opened();
    const [first] = [1, 2, 3].map((number) => it.client.subscribe(`call.${number}`));
    answer(it.last());
    first.unsubscribe();
    it.client.subscribe("call.4");
    const [unsubscribe, subscribe] = it.last().frames().slice(-2);
    assert.deepEqual([unsubscribe.stream, subscribe.stream], ["call.1", "call.4"]);
  });

  test("those that were made before the limit was known are refused, the latest ones", async () => {
    const { options, last } = fakeEnvironment();
    const client = new RealtimeClient("/realtime/", options);
    const errors = [];
    client.on("error", ({ code }) => errors.push(code));
    for (const number of [1, 2, 3, 4, 5]) client.subscribe(`call.${number}`);
    last().open();
    last().welcome({ limits: LIMITS });
    await settled();
    assert.deepEqual(last().frames("subscribe").map(({ stream }) => stream), ["call.1", "call.2", "call.3"]);
    assert.deepEqual(errors, ["too_many", "too_many"]);
  });
});

for (const limits of [undefined, null, 7, {}, { frames_per_second: 0, frame_bytes: "1", streams: -1 }]) {
  test(`a server that announces ${JSON.stringify(limits)} is taken to have none`, () => {
    const it = opened({ limits });
    const call = it.client.subscribe("call.7");
    answer(it.last());
    for (let number = 0; number < 100; number += 1) it.client.subscribe(`call.${100 + number}`);
    for (let number = 0; number < 300; number += 1) {
      call.send("hold", "x".repeat(1000));
      answer(it.last());
    }
    for (let round = 0; round < 30; round += 1) answer(it.last());
    assert.equal(it.last().frames("send").length, 300);
  });
}
