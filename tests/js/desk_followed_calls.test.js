/** What the desk knows of its calls, and what it announces, while connections come and go. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { FollowedCalls } from "../../calls/static/calls/followed_calls.js";
import { arranged } from "../../calls/static/calls/rules/call_list.js";
import { rings } from "../../calls/static/calls/rules/call_rules.js";
import { changeText } from "../../calls/static/calls/words/calls.js";
import { RealtimeClient } from "../../realtime/static/realtime/index.js";
import { ALICE, BOB, NOW, incoming } from "./desk_calls.js";
import { fakeEnvironment, settled } from "./fakes.js";

function listed(call, version, state, more = {}) {
  return incoming({ call, version, state, from: call, at: 1000 * version, started_at: 500, ...more });
}

/** A desk whose page was rendered with `list` at offset 10; the test plays the server. */
function deskWith(list) {
  const it = fakeEnvironment();
  const positions = { "user.1": { epoch: "e", offset: 10 } };
  const client = new RealtimeClient("/realtime/", { ...it.options, me: "user.1", positions });
  const news = [];
  const ringings = [];
  const fetches = [];
  const calls = new FollowedCalls(client.subscribe("me"), list, {
    fetchList: (signal) => new Promise((resolve) => fetches.push({ signal, resolve })),
    changed: (before) => {
      ringings.push(ringing());
      for (const [key, call] of calls.known) news.push(changeText(before.get(key), call, ALICE, NOW));
    },
  });
  client.on("state", ({ previous }) => previous === "open" && calls.lost());
  const ringing = () => [...calls.known.values()].filter((call) => rings(call, ALICE, NOW)).map(({ call }) => call);
  const places = () =>
    Object.fromEntries(Object.entries(arranged(calls.known, ALICE)).map(([name, them]) => [name, them.map(({ call }) => call)]));
  const connect = () => {
    it.clock.advance(500);
    it.last().open();
    it.last().welcome({ me: "user.1" });
  };
  const subscribed = (offset, more = {}) => {
    const { ref } = it.last().frames("subscribe").at(-1);
    it.last().frame({ type: "subscribed", ref, stream: "user.1", epoch: "e", offset, recovered: true, ...more });
  };
  const event = (offset, data, name = "call.state") =>
    it.last().frame({ type: "event", stream: "user.1", offset, id: "i", name, data, at: 1 });
  const takeNews = () => news.splice(0).filter(Boolean);
  return { ...it, calls, fetches, ringings, takeNews, ringing, places, connect, subscribed, event };
}

test("a call on the page rings as soon as the stream says that nothing was missed", () => {
  const desk = deskWith([listed("a", 1, "ringing"), listed("b", 2, "in-progress", { answered_by: BOB })]);
  assert.deepEqual(desk.places(), { active: [], incoming: ["a"], others: ["b"], last: [] });
  assert.deepEqual([desk.ringing(), desk.calls.complete], [[], false]);
  desk.connect();
  assert.deepEqual(desk.last().frames("subscribe")[0].after, { epoch: "e", offset: 10 });
  desk.subscribed(10);
  assert.deepEqual([desk.ringing(), desk.calls.complete], [["a"], true]);
  assert.deepEqual(desk.takeNews(), ["Incoming call from a"]);
  assert.equal(desk.fetches.length, 0);
});

test("a call that was answered before the page was connected never rings", () => {
  const desk = deskWith([listed("a", 1, "ringing")]);
  desk.connect();
  desk.subscribed(11);
  desk.event(11, listed("a", 2, "in-progress", { answered_by: BOB }));
  assert.deepEqual([desk.ringings.flat(), desk.places().others], [[], ["a"]]);
  assert.deepEqual(desk.takeNews(), []);
});

test("a call that came and was answered in a gap never rings; one that still does, rings", () => {
  const desk = deskWith([]);
  desk.connect();
  desk.subscribed(10);
  desk.last().end();
  desk.connect();
  desk.subscribed(14);
  desk.event(11, listed("a", 1, "ringing"));
  desk.event(12, listed("a", 2, "in-progress", { answered_by: BOB }));
  desk.event(13, listed("b", 1, "ringing"));
  assert.deepEqual([desk.ringing(), desk.calls.complete], [[], false]);
  desk.event(14, {}, "lunch");
  assert.deepEqual([desk.ringing(), desk.calls.complete], [["b"], true]);
  assert.deepEqual(desk.places(), { active: [], incoming: ["b"], others: ["a"], last: [] });
  assert.ok(!desk.ringings.flat().includes("a"));
  assert.deepEqual(desk.takeNews(), ["Incoming call from b"]);
  desk.event(15, listed("c", 1, "ringing"));
  assert.deepEqual(desk.takeNews(), ["Incoming call from c"]);
});

