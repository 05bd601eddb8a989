/** `Subscription` with its feed, its retries, its pending sends, and the requests that it makes. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { RealtimeClient } from "../../realtime/static/realtime/index.js";
import { fakeEnvironment } from "./fakes.js";

function opened(more = {}) {
  const it = fakeEnvironment();
  const client = new RealtimeClient("/realtime/", { ...it.options, ...more });
  it.last().open();
  it.last().welcome();
  const reconnect = (welcome) => {
    it.last().end();
    it.clock.advance(20_000);
    it.last().open();
    it.last().welcome(welcome);
  };
  return { ...it, client, reconnect };
}

/** Answer the latest subscribe. */
function confirm(native, more = {}) {
  const { ref, stream } = native.frames("subscribe").at(-1);
  const name = stream === "me" ? "user.42" : stream;
  const position = { epoch: "k3x9", offset: 0, recovered: false };
  native.frame({ type: "subscribed", ref, stream: name, ...position, ...more });
}

function event(native, more) {
  native.frame({ type: "event", stream: "user.42", id: "i", name: "call.state", data: {}, at: 1, ...more });
}

/** What `subscription` emits, in order. */
function story(subscription, ...names) {
  const all = [];
  for (const name of names) subscription.on(name, (data) => all.push([name, data]));
  return all;
}

const withoutRef = ({ ref, ...frame }) => frame;

