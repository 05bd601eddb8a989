/** The sentences that the desk shows, and a screen reader says. */

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  changeText,
  clockText,
  colleaguesText,
  connectionText,
  otherSide,
  statusText,
} from "../../calls/static/calls/wording.js";

const BOB = { id: 2, name: "bob" };
const ALICE = { id: 1, name: "alice" };

function call(state, more = {}) {
  const numbers = { from: "+15550100123", to: "+442079460000" };
  return { state, direction: "inbound", answered_by: null, doubtful: false, ...numbers, ...more };
}

const RINGING = call("ringing");
const ANSWERED = call("in-progress", { answered_by: ALICE });
const OUTGOING = call("ringing", { direction: "outbound" });

test("a call that begins to ring is announced with its number, once", () => {
  assert.equal(changeText(undefined, RINGING, BOB), "Incoming call from +1 555 010 0123");
  assert.equal(changeText(RINGING, { ...RINGING, version: 2 }, BOB), "");
});

test("a call that still rings when the connection is back is announced again", () => {
  const lost = { ...RINGING, doubtful: true };
  assert.equal(changeText(RINGING, lost, BOB), "");
  assert.equal(changeText(lost, RINGING, BOB), "Incoming call from +1 555 010 0123");
});

test("the desk names the agent who answered, also to that agent", () => {
  assert.equal(changeText(RINGING, ANSWERED, BOB), "Answered by alice: +1 555 010 0123");
  assert.equal(changeText(RINGING, ANSWERED, ALICE), "Answered by you: +1 555 010 0123");
});

test("the desk names the agent who answered a call that ended meanwhile", () => {
  const lost = { ...RINGING, doubtful: true };
  const over = call("completed", { answered_by: ALICE });
  assert.equal(changeText(lost, over, BOB), "Answered by alice: +1 555 010 0123");
});

test("the end of a call is announced", () => {
  const canceled = changeText(RINGING, call("canceled"), BOB);
  assert.equal(canceled, "Ended before an answer: +1 555 010 0123");
  const over = call("completed", { answered_by: ALICE });
  assert.equal(changeText(ANSWERED, over, ALICE), "Ended: +1 555 010 0123");
});

test("a change that leaves the state alone is not news", () => {
  assert.equal(changeText(ANSWERED, { ...ANSWERED, version: 3 }, BOB), "");
});

test("calls of the past are not news", () => {
  assert.equal(changeText(undefined, call("completed"), BOB), "");
  assert.equal(changeText(undefined, ANSWERED, BOB), "");
});

test("the other side answers an outgoing call, not the agent", () => {
  const talking = { ...OUTGOING, state: "in-progress", answered_by: ALICE };
  assert.equal(changeText(OUTGOING, talking, ALICE), "Connected: +442079460000");
  assert.equal(statusText({ ...talking, state: "completed" }, BOB), "Outgoing, by alice");
});

test("a call that may have changed unseen says so", () => {
  const lost = statusText({ ...RINGING, doubtful: true }, BOB);
  assert.equal(lost, "May have been answered by now");
  const talking = statusText({ ...ANSWERED, doubtful: true }, ALICE);
  assert.equal(talking, "May be over by now");
});

test("the status of a call names the agent who talks", () => {
  assert.equal(statusText(ANSWERED, BOB), "Answered by alice");
  assert.equal(statusText({ ...ANSWERED, direction: "outbound" }, BOB), "alice is talking");
  assert.equal(statusText(ANSWERED, ALICE), "You are talking");
  assert.equal(statusText(call("no-answer"), BOB), "Incoming, no answer");
});

test("numbers are grouped where the grouping is known", () => {
  assert.equal(otherSide(RINGING), "+1 555 010 0123");
  assert.equal(otherSide(OUTGOING), "+442079460000");
});

test("the bar names those who are at another desk", () => {
  const here = (...names) => names.map((name) => ({ user: `user.${name}`, meta: { name }, since: 1 }));
  const text = (...names) => colleaguesText(here("bob", ...names), "user.bob");
  assert.equal(text(), "No one else is here");
  assert.equal(text("alice"), "alice is here");
  assert.equal(text("alice", "carol"), "alice and carol are here");
  assert.equal(text("a", "b", "c", "d"), "a, b, c, and d are here");
  assert.equal(text("a", "b", "c", "d", "e"), "a, b, c, and 2 others are here");
});

test("a connection that is open, or connects for the first time, shows nothing", () => {
  assert.equal(connectionText({ state: "open", wasOpen: true }, 0), "");
  assert.equal(connectionText({ state: "connecting", wasOpen: false }, 0), "");
});

test("a lost connection counts down to the next attempt", () => {
  const lost = (state, seconds) => connectionText({ state, wasOpen: true }, seconds);
  assert.equal(lost("waiting", 4), "Connection lost, trying again in 4 s");
  assert.equal(lost("connecting", 0), "Connection lost, trying again now");
});

test("a first connection that fails is shown too", () => {
  const failed = connectionText({ state: "waiting", wasOpen: false }, 4);
  assert.equal(failed, "No connection, trying again in 4 s");
});

test("a desk that gets no more calls says why", () => {
  const closed = (code) => connectionText({ state: "closed", code }, 0);
  assert.match(closed(4501), /signed out/);
  assert.match(closed(4504), /signed out/);
  assert.match(closed(4505), /too many windows/);
  assert.match(closed(4506), /server ended/);
  assert.match(connectionText({ state: "open", deaf: true }, 0), /no calls/);
});

test("a clock shows minutes and seconds, and never less than zero", () => {
  assert.equal(clockText(0), "00:00");
  assert.equal(clockText(65_999), "01:05");
  assert.equal(clockText(3_725_000), "62:05");
  assert.equal(clockText(-5_000), "00:00");
});
