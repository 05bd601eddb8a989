/** What a page fetches again, and the events that come meanwhile. */

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { MAX_DELAY } from "../../realtime/static/realtime/protocol/backoff.js";
import { Refetch } from "../../realtime/static/realtime/refetch.js";
import { fakeEnvironment, settled } from "./fakes.js";

let reported;
beforeEach(() => {
  reported = [];
  globalThis.reportError = (error) => reported.push(error.message);
});

/** A page that notes what is done; the test answers its fetches. */
function page() {
  const { clock, options } = fakeEnvironment();
  const seen = [];
  const fetches = [];
  const refetch = new Refetch(
    () => new Promise((resolve, reject) => fetches.push({ shows: (what) => resolve(() => seen.push(what)), fails: reject })),
    (event) => {
      if (event === "bad") throw new Error("bad event");
      seen.push(event);
    },
    options.environment,
  );
  return { refetch, seen, fetches, clock };
}

test("events that come during a fetch are applied to what it shows", async () => {
  const { refetch, seen, fetches } = page();
  refetch.take(1);
  refetch.start();
  refetch.take(2);
  assert.deepEqual(seen, [1]);
  fetches[0].shows("page");
  await settled();
  refetch.take(3);
  assert.deepEqual(seen, [1, "page", 2, 3]);
});

test("what is asked for during a fetch is fetched after it, once", async () => {
  const { refetch, seen, fetches } = page();
  for (let times = 0; times < 3; times += 1) refetch.start();
  assert.equal(fetches.length, 1);
  refetch.take(1);
  fetches[0].shows("first");
  await settled();
  refetch.take(2);
  assert.equal(fetches.length, 2);
  fetches[1].shows("second");
  await settled();
  assert.deepEqual([seen, fetches.length], [["first", 1, "second", 2], 2]);
});

test("a fetch that fails is repeated, with pauses that grow, and events go on", async () => {
  const { refetch, seen, fetches, clock } = page();
  refetch.start();
  for (let failures = 1; failures <= 10; failures += 1) {
    refetch.take(failures);
    fetches.at(-1).fails(new Error("away"));
    await settled();
    clock.advance(MAX_DELAY);
    assert.equal(fetches.length, failures + 1);
  }
  fetches.at(-1).shows("page");
  await settled();
  clock.advance(10 * MAX_DELAY);
  assert.deepEqual(seen, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, "page"]);
  assert.deepEqual([fetches.length, reported], [11, Array(10).fill("away")]);
});

test("an event that can't be applied stops no other", async () => {
  const { refetch, seen, fetches } = page();
  refetch.start();
  for (const event of ["bad", 1]) refetch.take(event);
  fetches[0].shows("page");
  await settled();
  refetch.take("bad");
  assert.deepEqual([seen, reported], [["page", 1], ["bad event", "bad event"]]);
});

test("nothing is shown after the end, and nothing is tried again", async () => {
  for (const end of ["shows", "fails"]) {
    const { refetch, seen, fetches, clock } = page();
    refetch.start();
    refetch.take(1);
    refetch.stop();
    fetches[0][end](new Error("away"));
    await settled();
    clock.advance(10 * MAX_DELAY);
    refetch.start();
    assert.deepEqual([seen, fetches.length], [[], 1]);
  }
});
