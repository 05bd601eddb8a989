/** How a client signs in: tickets, their end, and what a client says that has none. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { RealtimeClient } from "../../realtime/static/realtime/index.js";
import { fakeEnvironment, settled } from "./fakes.js";

const EXPIRED = { type: "bye", code: 4401, reason: "expired", retry: true };

/** A client whose tickets are numbered, as those of a server are that gives each one once. */
async function withTickets(url = "/realtime/") {
  const it = fakeEnvironment();
  const given = [];
  const ticket = async () => `ticket-${given.push(it.clock.now())}`;
  const client = new RealtimeClient(url, { ...it.options, ticket });
  await settled();
  return { ...it, client, given };
}

/** The server takes the ticket. */
function welcomed({ last }) {
  last().open();
  last().welcome();
}

describe("a ticket", () => {
  test("is the first frame, and announced in the handshake", async () => {
    const it = await withTickets();
    assert.deepEqual(it.last().protocols, ["realtime.v1", "realtime.ticket"]);
    it.client.subscribe("room.7");
    welcomed(it);
    assert.deepEqual(it.last().frames()[0], { type: "authenticate", ticket: "ticket-1" });
    assert.equal(it.client.state, "open");
  });

  test("is fetched before each attempt", async () => {
    const it = await withTickets();
    it.last().end();
    it.clock.advance(500);
    await settled();
    it.last().open();
    assert.equal(it.given.length, 2);
    assert.equal(it.last().frames("authenticate")[0].ticket, "ticket-2");
  });

  test("that has expired is replaced, and every stream goes on where it was", async () => {
    const it = await withTickets();
    const room = it.client.subscribe("room.7");
    const seen = [];
    room.on("news", (data) => seen.push(data));
    room.on("reset", () => seen.push("reset"));
    welcomed(it);
    const position = { epoch: "k3x9", offset: 4 };
    const event = { type: "event", stream: "room.7", id: "i", name: "news", at: 1 };
    it.last().frame({ type: "subscribed", ref: 1, stream: "room.7", ...position, recovered: false });
    it.last().frame({ ...event, offset: 5, data: "before" });
    it.last().frame(EXPIRED);
    assert.equal(it.client.state, "waiting");
    it.clock.advance(500);
    await settled();
    welcomed(it);
    const [{ stream, after }] = it.last().frames("subscribe");
    assert.deepEqual([stream, after], ["room.7", { epoch: "k3x9", offset: 5 }]);
    it.last().frame({ type: "subscribed", ref: 1, stream: "room.7", epoch: "k3x9", offset: 6, recovered: true });
    it.last().frame({ ...event, offset: 6, data: "meanwhile", replayed: true });
    assert.deepEqual(seen, ["reset", "before", "meanwhile"]);
  });

  test("that can't be had is an attempt that failed, and the waits grow", async () => {
    const it = fakeEnvironment();
    let calls = 0;
    const answers = [() => Promise.reject(new Error("no network")), () => "", () => null, () => "good"];
    const client = new RealtimeClient("/realtime/", { ...it.options, ticket: () => answers[calls++]() });
    const reasons = [];
    client.on("state", ({ state, reason, retryIn }) => state === "waiting" && reasons.push([reason, retryIn]));
    for (let attempt = 0; attempt < 4; attempt += 1) {
      await settled();
      it.clock.advance(reasons.at(-1)?.[1] ?? 0);
    }
    await settled();
    assert.deepEqual(reasons, [["no network", 250], ["the ticket is ", 500], ["the ticket is null", 1000]]);
    assert.equal(it.made.length, 1);
    it.last().open();
    assert.equal(it.last().frames()[0].ticket, "good");
  });

  test("goes with a url function, which is called after it", async () => {
    const order = [];
    const it = fakeEnvironment();
    const ticket = () => order.push("ticket") && "t";
    const url = async () => order.push("url") && "/other/";
    new RealtimeClient(url, { ...it.options, ticket });
    await settled();
    assert.deepEqual(order, ["ticket", "url"]);
    assert.equal(it.last().url, "wss://site.example/other/");
  });

  test("that comes when the page has closed the client opens nothing", async () => {
    const it = fakeEnvironment();
    let give;
    const ticket = () => new Promise((resolve) => (give = resolve));
    const client = new RealtimeClient("/realtime/", { ...it.options, ticket });
    await settled();
    client.close();
    give("late");
    await settled();
    assert.equal(it.made.length, 0);
  });

  test("that is no function is the page's mistake", () => {
    const { options } = fakeEnvironment();
    assert.throws(() => new RealtimeClient("/realtime/", { ...options, ticket: "abc" }), /ticket is a function/);
  });
});

