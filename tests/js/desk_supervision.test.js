/** The supervisor's page: which calls are listed, and what it says of them and of the desks. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { UnreceivedCalls } from "../../calls/static/calls/rules/unreceived_calls.js";
import { connectionOf, latencyOf, unreceivedText } from "../../calls/static/calls/words/supervision.js";
import { ALICE, BOB, CAROL, incoming, over, talk } from "./desk_calls.js";

const NAMES = new Map([ALICE, BOB, CAROL].map(({ id, name }) => [id, name]));
const unreceived = (more = {}) => incoming({ number: "+1 555 010 0123", unreceived: [ALICE.id], ...more });
const keys = (calls) => calls.map(({ call }) => call);

describe("the calls that no desk received", () => {
  test("are listed with the newest first, and followed once", () => {
    const calls = new UnreceivedCalls();
    calls.add(unreceived({ call: 1 }));
    calls.add(unreceived({ call: 2 }));
    assert.deepEqual(keys(calls.listed()), [2, 1]);
    assert.deepEqual(keys(calls.unfollowed()), [1, 2]);
    calls.add(unreceived({ call: 3 }));
    calls.add(unreceived({ call: 1, version: 2 }));
    assert.deepEqual(keys(calls.unfollowed()), [3]);
  });

  test("show their latest state, whatever comes late", () => {
    const calls = new UnreceivedCalls();
    calls.add(unreceived({ version: 2 }));
    calls.update(talk(BOB, { version: 4 }));
    calls.update(unreceived({ version: 3 }));
    calls.add(unreceived({ version: 2 }));
    assert.deepEqual(calls.listed().map(({ version }) => version), [4]);
  });

  test("are no others", () => {
    const calls = new UnreceivedCalls();
    calls.update(talk(BOB));
    assert.deepEqual(calls.listed(), []);
  });

  test("stay when they are over and the server lists the active ones again", () => {
    const calls = new UnreceivedCalls();
    calls.add(unreceived({ call: 1 }));
    calls.update(over("missed", { call: 1, version: 2 }));
    calls.replace([unreceived({ call: 2 })]);
    assert.deepEqual(keys(calls.listed()), [2, 1]);
  });

  test("are fifty at most", () => {
    const calls = new UnreceivedCalls();
    for (let call = 1; call <= 60; call += 1) calls.add(unreceived({ call }));
    assert.deepEqual([calls.listed().length, keys(calls.listed()).at(-1)], [50, 11]);
  });
});

test("a call that no desk received says who missed it, and what has become of it", () => {
  const texts = [
    [{ ringing: [ALICE.id, BOB.id] }, "not received by alice. It rings at bob."],
    [{ ringing: [ALICE.id, BOB.id, CAROL.id] }, "not received by alice. It rings at bob, carol."],
    [{ ringing: [ALICE.id] }, "not received by alice. Nobody else is free."],
    [{ ringing: [], voicemail: true }, "not received by alice. The caller may leave a message."],
    [{ unreceived: [ALICE.id, 9] }, "not received by alice, agent 9. It rings at bob."],
    [talk(BOB), "not received by alice. bob talks."],
    [over("gave-up"), "not received by alice. The caller gave up."],
  ];
  for (const [more, text] of texts) {
    const call = unreceived({ ...more, number: "+1 555 010 0123", unreceived: more.unreceived ?? [ALICE.id] });
    const shown = unreceivedText(call, NAMES);
    assert.match(shown, /^\d\d:\d\d:\d\d \+1 555 010 0123: /);
    assert.equal(shown.slice(shown.indexOf(": ") + 2), text);
  }
});

test("a desk is connected by the windows that get calls", () => {
  const texts = [
    [[], "not connected"],
    [[false], "connected, gets no calls"],
    [[true], "connected"],
    [[true, false], "connected"],
    [[true, true], "connected in 2 windows"],
  ];
  for (const [live, text] of texts) assert.equal(connectionOf({ windows: live.map((live) => ({ live })) }), text);
});

test("a desk's latency is that of its best window, where one is known", () => {
  const of = (...latencies) => latencyOf({ windows: latencies.map((latency) => ({ latency })) });
  assert.deepEqual([of(), of(null), of(30), of(30, null, 4), of(0)], ["", "", "30 ms", "4 ms", "0 ms"]);
});
