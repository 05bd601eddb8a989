import assert from "node:assert/strict";
import { test } from "node:test";

import { reconnectDelay } from "../../realtime/static/realtime/protocol/backoff.js";

test("the ceiling doubles from 500 ms to 20 s, and the delay is drawn below it", () => {
  const ceilings = [1, 2, 3, 4, 5, 6, 7, 8].map((retry) => reconnectDelay(retry, 1));
  assert.deepEqual(ceilings, [500, 1000, 2000, 4000, 8000, 16000, 20000, 20000]);
  assert.equal(reconnectDelay(3, 0), 0);
  assert.equal(reconnectDelay(3, 0.25), 500);
});

test("after very many retries it is still 20 s", () => {
  assert.equal(reconnectDelay(5000, 1), 20000);
});

test("a least delay is kept, and still drawn for each attempt", () => {
  const bounds = { minReconnectionDelay: 1000, reconnectionDelayGrowFactor: 1.5, maxReconnectionDelay: 2000 };
  assert.equal(reconnectDelay(1, 0, bounds), 1000);
  assert.equal(reconnectDelay(1, 1, bounds), 1500);
  assert.equal(reconnectDelay(9, 0, bounds), 1000);
  assert.equal(reconnectDelay(9, 1, bounds), 2000);
});

test("the greatest delay wins over the least", () => {
  assert.equal(reconnectDelay(1, 0.5, { minReconnectionDelay: 3000, maxReconnectionDelay: 100 }), 100);
});

test("a least delay of 0 is none: attempts would follow each other without a pause", () => {
  assert.equal(reconnectDelay(1, 1, { minReconnectionDelay: 0 }), 500);
});

test("no delay is longer than a timer can be", () => {
  assert.equal(reconnectDelay(99, 1, { maxReconnectionDelay: Infinity }), 2 ** 31 - 1);
});
