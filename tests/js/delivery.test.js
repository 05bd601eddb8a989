/** The rules of delivery: the vectors that `delivery.py` passes, and their bounds. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { Delivery, MAX_AHEAD, MAX_EPHEMERAL } from "../../realtime/static/realtime/protocol/delivery.js";

const read = (path) => readFileSync(new URL(path, import.meta.url), "utf8");
const at = ([epoch, offset]) => ({ epoch, offset });

/** What a step has handed out; a read of the log is taken event by event. */
function taken(delivery, step) {
  if ("take" in step) return delivery.take(...step.take);
  if ("read" in step) return step.read.flatMap(([offset, event]) => delivery.take(offset, event));
  if ("ephemeral" in step) return delivery.ephemeral(step.ephemeral);
  if ("reset" in step) return delivery.reset(at(step.reset));
  return delivery.checked(step.checked);
}

for (const { name, position, steps } of JSON.parse(read("../vectors/delivery.json"))) {
  test(name, () => {
    const delivery = new Delivery(at(position));
    for (const step of steps) {
      const story = JSON.stringify(step);
      assert.deepEqual(taken(delivery, step), step.handed_out ?? [], story);
      if ("has_hole" in step) assert.equal(delivery.hasHole, step.has_hole, story);
      if ("position" in step) assert.equal(delivery.position.offset, step.position, story);
    }
  });
}

test("what waits is bounded", () => {
  const delivery = new Delivery({ epoch: "e", offset: 0 });
  for (let offset = 2; offset < MAX_AHEAD + 50; offset += 1) delivery.take(offset, offset);
  for (let number = 0; number < MAX_EPHEMERAL + 5; number += 1) delivery.ephemeral(`x${number}`);
  assert.equal(delivery.take(1, 1).length, MAX_AHEAD + 1);
  assert.ok(delivery.hasHole);
  const rest = [];
  for (let offset = MAX_AHEAD + 2; offset < MAX_AHEAD + 50; offset += 1) {
    rest.push(...delivery.take(offset, offset));
  }
  const ephemeral = rest.filter((event) => typeof event === "string");
  assert.deepEqual([ephemeral.length, ephemeral[0]], [MAX_EPHEMERAL, "x5"]);
});
