/** The sentences that the desk shows, and a screen reader says. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { changeText, doubtText, messageText, rejectWords, statusText } from "../../calls/static/calls/words/calls.js";
import { connectionText, troubleTitle } from "../../calls/static/calls/words/connection.js";
import { otherSide } from "../../calls/static/calls/words/numbers.js";
import { outcomeText } from "../../calls/static/calls/words/outcomes.js";
import { clockText, whenText } from "../../calls/static/calls/words/times.js";
import { ALICE, BOB, CAROL, NOW, claim, incoming, over, placed, talk } from "./desk_calls.js";

const news = (before, after, agent = BOB) => changeText(before, after, agent, NOW);
const status = (call, agent = BOB) => statusText(call, agent, NOW);

describe("news", () => {
  test("of a call that begins to ring here has its number, once", () => {
    assert.equal(news(undefined, incoming()), "Incoming call from +1 555 010 0123");
    assert.equal(news(incoming(), incoming({ version: 2 })), "");
    assert.equal(news(undefined, incoming(), CAROL), "", "it rings elsewhere");
  });

  test("of a call that still rings when the connection is back comes again", () => {
    const lost = incoming({ doubtful: true });
    assert.equal(news(incoming(), lost), "");
    assert.equal(news(lost, incoming()), "Incoming call from +1 555 010 0123");
  });

  test("of a claim names who is answering, to the others", () => {
    const claimed = incoming(claim(ALICE));
    assert.equal(news(incoming(), claimed), "alice is answering: +1 555 010 0123");
    assert.equal(news(incoming(), claimed, ALICE), "");
    assert.equal(news(claimed, incoming({ ...claim(ALICE), version: 3 })), "");
  });

  test("of an answer names the agent, also to that agent, and where the call has ended meanwhile", () => {
    assert.equal(news(incoming(), talk(ALICE)), "Answered by alice: +1 555 010 0123");
    assert.equal(news(incoming(), talk(ALICE), ALICE), "Answered by you: +1 555 010 0123");
    const ended = over("answered", { answered_by: ALICE });
    assert.equal(news(incoming({ doubtful: true }), ended), "Answered by alice: +1 555 010 0123");
  });

  test("of an end says how", () => {
    assert.equal(news(incoming(), over("gave-up")), "The caller gave up: +1 555 010 0123");
    assert.equal(news(talk(ALICE), over("answered", { answered_by: ALICE })), "Ended: +1 555 010 0123");
  });

  test("of a message says how long it is", () => {
    const left = over("missed", { message: { seconds: 17 } });
    assert.equal(news(over("missed"), left), "Message, 00:17: +1 555 010 0123");
    assert.equal(messageText(over("missed")), "");
  });

  test("of an outgoing call is that it is connected", () => {
    const talking = placed({ state: "in-progress", answered_by: ALICE });
    assert.equal(news(placed(), talking), "Connected: +442079460000");
  });

  test("of a transfer says who transfers", () => {
    assert.equal(news(talk(ALICE), talk(ALICE, { transfer_to: BOB })), "alice transfers to you: +1 555 010 0123");
  });

  test("of a transfer that somebody has taken, or hasn't, is for the agent who made it", () => {
    const offered = talk(ALICE, { transfer_to: BOB });
    const [taken, left] = [talk(BOB), talk(ALICE)];
    const texts = [taken, left].map((after) => [news(offered, after, ALICE), news(offered, after, BOB), news(offered, after, CAROL)]);
    assert.deepEqual(texts, [["bob has taken +1 555 010 0123", "", ""], ["bob doesn't take +1 555 010 0123", "", ""]]);
    assert.equal(news(offered, over("answered", { answered_by: ALICE }), ALICE), "Ended: +1 555 010 0123");
  });

  test("is nothing of the past, nor a change that nobody needs", () => {
    for (const call of [over("missed"), talk(ALICE)]) assert.equal(news(undefined, call), "");
    assert.equal(news(talk(ALICE), talk(ALICE, { version: 3, held: true })), "");
  });
});

test("a call that waits says for whom", () => {
  const texts = [
    [incoming(), "Incoming call"],
    [incoming(claim(ALICE)), "alice is answering"],
    [incoming(claim(BOB)), "Connecting you"],
    [incoming({ declined: [BOB.id] }), "Declined by you, still waiting"],
    [incoming({ ringing: [ALICE.id] }), "Rings at other desks"],
    [incoming({ ringing: [] }), "Waiting"],
    [incoming({ voicemail: true }), "Nobody answers; the caller may leave a message"],
    [talk(ALICE, { transfer_to: BOB }), "alice transfers this call to you"],
  ];
  for (const [call, text] of texts) assert.equal(status(call), text);
});

test("a call that may have changed unseen says so, and what was known of it", () => {
  const texts = [
    [incoming({ doubtful: true }), "Incoming call", "May have been answered by now"],
    [talk(BOB, { doubtful: true }), "You are talking", "May be over by now"],
    [talk(BOB, { certain: false }), "You are talking", "The phone company can't be asked at the moment"],
    [talk(BOB), "You are talking", ""],
  ];
  for (const [call, text, doubt] of texts) assert.deepEqual([status(call), doubtText(call)], [text, doubt]);
});

test("an agent talks only in the call that the phone is in", () => {
  const phone = (call) => ({ call });
  const texts = [7, null, 8].map((call) => statusText(talk(ALICE), ALICE, NOW, phone(call)));
  assert.deepEqual(texts, ["You are talking", "You are talking", "Your phone is in another call"]);
});

test("rejecting a caller who may leave a message takes that away", () => {
  assert.match(rejectWords(incoming()).what, /stops ringing/);
  assert.match(rejectWords(incoming({ voicemail: true })).what, /can't leave a message/);
});

test("a call in progress names who talks, holds it or transfers it", () => {
  const texts = [
    [{}, "You are talking", "alice is talking"],
    [{ held: true }, "On hold", "alice has this call on hold"],
    [{ transfer_to: CAROL }, "You transfer this to carol", "alice transfers this to carol"],
  ];
  for (const [more, own, others] of texts) {
    assert.deepEqual([status(talk(ALICE, more), ALICE), status(talk(ALICE, more), BOB)], [own, others]);
  }
  assert.equal(status(talk(null)), "Connected");
});

test("a placed call says which side rings", () => {
  assert.equal(status(placed(), ALICE), "Ringing your phone");
  assert.equal(status(placed(), BOB), "Ringing the phone of alice");
  assert.equal(status(placed({ calling: "customer" }), ALICE), "Ringing there");
  assert.equal(status(placed({ calling: null }), ALICE), "Placing the call");
});

test("the history says what happened", () => {
  const talked = { answered_by: ALICE, answered_at: NOW - 192_000 };
  const outbound = { direction: "outbound", placed_by: ALICE };
  const texts = [
    [over("answered", talked), "Answered by alice, 03:12"],
    [over("answered", { ...talked, ...outbound }), "Called by alice, 03:12"],
    [over("answered", { ...outbound, answered_by: CAROL }), "Called by alice, taken over by carol"],
    [over("answered", outbound), "Called by alice"],
    [over("answered", { direction: "outbound" }), "Called"],
    [over("answered"), "Answered"],
    [over("missed"), "Missed"],
    [over("missed", { declined: [BOB.id] }), "Missed, declined by you"],
    [over("declined", { declined: [BOB.id] }), "Declined by you"],
    [over("declined", { declined: [ALICE.id] }), "Declined"],
    [over("declined", { rejected_by: ALICE }), "Rejected by alice"],
    [over("declined", { rejected_by: BOB }), "Rejected by you"],
    [over("gave-up"), "The caller gave up"],
    [over("gave-up", outbound), "Ended before an answer"],
    [over("busy", outbound), "Busy"],
    [over("missed", outbound), "No answer"],
    [over("nobody-there"), "Nobody was there"],
    [over("failed"), "Failed"],
    [over(""), "Ended"],
    [over("what the server says tomorrow"), "Ended"],
  ];
  for (const [call, text] of texts) assert.equal(outcomeText(call, BOB), text);
});

test("numbers are grouped where the grouping is known, and may be unknown", () => {
  assert.equal(otherSide(incoming()), "+1 555 010 0123");
  assert.equal(otherSide(placed()), "+442079460000");
  assert.equal(otherSide(placed({ number: "+44 20 7946 0000" })), "+44 20 7946 0000");
  assert.equal(otherSide(incoming({ from: "anonymous", number: "anonymous" })), "Unknown number");
  for (const from of ["", "anonymous", "Restricted", undefined]) {
    assert.equal(otherSide(incoming({ from })), "Unknown number");
  }
});

describe("the connection", () => {
  test("that is open, or made for the first time, needs no words", () => {
    assert.equal(connectionText({ state: "open", wasOpen: true }, 0), "");
    assert.equal(connectionText({ state: "connecting", wasOpen: false }, 0), "");
  });

  test("that is lost counts down to the next attempt", () => {
    const lost = (state, seconds) => connectionText({ state, wasOpen: true }, seconds);
    assert.equal(lost("waiting", 4), "Connection lost, trying again in 4 s");
    assert.equal(lost("connecting", 0), "Connection lost, trying again now");
    assert.equal(troubleTitle({ state: "waiting", wasOpen: true }), "Connection lost");
  });

  test("that can't be made at first is shown too", () => {
    assert.equal(connectionText({ state: "waiting", wasOpen: false }, 4), "No connection, trying again in 4 s");
  });

  test("by which no more calls come says why", () => {
    const closed = (code) => connectionText({ state: "closed", code }, 0);
    assert.match(closed(4501), /signed out/);
    assert.match(closed(4504), /signed out/);
    assert.match(closed(4505), /too many windows/);
    assert.match(closed(4506), /server ended/);
    assert.match(connectionText({ state: "open", deaf: true }, 0), /no calls/);
    assert.equal(troubleTitle({ state: "closed" }), "Disconnected");
  });
});

test("a clock shows minutes and seconds, hours where there are any, and never less than zero", () => {
  assert.equal(clockText(0), "00:00");
  assert.equal(clockText(65_999), "01:05");
  assert.equal(clockText(3_725_000), "1:02:05");
  assert.equal(clockText(-5_000), "00:00");
});

test("an instant of today is a time, another one has its day", () => {
  const noon = new Date(2026, 10, 26, 12, 30).getTime();
  assert.doesNotMatch(whenText(noon, noon + 1000), /Nov|26/);
  assert.match(whenText(noon - 86_400_000, noon), /25/);
});
