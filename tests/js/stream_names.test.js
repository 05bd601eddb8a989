import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { userStreamName } from "../../realtime/static/realtime/index.js";
import { plainName } from "../../realtime/static/realtime/protocol/stream_names.js";

const vectors = (name) => JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), "utf8"));
const VECTORS = vectors("stream_names");
const hasHash = ({ name }) => name.startsWith("user-.") && name.includes("_");

test("the names of users are those of the server", () => {
  const short = VECTORS.filter((vector) => !hasHash(vector));
  assert.deepEqual(short.map(({ pk }) => ({ pk, name: userStreamName(pk) })), short);
});

test("a number is named by its digits", () => {
  assert.equal(userStreamName(42), "user.42");
  assert.equal(userStreamName(9223372036854775807n), "user.9223372036854775807");
});

test("what only the server can name says what to do", () => {
  const long = VECTORS.filter(hasHash);
  assert.ok(long.length > 3);
  for (const { pk } of long) assert.throws(() => userStreamName(pk), /^RangeError: .*use "me"/);
});

test("the plain name is what is before the mark of a signed one", () => {
  const signed = vectors("signed_names");
  assert.deepEqual(signed.map(({ text }) => plainName(text)), signed.map(({ plain }) => plain));
});
