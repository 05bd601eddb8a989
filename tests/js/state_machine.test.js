/** States with names: which moves there are. */

import assert from "node:assert/strict";
import { test } from "node:test";

import * as connection from "../../realtime/static/realtime/connection_state.js";
import * as subscription from "../../realtime/static/realtime/subscription_state.js";

const TABLES = { connection: connection.MOVES, subscription: subscription.MOVES };

for (const [name, moves] of Object.entries(TABLES)) {
  test(`each state of a ${name} can be reached, and leads to states only`, () => {
    const states = Object.keys(moves);
    const reached = new Set(["idle"]);
    for (const state of reached) for (const next of moves[state]) reached.add(next);
    assert.deepEqual([...reached].sort(), states.sort());
  });
}

test("a move returns the previous state", () => {
  const state = connection.connectionState();
  assert.equal(state.move("connecting"), "idle");
  assert.equal(state.value, "connecting");
});

test("a move that the table doesn't have is an error, and changes nothing", () => {
  const state = connection.connectionState();
  assert.throws(() => state.move("open"), /idle to open/);
  assert.equal(state.value, "idle");
});

test("a subscription that has ended stays so", () => {
  for (const to of Object.keys(subscription.MOVES)) {
    const state = subscription.subscriptionState();
    state.move("ended");
    assert.throws(() => state.move(to), new RegExp(`ended to ${to}`));
  }
});
