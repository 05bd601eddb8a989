import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { REASONS, mayReconnect } from "../../realtime/static/realtime/protocol/close_codes.js";

const VECTORS = JSON.parse(readFileSync(new URL("../vectors/close_codes.json", import.meta.url), "utf8"));

test("the table", () => {
  assert.deepEqual({ ...REASONS }, VECTORS.reasons);
});

test("who may come back", () => {
  const answers = Object.keys(VECTORS.may_reconnect).map((code) => [code, mayReconnect(Number(code))]);
  assert.deepEqual(Object.fromEntries(answers), VECTORS.may_reconnect);
});
