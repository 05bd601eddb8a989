import assert from "node:assert/strict";
import { test } from "node:test";

import { sleepAwareClock } from "../../realtime/static/realtime/environment.js";

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
