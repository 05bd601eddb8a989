/** When the desk asks for a call that the agent's phone has left. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { LeftCalls } from "../../calls/static/calls/left_calls.js";
import { ALICE, BOB, over, placed, talk } from "./desk_calls.js";

/** Has the phone leave a call that is `then` after each pause; returns the questions, and the pauses. */
async function left(...then) {
  const asked = [];
  const pauses = [];
  const known = new Map();
  const calls = new LeftCalls({
    calls: () => known,
    agent: ALICE,
    ask: async (call) => {
      asked.push(call);
      throw new Error("The server is away.");
    },
    wait: async (ms) => {
      pauses.push(ms);
      known.set(7, then.length > 1 ? then.shift() : then[0]);
    },
  });
  await calls.add(7);
  return { asked, pauses };
}

test("a call is asked for that still seems to be the agent's, three times at most", async () => {
  assert.deepEqual(await left(talk(ALICE)), { asked: [7, 7, 7], pauses: [3_000, 6_000, 12_000] });
  assert.deepEqual((await left(placed())).asked, [7, 7, 7]);
});

test("nothing is asked for when an event has said the same as the phone", async () => {
  assert.deepEqual((await left(over("answered"))).asked, []);
  assert.deepEqual((await left(talk(BOB))).asked, []);
});

test("no more is asked for once the call is over", async () => {
  assert.deepEqual((await left(talk(ALICE), over("answered"))).asked, [7]);
});
