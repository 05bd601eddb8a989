/** The pending actions of calls, and when they end. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { PendingActions } from "../../calls/static/calls/pending.js";

test("an action is pending until it ends", () => {
  const pending = new PendingActions();
  const end = pending.begin("CA1", "Answering");
  assert.deepEqual([pending.has("CA1"), pending.get("CA1")], [true, "Answering"]);
  end();
  assert.deepEqual([pending.has("CA1"), pending.get("CA1")], [false, undefined]);
});

test("the end of an earlier action doesn't end a later one", () => {
  const pending = new PendingActions();
  const endAnswering = pending.begin("CA1", "Answering");
  pending.end("CA1");
  pending.begin("CA1", "Hanging up");
  endAnswering();
  assert.equal(pending.get("CA1"), "Hanging up");
});
