/** What an agent does with a call, and what is asked of the server and the phone. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { Actions } from "../../calls/static/calls/actions.js";
import { PendingActions } from "../../calls/static/calls/rules/pending.js";
import { Tokens, newToken } from "../../calls/static/calls/tokens.js";
import { incoming, talk, ALICE } from "./desk_calls.js";
import { settled } from "./fakes.js";

/** A desk with one call, whose server agrees; `log` has what was asked of the server and the phone. */
function deskWith(call, { agreed = true, connected = true, ringing = [], muted = false, inCall = null } = {}) {
  const log = [];
  const waits = [];
  const pending = new PendingActions();
  const noted = (name) => (...given) => log.push([name, ...given]);
  const phone = {
    state: { muted, call: inCall }, rings: (key) => ringing.includes(key),
    ...Object.fromEntries(["accept", "reject", "hangUp", "mute", "digits"].map((name) => [name, noted(name)])),
  };
  const actions = new Actions({
    calls: () => new Map([[call.call, call]]), pending, phone, isConnected: () => connected, changed: () => {},
    post: async (...given) => log.push(given) && agreed,
    wait: () => new Promise((resolve) => waits.push(resolve)),
  });
  return { actions, log, pending, waits };
}

describe("answering", () => {
  test("asks the server to bring the call, and the phone to take it", async () => {
    const { actions, log } = deskWith(incoming());
    actions.perform("answer", 7);
    await settled();
    assert.deepEqual(log, [["calls/7/answer/", {}], ["accept", 7]]);
  });

  test("a call for which the phone rings is done by the phone, once the server agrees", async () => {
    const desk = deskWith(incoming(), { ringing: [7] });
    desk.actions.perform("answer", 7);
    await settled();
    assert.deepEqual(desk.log, [["calls/7/answer/", { phone: "ringing" }], ["accept", 7]]);
    const refused = deskWith(incoming(), { ringing: [7], agreed: false });
    await refused.actions.perform("answer", 7);
    assert.deepEqual(refused.log.length, 1);
  });

  test("twice is once", async () => {
    const { actions, log } = deskWith(incoming());
    actions.perform("answer", 7);
    actions.perform("answer", 7);
    await settled();
    assert.equal(log.filter(([path]) => path.startsWith("calls/")).length, 1);
  });
});

test("an action is pending until the call changes, or for a while; not after a refusal", async () => {
  const { actions, pending, waits } = deskWith(incoming());
  actions.perform("decline", 7);
  await settled();
  assert.equal(pending.get(7), "Declining");
  waits[0]();
  await settled();
  assert.ok(!pending.has(7));
  const refused = deskWith(incoming(), { agreed: false });
  await refused.actions.perform("decline", 7);
  assert.ok(!refused.pending.has(7));
});

test("declining stops the phone here, rejecting ends the call", async () => {
  const { actions, log, pending } = deskWith(incoming(), { ringing: [7] });
  actions.perform("decline", 7);
  await settled();
  pending.end(7);
  actions.perform("reject", 7);
  await settled();
  assert.deepEqual(log, [["calls/7/decline/"], ["reject", 7], ["calls/7/hangup/", {}]]);
});

test("hold is switched, a transfer has its agent", async () => {
  const held = deskWith(talk(ALICE, { held: true }));
  held.actions.perform("hold", 7);
  const { actions, log, pending } = deskWith(talk(ALICE));
  actions.perform("hold", 7);
  await settled();
  pending.end(7);
  actions.perform("transfer", 7, { to: "3" });
  await settled();
  assert.deepEqual([...held.log, ...log], [
    ["calls/7/hold/", { on: 0 }], ["calls/7/hold/", { on: 1 }], ["calls/7/transfer/", { to: "3" }],
  ]);
});

test("of two changes of a talk the second waits until the first is answered; hanging up doesn't", async () => {
  const { log, pending } = deskWith(talk(ALICE));
  const answers = [];
  const asked = new Actions({
    calls: () => new Map([[7, talk(ALICE)]]), pending, phone: { rings: () => false, state: { call: null } },
    isConnected: () => true, changed: () => {}, wait: () => new Promise(() => {}),
    post: (path) => log.push(path) && new Promise((resolve) => answers.push(resolve)),
  });
  asked.perform("hold", 7);
  pending.end(7); // by the event, which comes before the answer
  asked.perform("transfer", 7, { to: "3" });
  assert.deepEqual(log, ["calls/7/hold/"]);
  answers[0](true);
  await settled();
  asked.perform("transfer", 7, { to: "3" });
  pending.end(7);
  asked.perform("hangup", 7);
  assert.deepEqual(log, ["calls/7/hold/", "calls/7/transfer/", "calls/7/hangup/"]);
});

test("mute, digits and, without a connection, hanging up are the phone's own", async () => {
  const { actions, log } = deskWith(talk(ALICE), { connected: false, muted: true });
  actions.perform("mute", 7);
  actions.perform("digits", 7, { digits: "5" });
  actions.perform("hangup", 7);
  await settled();
  assert.deepEqual(log, [["mute", false], ["digits", "5"], ["hangUp"]]);
});

test("hanging up is the server's, and then the phone's own where that is in the call, whatever the server says", async () => {
  for (const agreed of [true, false]) {
    const { actions, log } = deskWith(talk(ALICE), { inCall: 7, agreed });
    actions.perform("hangup", 7);
    await settled();
    assert.deepEqual(log, [["calls/7/hangup/", {}], ["hangUp"]]);
  }
  const { actions, log } = deskWith(talk(ALICE), { inCall: 8 });
  actions.perform("hangup", 7);
  await settled();
  assert.deepEqual(log, [["calls/7/hangup/", {}]]);
});

test("a call that the desk doesn't know can't be acted on", async () => {
  const { actions, log } = deskWith(incoming());
  await actions.perform("answer", 8);
  assert.deepEqual(log, []);
});

describe("tokens", () => {
  const made = () => {
    let count = 0;
    return new Tokens(() => `t${(count += 1)}`);
  };

  test("are UUIDs", () => assert.match(newToken(), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/));

  test("stay while the outcome isn't known, for the same request and a minute", () => {
    const tokens = made();
    assert.deepEqual([tokens.take("p", "on=1", 0), tokens.take("p", "on=1", 59_999)], ["t1", "t1"]);
    assert.deepEqual([tokens.take("p", "on=1", 60_000), tokens.take("q", "on=1", 60_000)], ["t2", "t3"]);
  });

  test("are new after another request or an answer from the same path", () => {
    const tokens = made();
    assert.deepEqual([tokens.take("p", "on=1", 0), tokens.take("p", "on=0", 1), tokens.take("p", "on=1", 2)], ["t1", "t2", "t3"]);
    tokens.answered("p");
    assert.equal(tokens.take("p", "on=1", 3), "t4");
  });
});
