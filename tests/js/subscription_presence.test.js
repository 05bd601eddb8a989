/** `subscription.presence`: what a page sees of who follows a stream, and what it says of its user. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { RealtimeClient } from "../../realtime/static/realtime/index.js";
import { fakeEnvironment, settled } from "./fakes.js";

const ME = { user: "user.42", meta: {}, since: 20 };
const ALICE = { user: "user.1", meta: {}, since: 10 };
const BOB = { user: "user.2", meta: { line: 1 }, since: 30 };

/** A page that follows room.7; `list` is what the first answer has. */
function following(list, more = {}) {
  const it = fakeEnvironment();
  const client = new RealtimeClient("/realtime/", it.options);
  const room = client.subscribe("room.7");
  const story = recorded(room.presence);
  const connect = () => {
    it.last().open();
    it.last().welcome();
  };
  const lose = () => {
    it.last().end();
    it.clock.advance(20_000);
  };
  connect();
  if (list) {
    confirm(it.last(), { presence: list, ...more });
    story.length = 0;
  }
  return { ...it, client, room, story, connect, lose, presence: room.presence };
}

/** Answer the latest subscribe. */
function confirm(native, more) {
  const { ref } = native.frames("subscribe").at(-1);
  const position = { epoch: "e", offset: 5, recovered: false };
  native.frame({ type: "subscribed", ref, stream: "room.7", ...position, ...more });
}

/** Answer the latest command of a type, with its reply's data or an error. */
function answer(native, type, more) {
  const { ref } = native.frames(type).at(-1);
  native.frame({ type: "reply", ref, ...more });
}

function event(native, name, data, offset) {
  native.frame({ type: "event", stream: "room.7", offset, id: "i", name, data, at: 1 });
}

const change = (native, data, offset) => event(native, "realtime.presence", data, offset);

/** What the handlers get, in order: the user, or all users for a change. */
function recorded(presence) {
  const story = [];
  for (const name of ["join", "leave", "update"]) presence.on(name, ({ user }) => story.push(`${name} ${user}`));
  presence.on("change", (members) => story.push(`change ${users(members)}`));
  return story;
}

const users = (members) => members.map(({ user }) => user).join();
const metas = (native) => native.frames("presence").map(({ meta }) => meta);

describe("the list", () => {
  test("comes with the subscription: all join, in the order in which they came", () => {
    const { last, story, presence } = following();
    assert.deepEqual([presence.members, story], [[], []]);
    confirm(last(), { presence: [ME, ALICE] });
    assert.deepEqual(story, ["join user.1", "join user.42", "change user.1,user.42"]);
    assert.deepEqual(presence.members, [ALICE, ME]);
  });

  test("an empty one is a change too: the page knows now that nobody is there", () => {
    const { last, story } = following();
    confirm(last(), { presence: [] });
    assert.deepEqual(story, ["change "]);
  });

  test("handlers get members, and what has changed", async () => {
    const { last, presence } = following([ALICE]);
    const seen = [];
    for (const name of ["join", "change"]) presence.on(name, (...details) => seen.push(details));
    await settled();
    seen.length = 0;
    change(last(), { join: [BOB] }, 6);
    assert.deepEqual(seen, [[BOB], [[ALICE, BOB], { join: [BOB], leave: [], update: [] }]]);
  });

  test("it is there when the page gets subscribed and the snapshot, and its handlers come after", () => {
    const { last, room, story, presence } = following();
    room.on("subscribed", () => story.push(`subscribed ${users(presence.members)}`));
    room.on("snapshot", () => story.push(`snapshot ${users(presence.members)}`));
    confirm(last(), { presence: [ALICE], snapshot: {} });
    assert.deepEqual(story, ["subscribed user.1", "snapshot user.1", "join user.1", "change user.1"]);
  });

  test("changes come in order with the stream's events, which they are not", () => {
    const { last, room, story } = following([ALICE]);
    for (const name of ["*", "realtime.presence", "call.state"]) {
      room.on(name, (data) => story.push(`${name} ${data}`));
    }
    event(last(), "call.state", 6, 6);
    change(last(), { join: [BOB] }, 7);
    change(last(), { update: [{ ...BOB, meta: {} }] }, 8);
    event(last(), "call.state", 9, 9);
    change(last(), { leave: [BOB] }, 10);
    assert.deepEqual(story, [
      "call.state 6", "* 6", "join user.2", "change user.1,user.2", "update user.2", "change user.1,user.2",
      "call.state 9", "* 9", "leave user.2", "change user.1",
    ]);
    assert.equal(room.position.offset, 10);
  });

  test("what changes nothing is no change", () => {
    const { last, story, presence } = following([ALICE, BOB]);
    const before = presence.members;
    change(last(), { join: [{ ...BOB, meta: { line: 1 } }], leave: [{ user: "user.9", since: 5 }] }, 6);
    change(last(), null, 7);
    assert.deepEqual(story, []);
    assert.deepEqual(presence.members, before);
  });

  test("a snapshot of members stays as it is, and nobody can write into it", () => {
    const { last, presence } = following([ALICE]);
    const before = presence.members;
    assert.equal(presence.members, before);
    change(last(), { join: [BOB] }, 6);
    assert.deepEqual([before, presence.members], [[ALICE], [ALICE, BOB]]);
    assert.throws(() => presence.members.pop(), TypeError);
    assert.throws(() => (presence.members[0].meta.name = "eve"), TypeError);
  });

  test("a stream without one has no members, and changes of it are ignored", () => {
    const { last, story, presence } = following();
    confirm(last(), {});
    change(last(), { join: [BOB] }, 6);
    assert.deepEqual([presence.members, story], [[], []]);
  });

  test("a handler that ends the subscription gets no more", async () => {
    const { last, room, story, presence } = following([]);
    presence.on("join", () => room.unsubscribe());
    await settled();
    change(last(), { join: [ALICE, BOB] }, 6);
    assert.deepEqual([story, presence.members], [["join user.1"], []]);
  });

  test("another name is refused", () => {
    const { presence } = following([]);
    assert.throws(() => presence.on("joined", () => {}), { name: "TypeError", message: "presence has no joined" });
  });
});

