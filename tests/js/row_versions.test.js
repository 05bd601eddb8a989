/** What a page remembers of the rows that it has had events of. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { RowVersions } from "../../realtime/static/realtime/row_versions.js";

test("an event that is older than one of the same row is not taken", () => {
  const versions = new RowVersions();
  const events = [["task-7", 20], ["task-7", 19], ["task-8", 19], ["task-7", 20], ["task-7", 21], ["task-7", 20]];
  assert.deepEqual(events.map((event) => versions.take(...event)), [true, false, true, true, true, false]);
});
