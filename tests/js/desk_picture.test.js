/** What rings, how loudly, what the title says, and which notice is seen. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { Notices, topNotice } from "../../calls/static/calls/rules/notices.js";
import { peopleOf, targetsOf } from "../../calls/static/calls/rules/people.js";
import { QUIET, pictureOf } from "../../calls/static/calls/rules/picture.js";
import { PendingActions } from "../../calls/static/calls/rules/pending.js";
import { ServerClock } from "../../calls/static/calls/rules/server_clock.js";
import { ALICE, BOB, NOW, claim, incoming, talk } from "./desk_calls.js";

const IDLE = { call: null };
const NAME = "Agent's desk";

function picture(calls, more = {}) {
  return pictureOf({
    calls: new Map(calls.map((call) => [call.call, call])), agent: ALICE, pending: new PendingActions(), now: NOW,
    trouble: "", sound: { blocked: false, isOurs: true }, phone: IDLE, name: NAME, ...more,
  });
}

describe("the ring tone", () => {
  test("sounds in the tab whose turn it is", () => {
    assert.equal(picture([incoming()]).volume, 1);
    const other = picture([incoming()], { sound: { blocked: false, isOurs: false } });
    assert.deepEqual([other.volume, other.ringing.length, other.title], [0, 1, "Call from +1 555 010 0123"]);
  });

  test("is quiet in the ear of an agent who talks", () => {
    assert.equal(picture([incoming(), talk(ALICE, { call: 8 })]).volume, QUIET);
    assert.equal(picture([incoming()], { phone: { call: 8 } }).volume, QUIET);
    assert.equal(picture([incoming(), talk(BOB, { call: 8 })]).volume, 1);
  });

  test("stops as soon as the agent has done something, whatever the server says yet", () => {
    const pending = new PendingActions();
    pending.begin(7, "Answering");
    assert.deepEqual([picture([incoming()], { pending }).volume, picture([incoming()], { phone: { call: 7 } }).volume], [0, 0]);
  });

  test("is silent while somebody is answering, and begins again when nobody has", () => {
    const claimed = incoming(claim(BOB));
    assert.deepEqual([picture([claimed]).volume, picture([claimed], { now: NOW + 30_000 }).volume], [0, 1]);
  });
});

test("the agent talks in a call that isn't on hold, and certain", () => {
  const calls = [
    talk(ALICE), talk(ALICE, { call: 8, held: true }), talk(ALICE, { call: 9, certain: false }), talk(BOB, { call: 10 }),
  ];
  assert.deepEqual(picture(calls).talks, [7]);
});

describe("the title", () => {
  test("and the keys belong to the newest call that can be answered", () => {
    const newer = { call: 8, from: "+442079460000", started_at: NOW - 1000 };
    const both = picture([incoming(), incoming(newer)]);
    assert.deepEqual([both.target.call, both.title], [8, "Call from +442079460000"]);
    assert.equal(picture([incoming(), incoming({ ...newer, ...claim(BOB) })]).target.call, 7);
  });

  test("says that the connection is lost", () => {
    assert.equal(picture([], { trouble: "Connection lost" }).title, "Connection lost – Agent's desk");
    assert.equal(picture([]).title, NAME);
  });

  test("flashes in a tab that may not sound", () => {
    const sound = { blocked: true, isOurs: true };
    const titles = [0, 1000].map((ms) => picture([incoming()], { sound, now: NOW + ms }).title);
    assert.equal(new Set(titles).size, 2);
    assert.equal(picture([], { sound, now: NOW + 1000 }).title, NAME);
  });
});

describe("notices", () => {
  test("go after a while, or when another of their kind comes", () => {
    const notices = new Notices();
    notices.take("news", "Missed", 1000);
    assert.deepEqual([notices.text("news", 12_999), notices.text("news", 13_000)], ["Missed", ""]);
    notices.take("news", "Busy", 2000);
    assert.deepEqual([notices.text("news", 13_000), notices.text("complaint", 13_000)], ["Busy", ""]);
  });

  test("go with their cause, and no other one does", () => {
    const notices = new Notices();
    notices.take("complaint", "No calls", 1000, "calls");
    notices.settle("complaint", "phone");
    assert.equal(notices.text("complaint", 1000), "No calls");
    notices.settle("complaint", "calls");
    assert.equal(notices.text("complaint", 1000), "");
  });

  test("have one place, for the one that matters most", () => {
    const all = { complaint: "c", trouble: "t", blocked: true, news: "n" };
    const order = ["complaint", "trouble", "blocked", "news"];
    const seen = order.map((_, index) => topNotice({ ...all, ...Object.fromEntries(order.slice(0, index).map((name) => [name, ""])) }));
    assert.deepEqual([...seen, topNotice({})], ["complaint", "trouble", "sound", "news", ""]);
    assert.equal(topNotice({ ...all, isOver: true }), "trouble", "it has the way out");
    const silent = { blocked: true, news: "n" };
    assert.deepEqual([topNotice(silent), topNotice({ ...silent, mute: true }), topNotice({ blocked: true, mute: true })], ["sound", "news", "sound"]);
  });
});

test("the server's clock is the most accurate that has arrived, whatever this machine's shows", () => {
  const clock = new ServerClock();
  assert.equal(clock.at(5000), 5000);
  clock.take(1000, 4500);
  clock.take(2000, 5100);
  clock.take(3000, 6900);
  assert.equal(clock.at(7000), 3900);
});

test("the people at the desks: oneself, then those who can take a call", () => {
  const member = (id, name, status) => ({ user: `user.${id}`, meta: { name, ...(status && { status }) }, since: 1 });
  const people = peopleOf([member(4, "dan", "away"), member(2, "bob", "busy"), member(1, "alice", "busy"), member(3, "carol")], ALICE);
  assert.deepEqual(people.map(({ name }) => name), ["alice", "carol", "bob", "dan"]);
  assert.deepEqual(targetsOf(people).map(({ id }) => id), [3]);
});