describe("a reconnect", () => {
  test("that resumes asks for no list, and goes on with the page's own", () => {
    const { last, lose, connect, story, presence } = following([ALICE, ME]);
    lose();
    assert.deepEqual(presence.members, [ALICE, ME]);
    connect();
    assert.deepEqual(last().frames("subscribe").map(({ after, presence: wanted }) => [after.offset, wanted]), [[5, undefined]]);
    confirm(last(), { recovered: true, offset: 6 });
    assert.deepEqual(story, []);
    change(last(), { join: [BOB] }, 6);
    assert.deepEqual(story, ["join user.2", "change user.1,user.42,user.2"]);
  });

  test("with a new list: only true differences, so nobody flickers", () => {
    const { last, lose, connect, story } = following([ALICE, ME]);
    lose();
    connect();
    confirm(last(), { offset: 90, presence: [ALICE, ME] });
    assert.deepEqual(story, []);
    last().frame({ type: "reset", stream: "room.7", epoch: "new", offset: 3, presence: [ME, BOB] });
    assert.deepEqual(story, ["leave user.1", "join user.2", "change user.42,user.2"]);
    change(last(), { leave: [BOB] }, 4);
    assert.deepEqual(story.slice(3), ["leave user.2", "change user.42"]);
  });

  test("a page that begins with a position asks for the list, which has what is replayed", () => {
    const it = fakeEnvironment();
    const positions = { "room.7": { epoch: "e", offset: 3 } };
    const room = new RealtimeClient("/realtime/", { ...it.options, positions }).subscribe("room.7");
    const story = recorded(room.presence);
    it.last().open();
    it.last().welcome();
    assert.equal(it.last().frames("subscribe")[0].presence, true);
    confirm(it.last(), { recovered: true, offset: 5, presence: [ALICE] });
    change(it.last(), { join: [BOB] }, 4);
    change(it.last(), { leave: [BOB] }, 5);
    change(it.last(), { leave: [ALICE] }, 6);
    assert.deepEqual(story, ["join user.1", "change user.1", "leave user.1", "change "]);
  });

  test("a stream that turned out to have no list is not asked again", () => {
    const { last, lose, connect } = following();
    confirm(last(), {});
    lose();
    connect();
    assert.deepEqual(Object.keys(last().frames("subscribe")[0]), ["type", "stream", "after", "ref"]);
  });

  test("a hole is no leaving: the server learns that the page comes again", () => {
    const { client, clock, last, story } = following([ALICE, ME]);
    client.on("error", () => {});
    change(last(), { join: [BOB] }, 8);
    assert.equal(last().frames("unsubscribe")[0].again, true);
    clock.advance(500);
    confirm(last(), { recovered: true, offset: 8 });
    for (const offset of [6, 7]) event(last(), "n", 1, offset);
    change(last(), { join: [BOB] }, 8);
    assert.deepEqual(story, ["join user.2", "change user.1,user.42,user.2"]);
  });
});

