/** Handlers that come when a stream is followed already: they get the state, and what follows. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { RealtimeClient } from "../../realtime/static/realtime/index.js";
import { fakeEnvironment, settled } from "./fakes.js";

const NAMES = ["subscribed", "reset", "snapshot"];

/** A page that follows call.7, where `begin` says how the stream stands. */
function following(begin = {}) {
  const it = fakeEnvironment();
  const client = new RealtimeClient("/realtime/", it.options);
  const call = client.subscribe("call.7");
  const early = story(call);
  const connect = () => {
    it.last().open();
    it.last().welcome();
  };
  connect();
  confirm(it.last(), begin);
  early.length = 0;
  return { ...it, client, call, early, connect };
}

/** Answer the latest subscribe. */
function confirm(native, more) {
  const { ref } = native.frames("subscribe").at(-1);
  native.frame({ type: "subscribed", ref, stream: "call.7", epoch: "e", offset: 5, recovered: false, ...more });
}

function event(native, offset) {
  native.frame({ type: "event", stream: "call.7", offset, id: "i", name: "n", data: offset, at: 1 });
}

/** What a subscription's handlers get, in order. */
function story(subscription, names = [...NAMES, "*"]) {
  const all = [];
  for (const name of names) subscription.on(name, (data) => all.push([name, data]));
  return all;
}

const names = (all) => all.map(([name]) => name);

describe("a second component, on a stream without snapshots", () => {
  test("gets subscribed and reset with the present position, once, after its code has returned", async () => {
    const { client, last, early } = following();
    event(last(), 6);
    early.length = 0;
    const late = story(client.subscribe("call.7"));
    assert.deepEqual(late, []);
    await settled();
    const position = { epoch: "e", offset: 6, snapshot: undefined };
    assert.deepEqual(late, [["subscribed", { ...position, recovered: false }], ["reset", position]]);
    assert.deepEqual(early, []);
    event(last(), 7);
    assert.deepEqual([names(late).at(-1), names(early)], ["*", ["*"]]);
    assert.equal(last().frames("subscribe").length, 1);
  });

  test("gets it after a gap, if it came in one", async () => {
    const { client, clock, last, early, connect } = following();
    last().end();
    const late = story(client.subscribe("call.7"));
    clock.advance(500);
    connect();
    assert.deepEqual(last().frames("subscribe")[0].after, { epoch: "e", offset: 5 });
    confirm(last(), { recovered: true });
    assert.deepEqual([names(late), names(early)], [["subscribed", "reset"], ["subscribed"]]);
  });
});

