/** Which controls a call has, and the reasons why some can't work. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { NO_CONNECTION, TALKING, UNANSWERED, controlsOf } from "../../calls/static/calls/rules/controls.js";
import { verbOf } from "../../calls/static/calls/rules/keys.js";
import { ALICE, BOB, CAROL, NOW, claim, incoming, over, placed, talk } from "./desk_calls.js";

const HERE = { call: 7, muted: false };
const desk = (more = {}) => ({
  agent: ALICE, now: NOW, connected: true, targets: [BOB], talks: [], phone: HERE, ...more,
});
const names = (call, more) => Object.keys(controlsOf(call, desk(more)));
const offs = (call, more) =>
  Object.fromEntries(Object.entries(controlsOf(call, desk(more))).filter(([, { off }]) => off).map(([name, { off }]) => [name, off]));

describe("a call that comes in", () => {
  test("can be answered, declined and, apart from that, rejected for all", () => {
    assert.deepEqual(names(incoming()), ["answer", "decline", "reject"]);
  });

  test("can be answered where it doesn't ring, too", () => {
    for (const call of [incoming({ declined: [ALICE.id] }), incoming({ ringing: [] }), incoming({ voicemail: true, ringing: [] })]) {
      assert.deepEqual(names(call), ["answer", "reject"]);
    }
  });

  test("that somebody is answering has no controls, until the claim has run out", () => {
    assert.deepEqual(names(incoming(claim(BOB))), []);
    assert.deepEqual(names(incoming(claim(BOB, -1))), ["answer", "decline", "reject"]);
  });

  test("that is being connected can be hung up, and muted as soon as the phone is in it", () => {
    const mine = incoming(claim(ALICE));
    assert.deepEqual(names(mine, { phone: { call: null, muted: false } }), ["hangup"]);
    assert.deepEqual([names(mine), offs(mine)], [["mute", "hangup"], {}]);
  });

  test("can't be answered by an agent who talks in another one", () => {
    assert.deepEqual(offs(incoming(), { talks: [8] }), { answer: TALKING });
    assert.deepEqual(offs(talk(BOB, { transfer_to: ALICE }), { talks: [8] }), { answer: TALKING });
  });

  test("as a transfer can be taken or declined, and not ended", () => {
    assert.deepEqual(names(talk(BOB, { transfer_to: ALICE, ...claim(ALICE) })), ["answer", "decline"]);
  });
});

describe("a call of the agent's own", () => {
  test("has all controls, and says what is on", () => {
    const { hold, mute, ...others } = controlsOf(talk(ALICE, { held: true }), desk({ phone: { call: 7, muted: true } }));
    assert.deepEqual([hold.pressed, mute.pressed], [true, true]);
    assert.deepEqual(Object.keys(others), ["keypad", "transfer", "hangup"]);
    assert.deepEqual(offs(talk(ALICE)), {});
  });

  test("can be hung up while it isn't answered", () => {
    assert.deepEqual(names(placed()), ["hangup"]);
  });

  test("can't be taken off hold while the agent talks in another one", () => {
    assert.deepEqual(offs(talk(ALICE, { held: true }), { talks: [8] }), { hold: TALKING });
    assert.deepEqual(offs(talk(ALICE), { talks: [7, 8] }), {}, "it can be put on hold");
    assert.deepEqual(offs(talk(ALICE, { held: true }), { talks: [7] }), {});
  });

  test("can't be muted where the phone isn't in it", () => {
    assert.deepEqual(Object.keys(offs(talk(ALICE), { phone: { call: null, muted: true } })), ["mute", "keypad"]);
  });

  test("can't be transferred to nobody, nor twice", () => {
    assert.deepEqual(offs(talk(ALICE), { targets: [] }), { transfer: "Nobody else is available" });
    assert.deepEqual(offs(talk(ALICE, { transfer_to: CAROL })), { transfer: "The phone of carol rings" });
  });

  test("without a connection is the phone's alone", () => {
    const call = talk(ALICE);
    assert.deepEqual(offs(call, { connected: false }), { hold: NO_CONNECTION, transfer: NO_CONNECTION });
    assert.equal(offs(call, { connected: false, phone: { call: null } }).hangup, NO_CONNECTION);
  });

  test("waits for what was asked for last", () => {
    assert.deepEqual(offs(talk(ALICE), { pending: "Hanging up" }), {
      hold: "Hanging up", transfer: "Hanging up", hangup: "Hanging up",
    });
    assert.deepEqual(offs(talk(ALICE), { unanswered: true }), { hold: UNANSWERED, transfer: UNANSWERED });
  });
});

test("a call that was handed over can be left by a phone that is still in it", () => {
  assert.deepEqual(names(talk(BOB)), ["hangup"]);
});

test("a call of others has no controls, unless nobody is known to have it", () => {
  assert.deepEqual(names(talk(BOB), { phone: { call: null, muted: false } }), []);
  assert.deepEqual(names(over("missed")), []);
  assert.deepEqual(names(talk(null)), ["hangup"]);
});

test("nothing works without a connection", () => {
  assert.deepEqual(new Set(Object.values(offs(incoming(), { connected: false }))), new Set([NO_CONNECTION]));
});

describe("keys", () => {
  const press = (key, more = {}, inside = false) =>
    verbOf({ key, target: { closest: (selector) => (inside && selector.includes(inside) ? {} : null) }, ...more });

  test("A answers and D declines, in either case", () => {
    assert.deepEqual(["a", "A", "d", "x", "Enter"].map((key) => press(key)), ["answer", "answer", "decline", null, null]);
  });

  test("mean nothing where a person types or asks the browser for something", () => {
    for (const more of ["repeat", "ctrlKey", "metaKey", "altKey"]) assert.equal(press("a", { [more]: true }), null);
    for (const inside of ["input", "select", "dialog"]) assert.equal(press("a", {}, inside), null);
  });
});
