/** The client's half of what the server skips: the vectors that `skips.py` passes. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";

import { RealtimeClient } from "../../realtime/static/realtime/index.js";
import { Delivery } from "../../realtime/static/realtime/protocol/delivery.js";
import { fakeEnvironment } from "./fakes.js";

const vectors = JSON.parse(readFileSync(new URL("../vectors/skips.json", import.meta.url), "utf8"));

for (const { name, position, steps } of vectors) {
  test(name, () => {
    const delivery = new Delivery({ epoch: "e", offset: position });
    for (const { frames, client } of steps) {
      for (const { event, after, offset } of frames) {
        if (event === undefined) assert.deepEqual(delivery.skip(after, offset), []);
        else assert.deepEqual(delivery.take(event, event), [event]);
      }
      assert.equal(delivery.position.offset, client);
      assert.equal(delivery.hasHole, false);
    }
  });
}

test("what is skipped behind a hole fills none", () => {
  const delivery = new Delivery({ epoch: "e", offset: 5 });
  assert.deepEqual(delivery.skip(7, 9), []);
  assert.equal(delivery.hasHole, true);
  assert.equal(delivery.position.offset, 5);
});

test("what was skipped before changes nothing", () => {
  const delivery = new Delivery({ epoch: "e", offset: 5 });
  assert.deepEqual(delivery.skip(2, 4), []);
  assert.equal(delivery.position.offset, 5);
});

test("what waited behind what is skipped is handed out", () => {
  const delivery = new Delivery({ epoch: "e", offset: 5 });
  delivery.take(8, "h");
  delivery.ephemeral("x");
  assert.deepEqual(delivery.skip(5, 7), ["h", "x"]);
});

function subscribed(options) {
  const it = fakeEnvironment();
  const client = new RealtimeClient("/realtime/", it.options);
  it.last().open();
  it.last().welcome();
  const room = client.subscribe("room.7", options);
  const { ref, ...frame } = it.last().frames("subscribe").at(-1);
  const position = { epoch: "k3x9", offset: 5, recovered: false };
  it.last().frame({ type: "subscribed", ref, stream: "room.7", ...position });
  return { ...it, client, room, frame };
}

const event = (offset, more) => ({ type: "event", stream: "room.7", offset, id: "i", name: "n", data: offset, at: 1, ...more });

describe("a page", () => {
  test("takes a skipped event for none that is missing", () => {
    const { last, room } = subscribed();
    const seen = [];
    room.on("n", (data) => seen.push(data));
    last().frame({ type: "skipped", stream: "room.7", after: 5, offset: 8 });
    assert.deepEqual(room.position, { epoch: "k3x9", offset: 8 });
    last().frame(event(9));
    assert.deepEqual(seen, [9]);
    assert.equal(room.caughtUp, true);
    assert.deepEqual(last().frames("unsubscribe"), []);
  });

  test("asks again where what is skipped comes too early", () => {
    const { client, last, room } = subscribed();
    const errors = [];
    client.on("error", ({ code }) => errors.push(code));
    last().frame({ type: "skipped", stream: "room.7", after: 6, offset: 8 });
    assert.deepEqual(errors, ["hole"]);
    assert.equal(room.position.offset, 5);
    assert.equal(last().frames("unsubscribe").length, 1);
  });

  test("gives fields when it subscribes, and again after a reconnect", () => {
    const extra = { author: "alice", pages: 3 };
    const { last, clock, frame, room } = subscribed({ extra });
    assert.deepEqual(frame, { type: "subscribe", stream: "room.7", extra });
    const details = [];
    room.on("n", (_, detail) => details.push(detail.extra));
    last().frame(event(6, { extra }));
    assert.deepEqual(details, [extra]);
    last().end();
    clock.advance(20_000);
    last().open();
    last().welcome();
    const { ref, ...again } = last().frames("subscribe").at(-1);
    assert.deepEqual(again, { ...frame, after: { epoch: "k3x9", offset: 6 } });
  });

  test("follows a stream with one set of fields", () => {
    const { client, room } = subscribed({ extra: { author: "alice" } });
    assert.equal(client.subscribe("room.7", { extra: { author: "alice" } }), room);
    assert.equal(client.subscribe("room.7"), room);
    assert.throws(() => client.subscribe("room.7", { extra: { author: "bob" } }), /other fields/);
  });
});
