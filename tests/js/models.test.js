/** The rows of a model that a page keeps. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";

import { asServed } from "./as_served.js";
import { fakeEnvironment, settled } from "./fakes.js";

const served = asServed("models");
const { RealtimeClient } = await import(join(served, "index.js"));
const { followRows } = await import(join(served, "models.js"));

/** A page that follows the tasks of room.7; the server has `fetched`. */
function following(options = {}) {
  const it = fakeEnvironment();
  const client = new RealtimeClient("/realtime/", it.options);
  const fetched = [];
  const changes = [];
  const changed = (rows) => changes.push([...rows].join(" "));
  const { rows, stop } = followRows(client, "room.7", "task", { fetch: async () => [...fetched], changed, ...options });
  it.last().open();
  it.last().welcome();
  let offset = 0;
  const begin = () => {
    const { ref } = it.last().frames("subscribe").at(-1);
    it.last().frame({ type: "subscribed", ref, stream: "room.7", epoch: "e", offset, recovered: false });
  };
  const event = (what, data) =>
    it.last().frame({ type: "event", stream: "room.7", offset: ++offset, id: "i", name: `task.${what}`, data, at: 1 });
  const reset = () => it.last().frame({ type: "reset", stream: "room.7", epoch: "e", offset });
  return { ...it, fetched, changes, rows, stop, begin, event, reset };
}

test("they come from the server first, and change with the events", async () => {
  const it = following();
  it.fetched.push({ pk: 1, row: "Sweep" });
  it.begin();
  await settled();
  it.event("created", { pk: 2, version: 20, row: "Mop" });
  it.event("updated", { pk: 1, version: 21, row: "Sweep again" });
  it.event("deleted", { pk: 2, version: 22 });
  assert.deepEqual(it.changes, ["1,Sweep", "1,Sweep 2,Mop", "1,Sweep again 2,Mop", "1,Sweep again"]);
  assert.deepEqual([...it.rows], [[1, "Sweep again"]]);
});

test("an event that is older than what the page has seen of its row is dropped", async () => {
  const it = following();
  it.begin();
  await settled();
  it.event("updated", { pk: 1, version: 20, row: "new" });
  it.event("updated", { pk: 1, version: 19, row: "old" });
  it.event("deleted", { pk: 2, version: 30 });
  it.event("created", { pk: 2, version: 29, row: "gone" });
  assert.deepEqual([...it.rows], [[1, "new"]]);
  it.event("created", { pk: 2, version: 31, row: "again" });
  it.event("updated", { pk: 2, version: 31, row: "in the same moment" });
  assert.deepEqual([...it.rows], [[1, "new"], [2, "in the same moment"]]);
});

test("they are fetched again when the stream begins again, and late events stay late", async () => {
  const it = following();
  it.begin();
  await settled();
  it.event("updated", { pk: 1, version: 20, row: "new" });
  it.fetched.push({ pk: 1, row: "new" }, { pk: 3, row: "other" });
  it.reset();
  it.event("updated", { pk: 1, version: 19, row: "old" });
  it.event("deleted", { pk: 3, version: 21 });
  await settled();
  assert.deepEqual([...it.rows], [[1, "new"]]);
});

test("rows that come with the page need no fetch", async () => {
  const it = following({ rows: [{ pk: 1, row: "Sweep" }], fetch: () => assert.fail("a fetch") });
  assert.deepEqual([...it.rows], [[1, "Sweep"]]);
});

test("nothing changes after the end", async () => {
  const it = following();
  it.begin();
  await settled();
  it.stop();
  it.event("created", { pk: 1, version: 1, row: "late" });
  assert.deepEqual([...it.rows], []);
  assert.equal(it.last().frames("unsubscribe").length, 1);
});