describe("following", () => {
  test("subscribes upon welcome, and hands out events by name", () => {
    const { options, last } = fakeEnvironment();
    const client = new RealtimeClient("/realtime/", options);
    const mine = client.subscribe();
    const seen = [];
    mine.on("call.state", (data, details) => seen.push(data, details));
    mine.on("call.other", () => assert.fail());
    last().open();
    assert.deepEqual(last().frames("subscribe"), []);
    last().welcome();
    assert.deepEqual(last().frames("subscribe"), [{ type: "subscribe", stream: "me", ref: 1 }]);
    confirm(last());
    const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    event(last(), { offset: 1, data: { state: "ringing" }, traceparent, replayed: true });
    assert.deepEqual(seen[0], { state: "ringing" });
    assert.deepEqual(seen[1], {
      stream: "user.42", offset: 1, id: "i", name: "call.state", data: { state: "ringing" }, at: 1, traceparent, replayed: true,
    });
    assert.equal(mine.name, "user.42");
  });

  test("a subscription from nothing emits subscribed, reset, snapshot", () => {
    const { client, last } = opened();
    const emitted = story(client.subscribe("me"), "subscribed", "reset", "snapshot", "*");
    confirm(last(), { offset: 18, snapshot: { calls: [] } });
    const position = { epoch: "k3x9", offset: 18, snapshot: { calls: [] } };
    assert.deepEqual(emitted, [
      ["subscribed", { ...position, recovered: false }],
      ["reset", position],
      ["snapshot", { calls: [] }],
    ]);
  });

  test("what is recovered is not reset", () => {
    const { client, last, reconnect } = opened();
    const mine = client.subscribe("me");
    const emitted = story(mine, "subscribed", "reset", "snapshot");
    confirm(last(), { offset: 18 });
    emitted.length = 0;
    reconnect();
    confirm(last(), { offset: 20, recovered: true });
    assert.deepEqual(emitted.map(([name]) => name), ["subscribed"]);
  });

  test("a reset frame", () => {
    const { client, last } = opened();
    const mine = client.subscribe("me");
    confirm(last());
    const emitted = story(mine, "reset", "snapshot", "call.state");
    last().frame({ type: "reset", stream: "user.42", epoch: "new", offset: 40, snapshot: { calls: [1] } });
    event(last(), { offset: 40 });
    event(last(), { offset: 41 });
    assert.deepEqual(emitted.map(([name]) => name), ["reset", "snapshot", "call.state"]);
    assert.deepEqual(mine.position, { epoch: "new", offset: 41 });
  });

  test("an event that has a notification's name is reached with event:", () => {
    const { client, last } = opened();
    const mine = client.subscribe("me");
    confirm(last());
    const emitted = story(mine, "error", "reset", "event:reset", "event:call.state");
    event(last(), { offset: 1, name: "reset", data: 1 });
    event(last(), { offset: 2, name: "error", data: 2 });
    event(last(), { offset: 3, data: 3 });
    assert.deepEqual(emitted, [["event:reset", 1], ["event:call.state", 3]]);
  });

  test("the same stream twice is one subscription, until the last has left", () => {
    const { client, last } = opened();
    const mine = client.subscribe("call.7");
    assert.equal(client.subscribe("call.7"), mine);
    confirm(last());
    mine.unsubscribe();
    assert.equal(last().frames("unsubscribe").length, 0);
    mine.unsubscribe();
    mine.unsubscribe();
    assert.deepEqual(last().frames("unsubscribe").map(withoutRef), [{ type: "unsubscribe", stream: "call.7" }]);
    assert.notEqual(client.subscribe("call.7"), mine);
  });

  test("who leaves before the answer is unsubscribed after it", () => {
    const { client, last } = opened();
    const mine = client.subscribe("me");
    const emitted = story(mine, "subscribed", "*");
    mine.unsubscribe();
    confirm(last());
    event(last(), { offset: 1 });
    assert.deepEqual(emitted, []);
    assert.deepEqual(withoutRef(last().frames().at(-1)), { type: "unsubscribe", stream: "user.42" });
  });

  test("who leaves and comes back before the answer stays", () => {
    const { client, last } = opened();
    const mine = client.subscribe("me");
    mine.unsubscribe();
    assert.equal(client.subscribe("me"), mine);
    confirm(last());
    assert.ok(mine.live);
    assert.deepEqual(last().frames("unsubscribe"), []);
  });

  test("who leaves without a connection is not subscribed again", () => {
    const { client, last, reconnect } = opened();
    const mine = client.subscribe("me");
    confirm(last());
    last().end();
    mine.unsubscribe();
    reconnect();
    assert.deepEqual(last().frames("subscribe"), []);
  });

  test("who leaves before an answer that never comes is not subscribed again", () => {
    const { client, last, reconnect } = opened();
    client.subscribe("me").unsubscribe();
    reconnect();
    assert.deepEqual(last().frames("subscribe"), []);
  });

  test("a right that has ended", async () => {
    const { client, last, reconnect } = opened();
    const call = client.subscribe("call.7");
    const emitted = story(call, "unsubscribed", "error", "*");
    confirm(last());
    last().frame({ type: "unsubscribed", stream: "call.7", reason: "forbidden" });
    event(last(), { stream: "call.7", offset: 1 });
    assert.deepEqual(emitted.map(([name]) => name), ["unsubscribed", "error"]);
    assert.deepEqual(emitted[0][1], { reason: "forbidden" });
    assert.equal(emitted[1][1].code, "forbidden");
    await assert.rejects(call.send("press"), { code: "not_subscribed" });
    reconnect();
    assert.deepEqual(last().frames("subscribe"), []);
  });

  test("the end of a right reaches all parts that follow the stream, and those who stop do no harm", () => {
    const { client, last } = opened();
    const seen = [];
    const parts = ["first", "second"].map((part) =>
      client.follow("call.7", { unsubscribed: ({ reason }) => seen.push([part, reason]) }),
    );
    parts.push(client.follow("call.7", { error: ({ code }) => seen.push(["third", code]) }));
    confirm(last());
    last().frame({ type: "unsubscribed", stream: "call.7", reason: "forbidden" });
    assert.deepEqual(seen, [["first", "forbidden"], ["second", "forbidden"], ["third", "forbidden"]]);
    for (const { stop } of parts) stop();
    assert.deepEqual(last().frames("unsubscribe"), []);
  });

  test("the end of a right that no handler waits for is the client's error", () => {
    const { client, last } = opened();
    const errors = [];
    client.on("error", (error) => errors.push([error.code, error.message]));
    client.subscribe("call.7");
    confirm(last());
    last().frame({ type: "unsubscribed", stream: "call.7", reason: "forbidden" });
    assert.deepEqual(errors, [["forbidden", "the right to call.7 has ended"]]);
  });

  test("a stream whose right has ended can be subscribed again", () => {
    const { client, last } = opened();
    const before = client.subscribe("call.7");
    confirm(last(), { offset: 3 });
    last().frame({ type: "unsubscribed", stream: "call.7", reason: "forbidden" });
    const after = client.subscribe("call.7");
    assert.notEqual(after, before);
    confirm(last(), { offset: 5 });
    const emitted = story(after, "*");
    event(last(), { stream: "call.7", offset: 6, data: 6 });
    assert.ok(after.live && !before.live);
    assert.deepEqual(emitted, [["*", 6]]);
  });

  test("a right that nobody could check is asked for again, from the same position", () => {
    const { client, clock, last } = opened();
    const call = client.subscribe("call.7");
    const emitted = story(call, "unsubscribed", "error");
    confirm(last(), { offset: 3 });
    last().frame({ type: "unsubscribed", stream: "call.7", reason: "internal" });
    assert.deepEqual([call.live, emitted.map(([name, { code }]) => [name, code])], [false, [["error", "internal"]]]);
    clock.advance(500);
    assert.deepEqual(last().frames("subscribe").at(-1).after, { epoch: "k3x9", offset: 3 });
    confirm(last(), { offset: 3, recovered: true });
    assert.ok(call.live);
  });

  test("a right that ends while a hole is mended ends the subscription", () => {
    const { client, clock, last } = opened();
    client.on("error", () => {});
    client.subscribe("call.7");
    confirm(last(), { offset: 5 });
    event(last(), { stream: "call.7", offset: 7 });
    last().frame({ type: "unsubscribed", stream: "call.7", reason: "forbidden" });
    clock.advance(500);
    assert.equal(last().frames("subscribe").length, 1);
  });

  test("the end of an earlier subscription is not that of the next, whose answer is due", () => {
    const { client, clock, last } = opened();
    client.on("error", () => {});
    const call = client.subscribe("call.7");
    confirm(last(), { offset: 5 });
    event(last(), { stream: "call.7", offset: 7 });
    clock.advance(500);
    last().frame({ type: "unsubscribed", stream: "call.7", reason: "forbidden" });
    confirm(last(), { offset: 7, recovered: true });
    assert.ok(call.live);
  });

  test("a refused subscription is an error and not tried again", () => {
    const { client, last, reconnect } = opened();
    const emitted = story(client.subscribe("call.7"), "error");
    last().frame({ type: "error", ref: 1, code: "forbidden", message: "not yours" });
    assert.deepEqual([emitted[0][1].code, emitted[0][1].message], ["forbidden", "not yours"]);
    reconnect();
    assert.deepEqual(last().frames("subscribe"), []);
  });

  test("where the subscription has no handler, the client emits the error", () => {
    const { client, last } = opened();
    const errors = [];
    client.on("error", (error) => errors.push(error.code));
    client.subscribe("call.7");
    last().frame({ type: "error", ref: 1, code: "unknown_stream", message: "" });
    assert.deepEqual(errors, ["unknown_stream"]);
  });

  test("after a failure of the server it subscribes again, a little later", () => {
    const { client, clock, last } = opened();
    const mine = client.subscribe("me");
    mine.on("error", () => {});
    last().frame({ type: "error", ref: 1, code: "internal", message: "" });
    clock.advance(249);
    assert.equal(last().frames("subscribe").length, 1);
    clock.advance(1);
    assert.equal(last().frames("subscribe").length, 2);
    confirm(last());
    assert.ok(mine.live);
  });

  test("a retry that waits ends with the connection, and with the subscription", () => {
    const { client, clock, last } = opened();
    const mine = client.subscribe("me");
    mine.on("error", () => {});
    const fail = (ref) => last().frame({ type: "error", ref, code: "internal", message: "" });
    fail(1);
    clock.advance(250);
    fail(2);
    last().end();
    clock.advance(250);
    last().open();
    last().welcome();
    clock.advance(1000);
    assert.equal(last().frames("subscribe").length, 1);
    fail(1);
    mine.unsubscribe();
    clock.advance(1000);
    assert.equal(last().frames("subscribe").length, 1);
  });

  test("at most 16 commands wait for an answer", () => {
    const { client, last } = opened();
    for (let number = 0; number < 40; number += 1) client.subscribe(`call.${number}`);
    assert.equal(last().frames("subscribe").length, 16);
    for (let ref = 1; ref <= 40; ref += 1) {
      last().frame({ type: "subscribed", ref, stream: `call.${ref - 1}`, epoch: "-", offset: 0, recovered: false });
      assert.equal(last().frames("subscribe").length, Math.min(40, 16 + ref));
    }
  });

  test("a handler that throws takes no event from the others", (t) => {
    const { client, last } = opened();
    const reported = t.mock.method(console, "error", () => {});
    const mine = client.subscribe("me");
    mine.on("call.state", () => {
      throw new Error("page's mistake");
    });
    const emitted = story(mine, "call.state", "*");
    confirm(last());
    event(last(), { offset: 1 });
    event(last(), { offset: 2 });
    assert.equal(emitted.length, 4);
    assert.equal(reported.mock.callCount(), 2);
  });
});

