/** The rules of the pace, beside a bucket as the server's `rate.py` has it. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { Pace } from "../../realtime/static/realtime/protocol/pace.js";

/** The server's bucket. */
class Bucket {
  constructor(perSecond, now) {
    Object.assign(this, { perSecond, left: 2 * perSecond, at: now });
  }

  allows(now) {
    this.left = Math.min(2 * this.perSecond, this.left + (now - this.at) * this.perSecond);
    this.at = now;
    this.left -= 1;
    return this.left >= 0;
  }
}

/** When each of `count` frames goes out, in seconds; timers have whole milliseconds. */
function schedule(pace, count) {
  const times = [];
  for (let now = 0; times.length < count; ) {
    const wait = pace.take(now);
    if (wait === 0) times.push(now);
    now += Math.ceil(wait * 1000) / 1000;
  }
  return times;
}

test("a second's worth goes out together, the rest evenly below the rate", () => {
  const times = schedule(new Pace(100, 0), 190);
  assert.equal(times[99], 0);
  assert.ok(times[189] > 0.99 && times[189] < 1.1, `${times[189]}`);
});

test("a pause fills it again, but with no more than a second's worth", () => {
  const pace = new Pace(100, 0);
  schedule(pace, 100);
  for (let frame = 0; frame < 100; frame += 1) assert.equal(pace.take(3600), 0);
  assert.ok(pace.take(3600) > 0);
});

describe("the server's limit is kept", () => {
  for (const rate of [1, 2, 3, 10, 40, 100, 1000]) {
    test(`of ${rate} a second, by a client that sends for minutes`, () => {
      const bucket = new Bucket(rate, 0);
      for (const at of schedule(new Pace(rate, 0), rate * 200)) assert.ok(bucket.allows(at), `at ${at}`);
    });

    test(`of ${rate} a second, where the network holds a window of frames back and brings them together`, () => {
      const pace = new Pace(rate, 0);
      const bucket = new Bucket(rate, 0);
      const times = schedule(pace, rate * 60);
      for (let first = 0; first < times.length; first += pace.window) {
        const together = times.slice(first, first + pace.window);
        for (let frame = 0; frame < together.length; frame += 1) assert.ok(bucket.allows(together.at(-1)));
      }
    });
  }

  test("with a probe a second besides", () => {
    const bucket = new Bucket(100, 0);
    let second = 0;
    for (const at of schedule(new Pace(100, 0), 20_000)) {
      for (; second <= at; second += 1) assert.ok(bucket.allows(second));
      assert.ok(bucket.allows(at));
    }
  });
});
