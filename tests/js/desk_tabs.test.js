/** Several tabs of one agent: whose turn it is to sound, and the one phone. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { OwnPhone } from "../../calls/static/calls/tabs/own_phone.js";
import { SharedPhone } from "../../calls/static/calls/tabs/shared_phone.js";
import { Turn } from "../../calls/static/calls/tabs/turn.js";
import { ALICE, BOB, NOW, claim, incoming, placed, talk } from "./desk_calls.js";
import { settled } from "./fakes.js";

/** The tabs' channels and the browser's locks, of which one tab after the other gets each. */
class Browser {
  #handlers = [];
  #queue = [];
  #holder = null;

  channel() {
    const own = new Map();
    this.#handlers.push(own);
    return {
      on: (kind, handler) => own.set(kind, handler),
      send: (message) => {
        for (const other of this.#handlers) if (other !== own) queueMicrotask(() => other.get(message.kind)?.(message));
      },
    };
  }

  request = (name, { signal }, held) =>
    new Promise((resolve, reject) => {
      const asked = { held, resolve };
      this.#queue.push(asked);
      signal.addEventListener("abort", () => {
        this.#queue = this.#queue.filter((other) => other !== asked);
        reject(signal.reason);
      });
      this.#next();
    });

  #next() {
    if (this.#holder || this.#queue.length === 0) return;
    this.#holder = this.#queue.shift();
    queueMicrotask(async () => {
      const { held, resolve } = this.#holder;
      await held();
      this.#holder = null;
      resolve();
      this.#next();
    });
  }
}

function tab(browser, { maySound = true, isBusy = false, locks = browser } = {}) {
  const it = { maySound, isBusy };
  it.turn = new Turn({
    name: "desk", locks, channel: browser.channel(), changed: () => {},
    maySound: () => it.maySound, isBusy: () => it.isBusy,
  });
  it.turn.begin();
  return it;
}

const turns = (...tabs) => tabs.map(({ turn }) => turn.isOurs);

describe("the turn", () => {
  test("is one tab's, and another's when that one is gone", async () => {
    const browser = new Browser();
    const [first, second] = [tab(browser), tab(browser)];
    await settled();
    assert.deepEqual(turns(first, second), [true, false]);
    first.turn.end();
    await settled();
    assert.deepEqual(turns(first, second), [false, true]);
    first.turn.begin();
    await settled();
    assert.deepEqual(turns(first, second), [false, true]);
  });

  test("passes from a tab that may not sound to one that may", async () => {
    const browser = new Browser();
    const [silent, other, loud] = [tab(browser, { maySound: false }), tab(browser, { maySound: false }), tab(browser)];
    await settled();
    await settled();
    assert.deepEqual(turns(silent, other, loud), [false, false, true]);
    loud.turn.end();
    await settled();
    assert.deepEqual(turns(silent, other, loud).filter(Boolean).length, 1, "a silent tab is better than none");
  });

  test("passes to a tab that is clicked, and is kept while the phone is in use", async () => {
    const browser = new Browser();
    const [holder, other] = [tab(browser, { maySound: false, isBusy: true }), tab(browser, { maySound: false })];
    await settled();
    other.maySound = true;
    other.turn.soundChanged();
    await settled();
    assert.deepEqual(turns(holder, other), [true, false]);
    holder.isBusy = false;
    other.turn.soundChanged();
    await settled();
    assert.deepEqual(turns(holder, other), [false, true]);
  });

  test("passes on when the browser silences the tab that has it", async () => {
    const browser = new Browser();
    const [holder, other] = [tab(browser), tab(browser)];
    await settled();
    holder.maySound = false;
    holder.turn.soundChanged();
    await settled();
    assert.deepEqual(turns(holder, other), [false, true]);
  });

  test("is every tab's where there are no locks", () => {
    const browser = new Browser();
    assert.deepEqual(turns(tab(browser, { locks: null }), tab(browser, { locks: null })), [true, true]);
  });
});

/** The phone of the page, played by the test. */
class PlayedPhone {
  asked = [];
  handlers = new Map();
  on = (name, handler) => this.handlers.set(name, handler);
  play = (name, detail) => this.handlers.get(name)(detail);
  accept = (call) => this.asked.push(["accept", call]);
  reject = (call) => this.asked.push(["reject", call]);
  hangUp = (call) => this.asked.push(["hangUp", call]);
  mute = (call, on) => this.asked.push(["mute", call, on]);
  digits = (call, text) => this.asked.push(["digits", call, text]);
  close = () => this.asked.push(["close"]);
}

function ownPhone() {
  const played = new PlayedPhone();
  const complaints = [];
  const own = new OwnPhone(played, { changed: () => {}, failed: (sentence) => complaints.push(sentence) });
  return { played, own, complaints };
}

describe("the phone of a tab", () => {
  test("rings, is in a call, is muted and is free again", () => {
    const { played, own } = ownPhone();
    played.play("ready");
    played.play("incoming", 7);
    assert.deepEqual(own.state, { ready: true, ringing: [7], call: null, muted: false });
    own.accept(7);
    own.mute(true);
    assert.deepEqual(own.state, { ready: true, ringing: [], call: 7, muted: true });
    played.play("incoming", 8);
    played.play("ended", 8);
    assert.equal(own.state.call, 7);
    played.play("ended", 7);
    assert.deepEqual(own.state, { ready: true, ringing: [], call: null, muted: false });
  });

  test("answers by itself what the agent has asked for, and nothing else", () => {
    const answered = (call) => {
      const { played, own } = ownPhone();
      played.play("incoming", 7);
      own.follow(new Map([[7, call]]), ALICE, NOW);
      own.follow(new Map([[7, call]]), ALICE, NOW);
      return played.asked;
    };
    assert.deepEqual(answered(incoming(claim(ALICE))), [["accept", 7]]);
    assert.deepEqual(answered(placed()), [["accept", 7]]);
    for (const call of [incoming(), incoming(claim(BOB)), talk(BOB, { transfer_to: ALICE })]) {
      assert.deepEqual(answered(call), []);
    }
  });

  test("answers later what the agent has answered before it rings", () => {
    const offered = talk(BOB, { transfer_to: ALICE });
    const { played, own } = ownPhone();
    own.follow(new Map([[7, offered]]), ALICE, NOW);
    own.accept(7);
    played.play("incoming", 7);
    assert.deepEqual(played.asked, [["accept", 7]]);
    const other = ownPhone();
    other.own.accept(7);
    other.own.follow(new Map([[7, talk(BOB)]]), ALICE, NOW);
    other.played.play("incoming", 7);
    assert.deepEqual(other.played.asked, [], "the transfer is over, and this is another one");
  });

  test("says what is wrong, and that it is mended", () => {
    const { played, complaints } = ownPhone();
    played.play("error", "The microphone is in use.");
    played.play("ready");
    assert.deepEqual(complaints, ["The microphone is in use.", ""]);
  });

  test("of two calls is in the one that isn't on hold, and each has its own mute", () => {
    const { played, own } = ownPhone();
    const follow = (one, two) => own.follow(new Map([[7, talk(ALICE, { held: one })], [8, talk(ALICE, { call: 8, held: two })]]), ALICE, NOW);
    played.play("accepted", 7);
    own.mute(true);
    follow(true, false);
    played.play("accepted", 8);
    assert.deepEqual([own.state.call, own.state.muted], [8, false]);
    follow(false, true);
    assert.deepEqual([own.state.call, own.state.muted], [7, true]);
    own.digits("5");
    own.hangUp();
    assert.deepEqual(played.asked, [["mute", 7, true], ["digits", 7, "5"], ["hangUp", 7]]);
    played.play("ended", 7);
    assert.deepEqual([own.state.call, own.state.muted], [8, false]);
    played.play("ended", 8);
    own.hangUp();
    assert.deepEqual([own.state.call, played.asked.length], [null, 3]);
  });

  test("stays muted when it hears again that it is in its call", () => {
    const { played, own } = ownPhone();
    played.play("accepted", 7);
    own.mute(true);
    played.play("accepted", 7);
    assert.equal(own.state.muted, true);
  });
});

test("all tabs have one phone: they know its state, and ask the tab that has it", async () => {
  const browser = new Browser();
  const { played, ...rest } = { played: new PlayedPhone() };
  const openPhone = (handlers) => new OwnPhone(played, handlers);
  const needs = { openPhone, changed: () => {}, failed: () => {}, ...rest };
  const [first, second] = [0, 1].map(() => new SharedPhone({ ...needs, channel: browser.channel() }));
  first.take(true);
  played.play("incoming", 7);
  await settled();
  assert.ok(second.rings(7));
  assert.deepEqual([first.isBusy, second.isBusy], [true, false]);
  second.accept(7);
  await settled();
  second.mute(true);
  await settled();
  assert.deepEqual([played.asked, second.state.call, second.state.muted], [[["accept", 7], ["mute", 7, true]], 7, true]);
  const late = new SharedPhone({ ...needs, channel: browser.channel() });
  await settled();
  assert.equal(late.state.call, 7);
  first.take(false);
  await settled();
  assert.deepEqual([played.asked.at(-1), first.state.call], [["close"], null]);
});