describe("positions", () => {
  test("a reconnect resumes after the last event, by the stream's real name", () => {
    const { client, last, reconnect } = opened();
    client.subscribe("me");
    confirm(last(), { offset: 17 });
    event(last(), { offset: 18 });
    event(last(), { name: "typing" });
    reconnect();
    const after = { epoch: "k3x9", offset: 18 };
    assert.deepEqual(last().frames("subscribe").map(withoutRef), [{ type: "subscribe", stream: "user.42", after }]);
  });

  test("a replay that was cut off is resumed where it was cut", () => {
    const { client, last, reconnect } = opened();
    client.subscribe("me");
    confirm(last(), { offset: 10 });
    reconnect();
    confirm(last(), { offset: 14, recovered: true });
    event(last(), { offset: 11, replayed: true });
    event(last(), { offset: 12, replayed: true });
    reconnect();
    assert.deepEqual(last().frames("subscribe")[0].after, { epoch: "k3x9", offset: 12 });
  });

  test("a stream without a log has nothing to resume", () => {
    const { client, last, reconnect } = opened();
    const mine = client.subscribe("me");
    confirm(last(), { epoch: "-" });
    const emitted = story(mine, "reset", "call.state");
    event(last(), {});
    event(last(), {});
    reconnect();
    assert.deepEqual(last().frames("subscribe").map(withoutRef), [{ type: "subscribe", stream: "me" }]);
    confirm(last(), { epoch: "-" });
    assert.deepEqual(emitted.map(([name]) => name), ["call.state", "call.state", "reset"]);
  });

  test("an event that came already is dropped", () => {
    const { client, last } = opened();
    const mine = client.subscribe("me");
    const emitted = story(mine, "call.state");
    confirm(last(), { offset: 5 });
    for (const offset of [4, 5, 6, 6, 5, 7]) event(last(), { offset, data: offset });
    assert.deepEqual(emitted.map(([, data]) => data), [6, 7]);
  });

  test("while what was missed is replayed, it is not caught up", () => {
    const { client, last, reconnect } = opened();
    const mine = client.subscribe("me");
    const caughtUp = [];
    for (const name of ["subscribed", "reset", "*"]) mine.on(name, () => caughtUp.push(mine.caughtUp));
    assert.equal(mine.caughtUp, false);
    confirm(last(), { offset: 10 });
    reconnect();
    assert.equal(mine.caughtUp, false);
    confirm(last(), { offset: 12, recovered: true });
    for (const offset of [11, 12]) event(last(), { offset, replayed: true });
    assert.deepEqual(caughtUp, [true, true, false, false, true]);
  });

  test("an ephemeral event waits behind the replay, also behind one that a reset ends", () => {
    const { client, last, reconnect } = opened();
    const emitted = story(client.subscribe("me"), "reset", "call.state", "typing");
    confirm(last(), { offset: 10 });
    reconnect();
    confirm(last(), { offset: 11, recovered: true });
    event(last(), { name: "typing" });
    event(last(), { offset: 11, replayed: true });
    reconnect();
    confirm(last(), { offset: 12, recovered: true });
    event(last(), { name: "typing" });
    last().frame({ type: "reset", stream: "user.42", epoch: "new", offset: 3 });
    const names = emitted.map(([name]) => name);
    assert.deepEqual(names, ["reset", "call.state", "typing", "reset", "typing"]);
  });

  test("an event that jumps is not handed out: what is before it is replayed", () => {
    const errors = [];
    const { client, clock, last } = opened();
    client.on("error", ({ code }) => errors.push(code));
    const mine = client.subscribe("me");
    const emitted = story(mine, "reset", "call.state");
    confirm(last(), { offset: 5 });
    for (const offset of [6, 8, 9]) event(last(), { offset, data: offset });
    assert.deepEqual([mine.live, mine.position.offset], [false, 6]);
    clock.advance(500);
    const sent = last().frames().slice(-2).map(withoutRef);
    assert.deepEqual(sent, [
      { type: "unsubscribe", stream: "user.42", again: true },
      { type: "subscribe", stream: "user.42", after: { epoch: "k3x9", offset: 6 } },
    ]);
    confirm(last(), { offset: 9, recovered: true });
    for (const offset of [7, 8, 9]) event(last(), { offset, data: offset, replayed: true });
    assert.deepEqual(emitted.slice(1).map(([, data]) => data), [6, 7, 8, 9]);
    assert.ok(mine.caughtUp);
    assert.deepEqual(errors, ["hole"]);
  });

  test("a jump that was a mistake is not waited for", () => {
    const { client, clock, last } = opened();
    client.on("error", () => {});
    const mine = client.subscribe("me");
    confirm(last(), { offset: 5 });
    event(last(), { offset: 900 });
    clock.advance(500);
    confirm(last(), { offset: 5, recovered: true });
    assert.ok(mine.caughtUp);
  });

  test("a jump leads to nothing after the connection, or the subscription, has ended", () => {
    const { client, clock, last, reconnect } = opened();
    client.on("error", () => {});
    const mine = client.subscribe("me");
    confirm(last(), { offset: 5 });
    event(last(), { offset: 7 });
    reconnect();
    clock.advance(500);
    assert.equal(last().frames("subscribe").length, 1);
    confirm(last(), { offset: 7, recovered: true });
    event(last(), { offset: 9 });
    mine.unsubscribe();
    clock.advance(500);
    assert.equal(last().frames("subscribe").length, 1);
  });

  test("who leaves in a handler gets nothing of what waited", () => {
    const { client, last, reconnect } = opened();
    const mine = client.subscribe("me");
    const emitted = story(mine, "*");
    mine.on("call.state", () => mine.unsubscribe());
    confirm(last(), { offset: 10 });
    reconnect();
    confirm(last(), { offset: 11, recovered: true });
    event(last(), { name: "typing", data: "typing" });
    event(last(), { offset: 11, data: 11, replayed: true });
    assert.deepEqual(emitted, [["*", 11]]);
  });

  test("the page's own positions are the first ones, once", () => {
    const positions = { "user.42": { epoch: "k3x9", offset: 17 }, "call.7": { epoch: "b", offset: 2 } };
    const { client, last } = opened({ me: "user.42", positions });
    const mine = client.subscribe("me");
    client.subscribe("call.7");
    assert.deepEqual(last().frames("subscribe").map(withoutRef), [
      { type: "subscribe", stream: "user.42", after: positions["user.42"], presence: true },
      { type: "subscribe", stream: "call.7", after: positions["call.7"], presence: true },
    ]);
    last().frame({ type: "subscribed", ref: 1, stream: "user.42", epoch: "k3x9", offset: 18, recovered: true });
    mine.unsubscribe();
    client.subscribe("me");
    assert.deepEqual(withoutRef(last().frames("subscribe").at(-1)), { type: "subscribe", stream: "me" });
  });

  test("another user's are forgotten", () => {
    const positions = { "call.8": { epoch: "b", offset: 2 } };
    const { client, last, reconnect } = opened({ me: "user.42", positions });
    const mine = client.subscribe("me");
    let name;
    client.on("me_changed", () => (name = mine.name));
    confirm(last(), { offset: 17 });
    client.subscribe("call.7");
    confirm(last(), { offset: 3 });
    reconnect({ me: "user.7" });
    client.subscribe("call.8");
    assert.equal(name, null);
    assert.deepEqual(last().frames("subscribe").map(withoutRef), [
      { type: "subscribe", stream: "me" },
      { type: "subscribe", stream: "call.7" },
      { type: "subscribe", stream: "call.8" },
    ]);
  });
});