test("what rings stops when the connection is lost, and rings again, as news, when it is back", () => {
  const desk = deskWith([]);
  desk.connect();
  desk.subscribed(10);
  desk.event(11, listed("a", 1, "ringing"));
  desk.event(12, listed("b", 1, "ringing"));
  desk.takeNews();
  desk.last().end();
  assert.deepEqual([desk.ringing(), desk.places().incoming], [[], ["a", "b"]]);
  desk.connect();
  desk.subscribed(14);
  desk.event(13, listed("b", 2, "in-progress", { answered_by: BOB }));
  desk.event(14, {}, "lunch");
  assert.deepEqual(desk.ringing(), ["a"]);
  assert.deepEqual(desk.takeNews(), ["Incoming call from a", "Answered by bob: b"]);
});

test("a snapshot shows immediately what rings; how the others ended is fetched", async () => {
  const old = listed("old", 3, "completed", { ended_at: 1 });
  const desk = deskWith([old, listed("a", 1, "ringing"), listed("b", 1, "ringing")]);
  desk.connect();
  const snapshot = { calls: [listed("b", 1, "ringing"), listed("c", 1, "ringing")] };
  desk.subscribed(40, { recovered: false, snapshot });
  assert.deepEqual(desk.places(), { active: [], incoming: ["b", "c"], others: [], last: ["old"] });
  assert.deepEqual([desk.ringing(), desk.calls.complete], [["b", "c"], false]);
  desk.event(41, listed("d", 1, "ringing"));
  const over = listed("a", 3, "completed", { answered_by: BOB, ended_at: 2 });
  desk.fetches[0].resolve([over, ...snapshot.calls]);
  await settled();
  assert.deepEqual(desk.places(), { active: [], incoming: ["b", "c", "d"], others: [], last: ["a"] });
  assert.ok(desk.calls.complete);
});

test("a reset while connected starts again, too", () => {
  const desk = deskWith([listed("a", 1, "ringing")]);
  desk.connect();
  desk.subscribed(10);
  const snapshot = { calls: [listed("b", 1, "ringing")] };
  desk.last().frame({ type: "reset", stream: "user.1", epoch: "f", offset: 1, snapshot });
  assert.deepEqual([desk.ringing(), desk.fetches.length], [["b"], 1]);
});

test("a user who is no longer an agent has no active calls", () => {
  const desk = deskWith([listed("a", 1, "ringing")]);
  desk.connect();
  desk.subscribed(40, { recovered: false });
  assert.deepEqual(desk.places().incoming, []);
});

test("a fetch that a lost connection interrupted is made again", async () => {
  const desk = deskWith([]);
  desk.connect();
  desk.subscribed(40, { recovered: false, snapshot: { calls: [] } });
  desk.last().end();
  const [first] = desk.fetches;
  assert.ok(first.signal.aborted);
  first.resolve(null);
  desk.connect();
  desk.subscribed(41);
  assert.equal(desk.fetches.length, 2);
  desk.event(41, listed("a", 1, "ringing"));
  desk.fetches[1].resolve([listed("old", 3, "completed", { ended_at: 1 })]);
  await settled();
  assert.deepEqual(desk.places(), { active: [], incoming: ["a"], others: [], last: ["old"] });
  assert.ok(desk.calls.complete);
});

test("a call that was in doubt while the list was fetched, and is not in it, is gone", async () => {
  const desk = deskWith([]);
  desk.connect();
  desk.subscribed(40, { recovered: false, snapshot: { calls: [listed("a", 1, "ringing")] } });
  desk.last().end();
  desk.connect();
  desk.subscribed(41);
  desk.event(41, {}, "lunch");
  desk.fetches[1].resolve([]);
  await settled();
  assert.deepEqual(desk.ringing(), []);
});

test("a desk that stays open for weeks keeps the last calls only", () => {
  const desk = deskWith([listed("a", 1, "ringing")]);
  desk.connect();
  desk.subscribed(10);
  for (let n = 1; n <= 100; n += 1) desk.event(10 + n, listed(`c${n}`, n, "completed"));
  assert.deepEqual([desk.calls.known.size, desk.ringing()], [31, ["a"]]);
  assert.equal(desk.places().last[0], "c100");
});

test("nothing rings on a desk whose subscription the server has ended", () => {
  const desk = deskWith([listed("a", 1, "ringing")]);
  desk.connect();
  desk.subscribed(10);
  desk.last().frame({ type: "unsubscribed", stream: "user.1", reason: "forbidden" });
  assert.deepEqual([desk.ringing(), desk.calls.complete], [[], false]);
});
