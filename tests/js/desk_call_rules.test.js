/** Where a call belongs on an agent's desk, and whether it rings there. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import {
  isMine, isOffered, isWanted, newest, place, rings, settles,
} from "../../calls/static/calls/rules/call_rules.js";
import { ALICE, BOB, CAROL, NOW, claim, incoming, over, placed, talk } from "./desk_calls.js";

const ringsAt = (agent, call, now = NOW) => rings(call, agent, now);

describe("a call rings at a desk", () => {
  test("whose phone rings for it, and at no other", () => {
    assert.ok(ringsAt(ALICE, incoming()));
    assert.ok(!ringsAt(CAROL, incoming()));
  });

  test("until the agent declines it; it rings on at the others", () => {
    const declined = incoming({ declined: [ALICE.id] });
    assert.deepEqual([ringsAt(ALICE, declined), ringsAt(BOB, declined)], [false, true]);
  });

  test("until somebody answers, and again when that claim has run out", () => {
    const claimed = incoming(claim(BOB));
    for (const agent of [ALICE, BOB]) {
      assert.ok(!ringsAt(agent, claimed, NOW + 29_999));
      assert.ok(ringsAt(agent, claimed, NOW + 30_000));
    }
  });

  test("only while its state is certain", () => {
    assert.ok(!ringsAt(ALICE, incoming({ certain: false })));
    assert.ok(!ringsAt(ALICE, incoming({ doubtful: true })));
  });

  test("only while it comes in and waits", () => {
    for (const call of [talk(BOB), over("missed"), placed(), incoming({ state: "queued" })]) {
      assert.ok(!ringsAt(ALICE, { ...call, ringing: [ALICE.id] }), call.state);
    }
  });

  test("to which it is transferred, also where the agent declined it before", () => {
    const offered = talk(BOB, { transfer_to: ALICE, declined: [ALICE.id] });
    assert.deepEqual([ringsAt(ALICE, offered), ringsAt(BOB, offered), ringsAt(CAROL, offered)], [true, false, false]);
    assert.ok(isOffered(offered, ALICE));
    assert.ok(!ringsAt(ALICE, { ...offered, answered_by: ALICE }));
  });

  test("only with what the server says of phones", () => {
    assert.ok(!ringsAt(ALICE, incoming({ ringing: undefined, declined: undefined })));
  });
});

test("the newest call is the one that began to ring last; a transfer begins with its last change", () => {
  const old = incoming({ call: 1, started_at: NOW - 9000 });
  const late = incoming({ call: 2, started_at: NOW - 2000 });
  const offered = talk(BOB, { call: 3, transfer_to: ALICE, started_at: NOW - 90_000, at: NOW - 1000 });
  assert.equal(newest([late, old]).call, 2);
  assert.equal(newest([late, offered, old]).call, 3);
  assert.equal(newest([]), null);
});

test("each call has one place", () => {
  assert.equal(place(incoming(), ALICE), "incoming");
  assert.equal(place(talk(ALICE), ALICE), "active");
  assert.equal(place(talk(BOB), ALICE), "others");
  assert.equal(place(talk(BOB, { transfer_to: ALICE }), ALICE), "incoming");
  assert.equal(place(talk(ALICE, { transfer_to: BOB }), ALICE), "active");
  assert.equal(place(placed(), ALICE), "active");
  assert.equal(place(placed(), BOB), "others");
  for (const state of ["completed", "busy", "failed", "no-answer", "canceled"]) {
    assert.equal(place(over("missed", { state }), ALICE), "last");
  }
});

test("a placed call that is transferred belongs to the agent who talks", () => {
  const call = placed({ state: "in-progress", answered_by: BOB });
  assert.deepEqual([isMine(call, ALICE), isMine(call, BOB)], [false, true]);
});

test("the phone answers by itself what its agent has asked for", () => {
  assert.ok(isWanted(incoming(claim(ALICE)), ALICE, NOW));
  assert.ok(isWanted(placed(), ALICE, NOW));
  const others = [incoming(), incoming(claim(BOB)), incoming(claim(ALICE, -1)), placed({ placed_by: BOB })];
  for (const call of others) assert.ok(!isWanted(call, ALICE, NOW));
  assert.ok(!isWanted(talk(BOB, { transfer_to: ALICE, ...claim(ALICE) }), ALICE, NOW), "a transfer is asked about");
});

test("an action is settled by what belongs to it, and by no other change", () => {
  const changes = [claim(BOB), { state: "in-progress" }, { held: true }, { transfer_to: BOB }, { declined: [ALICE.id] }];
  for (const change of changes) assert.ok(settles(incoming(), incoming(change), ALICE), JSON.stringify(change));
  for (const change of [{ declined: [BOB.id] }, { ringing: [BOB.id] }, { version: 2 }]) {
    assert.ok(!settles(incoming(), incoming(change), ALICE), JSON.stringify(change));
  }
});
