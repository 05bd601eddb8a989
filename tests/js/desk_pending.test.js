/** The pending actions of calls, and when they end. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { PendingActions } from "../../calls/static/calls/rules/pending.js";

test("an action is pending until it ends", () => {
  const pending = new PendingActions();
  const end = pending.begin(7, "Answering");
  assert.deepEqual([pending.has(7), pending.get(7)], [true, "Answering"]);
  end();
  assert.deepEqual([pending.has(7), pending.get(7)], [false, undefined]);
});

test("the end of an earlier action doesn't end a later one", () => {
  const pending = new PendingActions();
  const endAnswering = pending.begin(7, "Answering");
  pending.end(7);
  pending.begin(7, "Hanging up");
  endAnswering();
  assert.equal(pending.get(7), "Hanging up");
});
