/** What was asked for a call, and when that is over. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Asked } from "../../calls/static/calls/asked.js";

test("it is under way until it is ended", () => {
  const asked = new Asked();
  const end = asked.begin("CA1", "Answering");
  assert.deepEqual([asked.has("CA1"), asked.get("CA1")], [true, "Answering"]);
  end();
  assert.deepEqual([asked.has("CA1"), asked.get("CA1")], [false, undefined]);
});

test("the end of an earlier one doesn't end a later one", () => {
  const asked = new Asked();
  const endAnswering = asked.begin("CA1", "Answering");
  asked.end("CA1");
  asked.begin("CA1", "Hanging up");
  endAnswering();
  assert.equal(asked.get("CA1"), "Hanging up");
});
