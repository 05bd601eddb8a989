/** The pending actions of calls, and when they end. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { PendingActions } from "../../calls/static/calls/rules/pending.js";

test("an action is pending until it ends", () => {
  const pending = new PendingActions();
  const action = pending.begin(7, "Answering");
  assert.deepEqual([pending.has(7), pending.get(7)], [true, "Answering"]);
  action.end();
  assert.deepEqual([pending.has(7), pending.get(7)], [false, undefined]);
});

test("the end of an earlier action doesn't end a later one", () => {
  const pending = new PendingActions();
  const answering = pending.begin(7, "Answering");
  pending.end(7);
  pending.begin(7, "Hanging up");
  answering.end();
  assert.equal(pending.get(7), "Hanging up");
});

test("a request may be unanswered after its action has ended", () => {
  const pending = new PendingActions();
  const action = pending.begin(7, "Changing hold");
  pending.end(7);
  assert.deepEqual([pending.has(7), pending.isUnanswered(7)], [false, true]);
  action.answered();
  assert.equal(pending.isUnanswered(7), false);
});
