/** The ring tone: a double ring with silence between. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { ringSamples } from "../../calls/static/calls/ring_tone.js";

const RATE = 8000;
const samples = ringSamples(RATE);

function loudest(from, to) {
  return samples.slice(from * RATE, to * RATE).reduce((most, now) => Math.max(most, Math.abs(now)), 0);
}

test("rings twice, then pauses, in a cycle of three seconds", () => {
  assert.equal(samples.length, 3 * RATE);
  assert.ok(loudest(0, 0.4) > 0.1);
  assert.equal(loudest(0.4, 0.6), 0);
  assert.ok(loudest(0.6, 1) > 0.1);
  assert.equal(loudest(1, 3), 0);
});

test("begins and ends each ring softly, without a click", () => {
  for (const edge of [0, 0.39875, 0.6, 0.99875]) assert.ok(loudest(edge, edge + 0.001) < 0.03);
});
