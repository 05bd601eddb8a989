/** The rules of presence: the vectors that `presence.py` passes. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { Presence } from "../../realtime/static/realtime/protocol/presence.js";

const read = (path) => readFileSync(new URL(path, import.meta.url), "utf8");
const members = (rows = []) => rows.map(([user, meta, since]) => ({ user, meta, since }));
const changes = ({ join, leave, update }) => ({
  join: members(join), leave: members(leave), update: members(update),
});

for (const { name, steps } of JSON.parse(read("../vectors/presence.json"))) {
  test(name, () => {
    const presence = new Presence();
    for (const step of steps) {
      const taken = step.replace
        ? presence.replace(members(step.replace), step.offset)
        : presence.apply(changes(step.apply), step.offset);
      const story = JSON.stringify(step);
      assert.deepEqual(taken, changes(step), story);
      if (step.members) assert.deepEqual(presence.members, members(step.members), story);
    }
  });
}
