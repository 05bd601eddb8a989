/** What the desk knows of its calls, in whatever order events and lists arrive. */

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  arranged,
  doubted,
  merged,
  place,
  rebuilt,
  rings,
  trusted,
} from "../../calls/static/calls/call_list.js";

const NOBODY = new Map();
const ALICE = { id: 1, name: "alice" };

function event(sid, version, state, more = {}) {
  const at = 1000 * version;
  return { sid, version, state, direction: "inbound", answered_by: null, at, ...more };
}

function listed(sid, version, state, more = {}) {
  const times = { started_at: 500, answered_at: null, ended_at: null };
  return { ...event(sid, version, state), ...times, ...more };
}

function ringing(calls) {
  return [...calls.values()].filter(rings).map((call) => call.sid);
}

test("an incoming call rings until it is answered", () => {
  const one = merged(NOBODY, [event("a", 1, "ringing")]);
  assert.deepEqual(ringing(one), ["a"]);
  const answered = merged(one, [event("a", 2, "in-progress", { answered_by: ALICE })]);
  assert.deepEqual(ringing(answered), []);
  assert.equal(place(answered.get("a")), "active");
});

test("an event that comes late doesn't turn a call back", () => {
  const over = merged(NOBODY, [event("a", 3, "completed")]);
  assert.equal(merged(over, [event("a", 2, "ringing")]).get("a").state, "completed");
});

test("a list item of an older version doesn't turn a call back", () => {
  const answered = merged(NOBODY, [event("a", 2, "in-progress")]);
  const after = rebuilt(answered, [listed("a", 1, "ringing")], answered);
  assert.equal(after.get("a").state, "in-progress");
});

test("an outgoing call doesn't ring", () => {
  for (const state of ["queued", "initiated", "ringing"]) {
    const calls = merged(NOBODY, [event("a", 1, state, { direction: "outbound" })]);
    assert.deepEqual(ringing(calls), []);
    assert.equal(place(calls.get("a")), "active");
  }
});

test("a final state is among the last calls", () => {
  for (const state of ["completed", "busy", "failed", "no-answer", "canceled"]) {
    assert.equal(place(event("a", 1, state)), "last");
  }
});

test("after the connection was lost, nothing rings until the list says so", () => {
  const lost = doubted(merged(NOBODY, [event("a", 1, "ringing"), event("b", 1, "ringing")]));
  assert.deepEqual(ringing(lost), []);
  const list = [listed("a", 2, "in-progress"), listed("b", 1, "ringing")];
  assert.deepEqual(ringing(rebuilt(lost, list, lost)), ["b"]);
});

test("after the connection was lost, an event is trusted", () => {
  const lost = doubted(merged(NOBODY, [event("a", 1, "queued")]));
  assert.deepEqual(ringing(merged(lost, [event("a", 2, "ringing")])), ["a"]);
});

test("a connection that resumed without a loss rings again immediately", () => {
  const one = merged(NOBODY, [event("a", 1, "ringing")]);
  assert.deepEqual(ringing(trusted(doubted(one))), ["a"]);
});

test("calls that are over are never in doubt", () => {
  const over = merged(NOBODY, [event("a", 1, "completed")]);
  assert.equal(doubted(over).get("a").doubtful, false);
});

test("a call that the list doesn't have is gone", () => {
  const known = merged(NOBODY, [event("a", 1, "ringing"), event("b", 1, "ringing")]);
  assert.deepEqual([...rebuilt(known, [listed("b", 1, "ringing")], known).keys()], ["b"]);
});

test("a call that began while the list was fetched stays", () => {
  const before = merged(NOBODY, [event("a", 1, "ringing")]);
  const now = merged(before, [event("b", 1, "ringing")]);
  const after = rebuilt(now, [listed("a", 1, "ringing")], before);
  assert.deepEqual(ringing(after), ["a", "b"]);
});

test("a call that was answered while the list was fetched stays answered", () => {
  const before = merged(NOBODY, [event("a", 1, "ringing")]);
  const now = merged(before, [event("a", 2, "in-progress")]);
  assert.deepEqual(ringing(rebuilt(now, [listed("a", 1, "ringing")], before)), []);
});

test("events give the times that a list would", () => {
  const states = ["ringing", "in-progress", "completed"];
  const calls = states.reduce((all, state, at) => merged(all, [event("a", at + 1, state)]), NOBODY);
  const { started_at, answered_at, ended_at } = calls.get("a");
  assert.deepEqual({ started_at, answered_at, ended_at }, {
    started_at: 1000,
    answered_at: 2000,
    ended_at: 3000,
  });
});

test("the times of a list are kept when an event follows", () => {
  const calls = merged(NOBODY, [listed("a", 2, "in-progress", { answered_at: 700 })]);
  const after = merged(calls, [event("a", 3, "completed")]).get("a");
  assert.deepEqual([after.started_at, after.answered_at, after.ended_at], [500, 700, 3000]);
});

test("the first to call is the first to be answered; the last ended comes first", () => {
  const calls = merged(NOBODY, [
    listed("late", 1, "ringing", { started_at: 2 }),
    listed("early", 1, "ringing", { started_at: 1 }),
    listed("old", 1, "completed", { ended_at: 5 }),
    listed("new", 1, "busy", { ended_at: 6 }),
  ]);
  const { incoming, last } = arranged(calls);
  assert.deepEqual(incoming.map((call) => call.sid), ["early", "late"]);
  assert.deepEqual(last.map((call) => call.sid), ["new", "old"]);
});

test("what is known is never changed in place", () => {
  const before = merged(NOBODY, [event("a", 1, "ringing")]);
  const copy = structuredClone([...before]);
  merged(before, [event("a", 2, "completed")]);
  doubted(before);
  rebuilt(before, [], before);
  assert.deepEqual([...before], copy);
});