describe("a second component, on a stream with snapshots", () => {
  test("gets the one that the page has, where nothing has happened since", async () => {
    const { client, last, early } = following({ snapshot: "open" });
    const late = story(client.subscribe("call.7"));
    await settled();
    assert.deepEqual(names(late), NAMES);
    assert.deepEqual(late[2], ["snapshot", "open"]);
    assert.deepEqual([early, last().frames("subscribe").length], [[], 1]);
  });

  test("gets a new one otherwise, and the first component notices nothing", async () => {
    const { client, call, last, early } = following({ snapshot: "open" });
    event(last(), 6);
    early.length = 0;
    const late = story(client.subscribe("call.7"));
    await settled();
    assert.deepEqual(last().frames().slice(-2).map(({ type, after }) => [type, after]), [
      ["unsubscribe", undefined],
      ["subscribe", undefined],
    ]);
    const another = story(client.subscribe("call.7"));
    confirm(last(), { offset: 6, snapshot: "held" });
    assert.deepEqual([late[2], another[2]], [["snapshot", "held"], ["snapshot", "held"]]);
    assert.deepEqual([early, call.position], [[], { epoch: "e", offset: 6 }]);
    event(last(), 7);
    assert.deepEqual([names(early), names(late)], [["*"], [...NAMES, "*"]]);
  });

  test("an event that came meanwhile is in the snapshot, so everyone begins there", async () => {
    const { client, call, last, early } = following({ snapshot: "open" });
    event(last(), 6);
    early.length = 0;
    const late = story(client.subscribe("call.7"));
    await settled();
    event(last(), 7);
    confirm(last(), { offset: 7, snapshot: "over" });
    for (const all of [early, late]) assert.deepEqual(names(all), NAMES);
    await settled();
    assert.deepEqual([late.length, call.position.offset], [3, 7]);
  });

  test("a page that resumed from its own data asks for the first snapshot", async () => {
    const it = fakeEnvironment();
    const positions = { "call.7": { epoch: "e", offset: 5 } };
    const client = new RealtimeClient("/realtime/", { ...it.options, positions });
    client.subscribe("call.7");
    it.last().open();
    it.last().welcome();
    confirm(it.last(), { recovered: true });
    const late = story(client.subscribe("call.7"));
    await settled();
    assert.deepEqual(late, []);
    confirm(it.last(), { snapshot: "open" });
    assert.deepEqual(late[2], ["snapshot", "open"]);
  });

  test("a snapshot that fails is asked for again, and the subscription stays", async () => {
    const { client, call, clock, last } = following({ snapshot: "open" });
    call.on("error", () => {});
    event(last(), 6);
    const late = story(client.subscribe("call.7"));
    await settled();
    const { ref } = last().frames("subscribe").at(-1);
    last().frame({ type: "error", ref, code: "internal", message: "" });
    clock.advance(500);
    assert.equal(last().frames("subscribe").at(-1).after, undefined);
    confirm(last(), { offset: 6, snapshot: "held" });
    assert.deepEqual(late[2], ["snapshot", "held"]);
    assert.ok(call.live);
  });

  test("a message that is sent meanwhile goes out when the stream is followed again", async () => {
    const { client, call, last } = following({ snapshot: "open" });
    event(last(), 6);
    story(client.subscribe("call.7"));
    await settled();
    const reply = call.send("hold");
    assert.deepEqual(last().frames("send"), []);
    confirm(last(), { offset: 6, snapshot: "held" });
    last().frame({ type: "reply", ref: last().frames("send")[0].ref, data: 1 });
    assert.equal(await reply, 1);
  });
});

test("a late handler that is removed in time gets nothing, and costs nothing", async () => {
  const { call, last } = following({ snapshot: "open" });
  event(last(), 6);
  call.on("snapshot", () => assert.fail())();
  await settled();
  assert.equal(last().frames("subscribe").length, 1);
});

test("a late handler for events alone asks for no state", async () => {
  const { call, last } = following({ snapshot: "open" });
  event(last(), 6);
  call.on("n", () => {});
  await settled();
  assert.equal(last().frames("subscribe").length, 1);
});

describe("follow", () => {
  test("hands a component its events, until it stops", () => {
    const { client, call, last } = following();
    const seen = [];
    const { subscription, stop } = client.follow("call.7", {
      n: (data, details) => seen.push([data, details.name]),
      "event:error": () => {},
    });
    assert.equal(subscription, call);
    event(last(), 6);
    call.unsubscribe();
    event(last(), 7);
    assert.deepEqual(seen, [[6, "n"], [7, "n"]]);
    stop();
    assert.equal(last().frames("unsubscribe").length, 1);
    assert.equal(call.live, false);
  });

  test("stopping twice takes no more than its own part", () => {
    const { client, call, last } = following();
    const { stop } = client.follow("call.7", {});
    stop();
    stop();
    assert.ok(call.live);
    assert.equal(last().frames("unsubscribe").length, 0);
  });

  test("no handler is left when the others go on", () => {
    const { client, last } = following();
    const { stop } = client.follow("call.7", { "*": () => assert.fail() });
    stop();
    event(last(), 6);
  });

  test("gives a component that comes late the state", async () => {
    const { client } = following({ snapshot: "open" });
    const seen = [];
    client.follow("call.7", { snapshot: (snapshot) => seen.push(snapshot) });
    await settled();
    assert.deepEqual(seen, ["open"]);
  });

  test("a handler that is none is refused, and nothing is left behind", () => {
    const { client, last } = following();
    assert.throws(() => client.follow("call.8", { n: () => {}, m: "no function" }), TypeError);
    const [, { stream }] = last().frames("subscribe");
    last().frame({ type: "subscribed", ref: 2, stream, epoch: "e", offset: 0, recovered: false });
    assert.equal(last().frames("unsubscribe").at(-1).stream, "call.8");
  });
});