describe("handlers that come late", () => {
  test("get those who are there, once, when the page's code has returned", async () => {
    const { last, presence } = following([ALICE, BOB]);
    const late = recorded(presence);
    assert.deepEqual(late, []);
    await settled();
    assert.deepEqual(late, ["join user.1", "join user.2", "change user.1,user.2"]);
    change(last(), { leave: [BOB] }, 6);
    assert.deepEqual(late.slice(3), ["leave user.2", "change user.1"]);
  });

  test("one that is added by a handler gets what is there then, once", async () => {
    const { last, presence } = following([ALICE]);
    const late = [];
    const remove = presence.on("join", () => {
      remove();
      presence.on("change", (members) => late.push(users(members)));
    });
    await settled();
    change(last(), { join: [BOB] }, 6);
    await settled();
    assert.deepEqual(late, ["user.1", "user.1,user.2"]);
  });

  test("one that is removed before gets nothing", async () => {
    const { last, presence } = following([ALICE]);
    const late = [];
    presence.on("join", ({ user }) => late.push(user))();
    await settled();
    change(last(), { join: [BOB] }, 6);
    assert.deepEqual(late, []);
  });

  test("one that is no function is refused before it counts", () => {
    const { presence } = following([ALICE]);
    assert.throws(() => presence.on("join", "no function"), TypeError);
  });

  test("a snapshot is not asked for again because of presence", async () => {
    const { last, room } = following([ALICE], { snapshot: "open" });
    change(last(), { join: [BOB] }, 6);
    const late = [];
    room.on("snapshot", (snapshot, { offset }) => late.push(snapshot, offset));
    await settled();
    assert.deepEqual([late, last().frames("subscribe").length], [["open", 6], 1]);
  });
});

describe("the end", () => {
  test("a right that is withdrawn empties the list, and says of nobody that they left", () => {
    const { last, room, story, presence } = following([ALICE, BOB]);
    room.on("unsubscribed", ({ reason }) => story.push(reason));
    last().frame({ type: "unsubscribed", stream: "room.7", reason: "forbidden" });
    assert.deepEqual([story, presence.members], [["change ", "forbidden"], []]);
  });

  test("so does a refusal after a reconnect", () => {
    const { last, room, lose, connect, story, presence } = following([ALICE]);
    room.on("error", ({ code }) => story.push(code));
    lose();
    connect();
    const { ref } = last().frames("subscribe")[0];
    last().frame({ type: "error", ref, code: "forbidden", message: "No." });
    assert.deepEqual([story, presence.members], [["change ", "forbidden"], []]);
  });

  test("a page that leaves gets nothing more", () => {
    const { room, story, presence } = following([ALICE]);
    room.unsubscribe();
    assert.deepEqual([story, presence.members], [[], []]);
  });

  test("a component's handlers go with it", async () => {
    const { client, last } = following([ALICE]);
    const seen = [];
    const { stop } = client.follow("room.7", {}, { presence: { join: ({ user }) => seen.push(user) } });
    await settled();
    stop();
    change(last(), { join: [BOB] }, 6);
    assert.deepEqual(seen, ["user.1"]);
    assert.throws(() => client.follow("room.7", {}, { presence: { joined: () => {} } }), TypeError);
  });
});

