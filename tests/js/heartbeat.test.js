/** The rules of the heartbeat: the vectors that `heartbeat.py` passes. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { Heartbeat } from "../../realtime/static/realtime/protocol/heartbeat.js";

const VECTORS = JSON.parse(readFileSync(new URL("../vectors/heartbeat.json", import.meta.url), "utf8"));

for (const vector of VECTORS) {
  test(vector.name, () => {
    const { role, interval, timeout, now, jitter } = vector;
    const heartbeat = new Heartbeat(role, interval, timeout, { now, jitter });
    for (const step of vector.steps) {
      const which = JSON.stringify(step);
      if ("wake" in step) assert.equal(heartbeat.wake(step.wake), step.verdict, which);
      if ("ping" in step) heartbeat.ping(step.ping, step.now);
      if ("received" in step) heartbeat.received(step.received);
      if ("moving" in step) heartbeat.moving(step.moving);
      if ("pong" in step) assert.equal(heartbeat.pong(step.pong, step.now), step.latency, which);
      if ("wake_at" in step) assert.equal(heartbeat.wakeAt, step.wake_at, which);
    }
  });
}