describe("send", () => {
  const refusal = (code) => (error) => error.code === code && error instanceof Error;

  test("resolves with the reply's data", async () => {
    const { client, last } = opened();
    const call = client.subscribe("call.7");
    confirm(last());
    const reply = call.send("hold", { on: true });
    const [sent] = last().frames("send");
    assert.deepEqual(sent, { type: "send", ref: 2, stream: "call.7", name: "hold", data: { on: true } });
    last().frame({ type: "reply", ref: 2, data: { held: true } });
    assert.deepEqual(await reply, { held: true });
  });

  test("rejects with the server's error", async () => {
    const { client, last } = opened();
    const call = client.subscribe("call.7");
    confirm(last());
    const reply = call.send("hold");
    last().frame({ type: "error", ref: 2, code: "refused", message: "no such call" });
    await assert.rejects(reply, { code: "refused", message: "no such call" });
  });

  test("when the connection breaks first, the outcome is unknown, and it isn't sent again", async () => {
    const { client, last, reconnect } = opened();
    const call = client.subscribe("call.7");
    confirm(last());
    const reply = call.send("hold");
    reconnect();
    await assert.rejects(reply, refusal("unknown_outcome"));
    confirm(last(), { recovered: true });
    assert.deepEqual(last().frames("send"), []);
  });

  test("what the limit held back was never sent, and says so", async () => {
    const { client, last } = opened();
    const call = client.subscribe("call.7");
    confirm(last());
    const replies = Array.from({ length: 20 }, () => call.send("hold"));
    client.close();
    const codes = (await Promise.allSettled(replies)).map(({ reason }) => reason.code);
    assert.deepEqual(codes, [...Array(16).fill("unknown_outcome"), ...Array(4).fill("not_connected")]);
  });

  test("before the subscription is made it waits for that", async () => {
    const { options, last } = fakeEnvironment();
    const call = new RealtimeClient("/realtime/", options).subscribe("call.7");
    const reply = call.send("hold");
    last().open();
    last().welcome();
    assert.deepEqual(last().frames("send"), []);
    confirm(last());
    last().frame({ type: "reply", ref: last().frames("send")[0].ref, data: 1 });
    assert.equal(await reply, 1);
  });

  test("what still waits when the connection breaks, or the subscription is refused, was not sent", async () => {
    const { client, last, reconnect } = opened();
    const call = client.subscribe("call.7");
    call.on("error", () => {});
    const first = call.send("hold");
    reconnect();
    await assert.rejects(first, refusal("not_connected"));
    const second = call.send("hold");
    last().frame({ type: "error", ref: 1, code: "forbidden", message: "" });
    await assert.rejects(second, refusal("forbidden"));
    await assert.rejects(call.send("hold"), refusal("not_subscribed"));
  });

  test("without a connection it is refused immediately", async () => {
    const { client, last } = opened();
    const call = client.subscribe("call.7");
    last().end();
    await assert.rejects(call.send("hold"), refusal("not_connected"));
  });

  test("it is refused before the subscription is made, too, and deafens nobody", async () => {
    const { client, last } = opened();
    const call = client.subscribe("call.7");
    const refused = call.send("hold", 1n);
    const kept = call.send("hold");
    const seen = [];
    call.on("*", (data) => seen.push(data));
    await assert.rejects(refused, TypeError);
    confirm(last());
    assert.equal(last().frames("send").length, 1);
    event(last(), { stream: "call.7", offset: 1 });
    assert.equal(seen.length, 1);
    last().frame({ type: "reply", ref: 2, data: 1 });
    assert.equal(await kept, 1);
  });

  test("no command goes out on another connection than its own", async () => {
    const { client, last, clock } = opened({ maxEnqueuedMessages: 100 });
    const call = client.subscribe("call.7");
    confirm(last());
    last().closing();
    const reply = call.send("hold");
    last().end(1011);
    await assert.rejects(reply, refusal("unknown_outcome"));
    clock.advance(500);
    last().open();
    assert.deepEqual(last().frames().map(({ type }) => type), ["ping"]);
  });

  test("what one user sends does not go out in the name of the next", async () => {
    const { options, last } = fakeEnvironment();
    const client = new RealtimeClient("/realtime/", { ...options, me: "user.41" });
    const reply = client.subscribe("me").send("hold");
    last().open();
    last().welcome();
    await assert.rejects(reply, refusal("not_connected"));
    confirm(last());
    assert.deepEqual(last().frames("send"), []);
  });

  test("what can't be written as JSON is refused, and blocks nothing", async () => {
    const { client, last } = opened();
    const call = client.subscribe("call.7");
    confirm(last());
    const loop = {};
    loop.loop = loop;
    await assert.rejects(call.send("hold", loop), TypeError);
    call.send("hold");
    assert.equal(last().frames("send").length, 1);
  });
});