describe("what the page says of its user", () => {
  test("is sent, and the promise has what the server made of it", async () => {
    const { last, presence } = following([ME]);
    const busy = presence.set({ state: "busy" });
    const { ref, ...frame } = last().frames("presence")[0];
    assert.deepEqual(frame, { type: "presence", meta: { state: "busy" }, stream: "room.7" });
    answer(last(), "presence", { data: { name: "Me", state: "busy" } });
    assert.deepEqual(await busy, { name: "Me", state: "busy" });
  });

  test("waits for the subscription, and only the newest is sent", async () => {
    const { last, presence } = following();
    const both = Promise.all([presence.set({ n: 1 }), presence.set({ n: 2 })]);
    await settled();
    assert.deepEqual(metas(last()), []);
    confirm(last(), { presence: [] });
    assert.deepEqual(metas(last()), [{ n: 2 }]);
    answer(last(), "presence", { data: { n: 2 } });
    assert.deepEqual(await both, [{ n: 2 }, { n: 2 }]);
  });

  test("is sent again if the connection broke before the answer", async () => {
    const { last, lose, connect, presence } = following([ME]);
    const busy = presence.set({ state: "busy" });
    await settled();
    lose();
    connect();
    confirm(last(), { recovered: true });
    assert.deepEqual(metas(last()), [{ state: "busy" }]);
    answer(last(), "presence", { data: { state: "busy" } });
    assert.deepEqual(await busy, { state: "busy" });
  });

  test("is not sent again where the server has it still", async () => {
    const { last, lose, connect, presence } = following([ME]);
    presence.set({ state: "busy" });
    answer(last(), "presence", { data: { state: "busy" } });
    change(last(), { update: [{ ...ME, meta: { state: "busy" } }] }, 6);
    lose();
    connect();
    confirm(last(), { recovered: true, offset: 6 });
    last().frame({ type: "reset", stream: "room.7", epoch: "f", offset: 1, presence: [{ ...ME, meta: { state: "away" } }] });
    assert.deepEqual(metas(last()), []);
  });

  test("is sent again in a new stay, which lost it", () => {
    const { last, lose, connect, presence } = following([ME]);
    presence.set({ state: "busy" });
    answer(last(), "presence", { data: { state: "busy" } });
    lose();
    connect();
    confirm(last(), { recovered: true, offset: 7 });
    change(last(), { leave: [ME] }, 6);
    assert.deepEqual(metas(last()), []);
    change(last(), { join: [{ ...ME, since: 99 }] }, 7);
    assert.deepEqual(metas(last()), [{ state: "busy" }]);
  });

  test("a refusal is the caller's, and is not repeated", async () => {
    const { last, lose, connect, presence } = following([ME]);
    const refused = presence.set({ state: "king" });
    await settled();
    answer(last(), "presence", { type: "error", code: "refused", message: "No." });
    await assert.rejects(refused, { code: "refused", message: "No." });
    lose();
    connect();
    confirm(last(), { presence: [{ ...ME, since: 99 }] });
    assert.deepEqual(metas(last()), []);
  });

  test("of two, the refusal of the first leaves the second alone", async () => {
    const { last, presence } = following([ME]);
    const refused = presence.set({ n: 1 });
    const taken = presence.set({ n: 2 });
    await settled();
    const [first, second] = last().frames("presence");
    last().frame({ type: "error", ref: first.ref, code: "refused", message: "No." });
    last().frame({ type: "reply", ref: second.ref, data: { n: 2 } });
    await assert.rejects(refused, { code: "refused" });
    assert.deepEqual(await taken, { n: 2 });
    change(last(), { join: [{ ...ME, since: 99 }] }, 6);
    assert.deepEqual(metas(last()).length, 3);
  });

  test("what the page changes later in its own object doesn't count", async () => {
    const { last, presence } = following();
    const meta = { n: 1 };
    presence.set(meta);
    await settled();
    meta.n = 2;
    confirm(last(), { presence: [] });
    assert.deepEqual(metas(last()), [{ n: 1 }]);
  });

  test("ends with the subscription", async () => {
    const { last, room, presence } = following();
    const waiting = presence.set({ n: 1 });
    room.unsubscribe();
    confirm(last(), { presence: [] });
    await assert.rejects(waiting, { code: "not_subscribed" });
    assert.deepEqual(metas(last()), []);
  });

  test("ends with the login: another user says nothing of the kind", async () => {
    const { last, lose, presence } = following([ME]);
    const waiting = presence.set({ n: 1 });
    lose();
    last().open();
    last().welcome({ me: "user.43" });
    confirm(last(), { presence: [{ ...ME, user: "user.43" }] });
    await assert.rejects(waiting, { code: "not_connected" });
    assert.deepEqual(metas(last()), []);
  });

  test("nothing but an object is taken, and nothing after the end", async () => {
    const { room, presence } = following([ME]);
    for (const wrong of [null, [], "busy", undefined]) await assert.rejects(presence.set(wrong), TypeError);
    await assert.rejects(presence.set({ n: 1n }), TypeError);
    room.unsubscribe();
    await assert.rejects(presence.set({}), { code: "not_subscribed" });
  });

  test("through a Proxy, as frameworks hand it out", async () => {
    const { last, room } = following([ALICE]);
    const presence = new Proxy(new Proxy(room, {}).presence, {});
    const late = recorded(presence);
    await settled();
    presence.set({ n: 1 });
    await settled();
    assert.deepEqual([users(presence.members), late.length, metas(last())], ["user.1", 2, [{ n: 1 }]]);
  });
});
