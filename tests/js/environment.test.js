import assert from "node:assert/strict";
import { test } from "node:test";

import { longTimers, sleepAwareClock } from "../../realtime/static/realtime/environment.js";
import { FakeClock } from "./fakes.js";

function clocks() {
  const times = { steady: 50, wall: 1_000_000 };
  return { times, now: sleepAwareClock(() => times.steady, () => times.wall) };
}

test("sleep counts, where the steady clock stood still", () => {
  const { times, now } = clocks();
  const before = now();
  times.wall += 3_600_000;
  assert.equal(now() - before, 3_600_000);
  times.steady += 10;
  times.wall += 10;
  assert.equal(now() - before, 3_600_010);
});

test("a wall clock that is set back turns nothing back", () => {
  const { times, now } = clocks();
  const before = now();
  times.wall -= 3_600_000;
  times.steady += 5;
  assert.equal(now() - before, 5);
});

test("the wall clock's small errors don't add up", () => {
  const { times, now } = clocks();
  const before = now();
  for (let tick = 0; tick < 1000; tick += 1) {
    times.steady += 0.3;
    times.wall += tick % 3 === 0 ? 1 : 0;
    now();
  }
  assert.ok(Math.abs(now() - before - 300) < 0.001);
});

const DAY = 86_400_000;

test("a timer lasts longer than a browser's can", () => {
  const clock = new FakeClock();
  const fired = [];
  longTimers(clock).setTimeout(() => fired.push(clock.time), 100 * DAY);
  const began = clock.time;
  clock.advance(99 * DAY);
  assert.deepEqual(fired, []);
  clock.advance(DAY);
  assert.deepEqual(fired, [began + 100 * DAY]);
});

test("one without end never fires", () => {
  const clock = new FakeClock();
  longTimers(clock).setTimeout(() => assert.fail(), Infinity);
  clock.advance(1000 * DAY);
});

test("it is cleared at whatever part of it", () => {
  const clock = new FakeClock();
  const { setTimeout, clearTimeout } = longTimers(clock);
  const timer = setTimeout(() => assert.fail(), 100 * DAY);
  clock.advance(50 * DAY);
  clearTimeout(timer);
  assert.equal(clock.timers.size, 0);
  clearTimeout(undefined);
});
