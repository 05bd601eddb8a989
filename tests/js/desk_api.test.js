/** The desk's requests, and their errors when the server's answer doesn't come. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";

import { fetchCalls, post } from "../../calls/static/calls/api.js";

const UNKNOWN = /isn't known/;
let requests;
let answers;

/** Plays the network: each request takes the next answer, a function of its options. */
beforeEach(() => {
  requests = [];
  answers = [];
  globalThis.document = { querySelector: () => ({ value: "token" }) };
  mock.method(globalThis, "fetch", async (path, options) => {
    requests.push({ path, ...options });
    return answers.shift()(options);
  });
  mock.method(AbortSignal, "timeout", () => {
    const controller = new AbortController();
    queueMicrotask(() => setImmediate(() => controller.abort(new DOMException("", "TimeoutError"))));
    return controller.signal;
  });
});
afterEach(() => mock.restoreAll());

const json = (status, body) => () => new Response(JSON.stringify(body), { status });
const page = (status) => () => new Response("<h1>Gateway</h1>", { status });
const failed = () => Promise.reject(new TypeError("fetch failed"));
const silent = ({ signal }) =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
const brokenOff = ({ signal }) => {
  const body = new ReadableStream({
    start: (stream) => signal.addEventListener("abort", () => stream.error(signal.reason)),
  });
  return new Response(body, { status: 202 });
};

describe("a request", () => {
  test("is sent as a form, with the token", async () => {
    answers = [json(202, { call: 1 })];
    assert.deepEqual(await post("calls/", { to: "+1 555" }), { call: 1 });
    const [{ path, method, headers, body }] = requests;
    assert.deepEqual([path, method, String(body)], ["calls/", "POST", "to=%2B1+555"]);
    assert.equal(headers["X-CSRFToken"], "token");
  });

  const unknownOutcomes = {
    "is not answered in time": silent,
    "is not answered to the end": brokenOff,
    "fails on the way": failed,
    "is answered by a proxy": page(504),
    "is answered by a failure": page(500),
    "is answered by something else than the desk": page(200),
  };
  for (const [what, answer] of Object.entries(unknownOutcomes)) {
    test(`that ${what} may have been done: it is not sent again, nor said to have failed`, async () => {
      answers = [answer, json(202, {})];
      await assert.rejects(post("calls/7/answer/"), { message: UNKNOWN, status: 0 });
      assert.equal(requests.length, 1);
    });
  }

  test("that is refused shows the server's own sentence", async () => {
    answers = [json(409, { error: "bob has this call." }), json(502, { error: "Twilio is away." })];
    await assert.rejects(post("calls/7/answer/"), { message: "bob has this call.", status: 409 });
    await assert.rejects(post("calls/7/answer/"), { message: "Twilio is away.", status: 502 });
  });

  test("that is refused without a sentence was not done", async () => {
    answers = [page(403)];
    await assert.rejects(post("calls/7/answer/"), { message: "The server refused that (403).", status: 403 });
  });
});

describe("the list of calls", () => {
  const skip = !AbortSignal.any && "this version of node has no AbortSignal.any";
  test("is fetched until it comes, and each failure is reported", { skip }, async () => {
    mock.method(globalThis, "setTimeout", (callback) => setImmediate(callback));
    answers = [failed, silent, brokenOff, page(502), json(200, { calls: ["a"] })];
    const errors = [];
    assert.deepEqual(await fetchCalls(new AbortController().signal, (error) => errors.push(error)), ["a"]);
    assert.deepEqual(new Set(errors.map((error) => error.message)), new Set(["The calls can't be fetched, trying again."]));
    assert.equal(errors.length, 4);
  });
});