test("a client without tickets says something first, so that a visitor is refused immediately", () => {
  const { options, last } = fakeEnvironment();
  const client = new RealtimeClient("/realtime/", options);
  last().open();
  assert.deepEqual(last().frames().map(({ type }) => type), ["ping"]);
  assert.equal(last().protocols, "realtime.v1");
  last().frame({ type: "pong", nonce: "hello" });
  last().frame({ type: "bye", code: 4501, reason: "not signed in", retry: false });
  assert.equal(client.state, "closed");
});

describe("a signed name", () => {
  const SIGNED = "room.7~mlx3q1c0~user.42~abcdefghijklmnopqrstuvwxyz";

  function following(stream) {
    const it = fakeEnvironment();
    const client = new RealtimeClient("/realtime/", it.options);
    const room = client.subscribe(stream);
    const seen = [];
    room.on("news", (data) => seen.push(data));
    welcomed(it);
    const answer = (more) => {
      const { ref } = it.last().frames("subscribe").at(-1);
      it.last().frame({ type: "subscribed", ref, stream: "room.7", epoch: "k3x9", offset: 0, recovered: false, ...more });
    };
    const event = (more) =>
      it.last().frame({ type: "event", stream: "room.7", id: "i", name: "news", at: 1, ...more });
    const reconnect = () => {
      it.last().end();
      it.clock.advance(20_000);
      welcomed(it);
    };
    return { ...it, client, room, seen, answer, event, reconnect };
  }

  test("is what the server is asked for; events come under the plain one", () => {
    const it = following(SIGNED);
    assert.equal(it.last().frames("subscribe")[0].stream, SIGNED);
    it.answer();
    it.event({ offset: 1, data: "hello" });
    assert.deepEqual(it.seen, ["hello"]);
    assert.deepEqual([it.room.stream, it.room.name], [SIGNED, "room.7"]);
  });

  test("resumes by itself, after the position", () => {
    const it = following(SIGNED);
    it.answer();
    it.event({ offset: 1, data: "hello" });
    it.reconnect();
    const { stream, after } = it.last().frames("subscribe")[0];
    assert.deepEqual([stream, after], [SIGNED, { epoch: "k3x9", offset: 1 }]);
    it.answer({ offset: 2, recovered: true });
    it.event({ offset: 2, data: "again", replayed: true });
    assert.deepEqual(it.seen, ["hello", "again"]);
  });

  test("and another one of the same stream are one subscription; the newest is used from then on", () => {
    const it = following(SIGNED);
    it.answer();
    const newer = `${SIGNED}0`;
    assert.equal(it.client.subscribe(newer), it.room);
    it.reconnect();
    assert.equal(it.last().frames("subscribe")[0].stream, newer);
  });

  test("is left by the plain name, and can be followed again", () => {
    const it = following(SIGNED);
    it.answer();
    it.room.unsubscribe();
    assert.equal(it.last().frames("unsubscribe")[0].stream, "room.7");
    assert.notEqual(it.client.subscribe(SIGNED), it.room);
  });

  test("uses the position with which the page came", () => {
    const it = fakeEnvironment();
    const positions = { "room.7": { epoch: "k3x9", offset: 3 } };
    const client = new RealtimeClient("/realtime/", { ...it.options, positions });
    client.subscribe(SIGNED);
    welcomed(it);
    const { stream, after } = it.last().frames("subscribe")[0];
    assert.deepEqual([stream, after], [SIGNED, positions["room.7"]]);
  });
});
