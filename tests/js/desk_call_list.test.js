/** What the desk knows of its calls, in whatever order events and lists arrive. */

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  arranged, doubted, kept, merged, rebuilt, trusted,
} from "../../calls/static/calls/rules/call_list.js";
import { ALICE, BOB, incoming, over, placed, talk } from "./desk_calls.js";

const NOBODY = new Map();
const states = (calls) => Object.fromEntries([...calls].map(([key, { state }]) => [key, state]));

function event(call, version, state, more = {}) {
  return incoming({ call, version, state, ...more });
}

test("events change a call by the server's key, also before the company has named it", () => {
  const named = merged(merged(NOBODY, [placed({ sid: null })]), [placed({ version: 2, sid: "CA9" })]);
  assert.deepEqual([named.size, named.get(7).sid], [1, "CA9"]);
});

test("an event that comes late doesn't turn a call back", () => {
  const ended = merged(NOBODY, [event(1, 3, "completed")]);
  assert.deepEqual(states(merged(ended, [event(1, 2, "ringing")])), { 1: "completed" });
});

test("a list item of an older version doesn't turn a call back", () => {
  const answered = merged(NOBODY, [event(1, 2, "in-progress")]);
  assert.deepEqual(states(rebuilt(answered, [event(1, 1, "ringing")], answered)), { 1: "in-progress" });
});

test("after the connection was lost, active calls are in doubt until the list or an event says more", () => {
  const lost = doubted(merged(NOBODY, [event(1, 1, "ringing"), event(2, 1, "ringing"), event(3, 1, "queued")]));
  const after = merged(rebuilt(lost, [event(1, 2, "in-progress"), event(2, 1, "ringing"), lost.get(3)], lost), [event(3, 2, "ringing")]);
  assert.deepEqual([...lost.values()].map(({ doubtful }) => doubtful), [true, true, true]);
  assert.deepEqual([...after.values()].map(({ doubtful }) => doubtful), [false, false, false]);
});

test("a connection that resumed without a loss takes the doubt away", () => {
  const one = merged(NOBODY, [event(1, 1, "ringing")]);
  assert.equal(trusted(doubted(one)).get(1).doubtful, false);
});

test("calls that are over are never in doubt", () => {
  assert.equal(doubted(merged(NOBODY, [event(1, 1, "completed")])).get(1).doubtful, false);
});

test("a call that the list doesn't have is gone", () => {
  const known = merged(NOBODY, [event(1, 1, "ringing"), event(2, 1, "ringing")]);
  assert.deepEqual([...rebuilt(known, [event(2, 1, "ringing")], known).keys()], [2]);
});

test("a call that began or changed while the list was fetched stays", () => {
  const before = merged(NOBODY, [event(1, 1, "ringing")]);
  const now = merged(before, [event(1, 2, "in-progress"), event(2, 1, "ringing")]);
  assert.deepEqual(states(rebuilt(now, [event(1, 1, "ringing")], before)), { 1: "in-progress", 2: "ringing" });
});

test("the first to call comes first, and so does the last to end", () => {
  const calls = merged(NOBODY, [
    incoming({ call: 1, started_at: 2 }),
    incoming({ call: 2, started_at: 1 }),
    over("missed", { call: 3, ended_at: 5 }),
    over("busy", { call: 4, ended_at: 6 }),
    talk(ALICE, { call: 5 }),
    talk(BOB, { call: 6 }),
  ]);
  const keys = Object.entries(arranged(calls, ALICE)).map(([name, list]) => [name, list.map(({ call }) => call)]);
  assert.deepEqual(Object.fromEntries(keys), { active: [5], incoming: [2, 1], others: [6], last: [4, 3] });
});

test("of the calls that are over the last are kept, of the others all", () => {
  const many = Array.from({ length: 100 }, (_, n) => over("missed", { call: n, ended_at: n }));
  const calls = kept(merged(NOBODY, [incoming({ call: 1000 }), ...many]));
  assert.deepEqual([calls.size, calls.has(1000), calls.has(70), calls.has(69)], [31, true, true, false]);
});

test("what is known is never changed in place", () => {
  const before = merged(NOBODY, [event(1, 1, "ringing")]);
  const copy = structuredClone([...before]);
  merged(before, [event(1, 2, "completed")]);
  doubted(before);
  rebuilt(before, [], before);
  assert.deepEqual([...before], copy);
});
