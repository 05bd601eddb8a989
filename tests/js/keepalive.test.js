/** The client's end of a heartbeat, with a clock and timers. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { Keepalive } from "../../realtime/static/realtime/keepalive.js";
import { FakeClock } from "./fakes.js";

describe("a hidden page, whose timers fire once a minute", () => {
  function hidden() {
    const clock = new FakeClock();
    const sent = [];
    const it = { clock, sent, stale: 0 };
    it.keepalive = new Keepalive({ interval: 10, timeout: 8 }, clock, {
      send: (text) => sent.push(JSON.parse(text).type),
      stale: () => (it.stale += 1),
      latency: () => {},
    });
    it.pinged = () => {
      it.keepalive.received();
      it.keepalive.answer("a");
    };
    return it;
  }

  test("notices at the second of them that the path is dead", () => {
    const it = hidden();
    it.clock.sleep(60_000);
    assert.deepEqual([it.sent.at(-1), it.stale], ["ping", 0]);
    it.clock.sleep(60_000);
    assert.equal(it.stale, 1);
  });

  test("notices at the second, too, if the path died shortly before the first", () => {
    const it = hidden();
    it.clock.time += 45_000;
    it.keepalive.received();
    for (let minute = 0; minute < 2; minute += 1) it.clock.sleep(60_000);
    assert.equal(it.stale, 1);
  });

  test("never gives up a path on which the server's pings come", () => {
    const it = hidden();
    for (let beat = 1; beat <= 600; beat += 1) {
      it.clock.time += 10_000;
      it.pinged();
      if (beat % 6 === 0) it.clock.sleep(0);
    }
    assert.equal(it.stale, 0);
    assert.equal(it.sent.filter((type) => type === "pong").length, 600);
    assert.equal(it.sent.filter((type) => type === "ping").length, 1, "and has no reason to doubt it");
  });

  test("keeps it even where every timer comes late and only the pings show that it lives", () => {
    const it = hidden();
    for (let minute = 0; minute < 60; minute += 1) {
      it.clock.sleep(60_000);
      it.pinged();
    }
    assert.equal(it.stale, 0);
  });
});
