/** The desk's requests, and their errors when the server's answer doesn't come. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";

import { fetchCalls, fetchPage, post } from "../../calls/static/calls/api.js";

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
const tokenOf = ({ body }) => body.get("token");
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
  test("is sent as a form, with Django's token and one of its own", async () => {
    answers = [json(202, { call: 1 })];
    assert.deepEqual(await post("calls/", { to: "+1 555" }), { call: 1 });
    const [{ path, method, headers, body }] = requests;
    assert.deepEqual([path, method, body.get("to")], ["calls/", "POST", "+1 555"]);
    assert.match(body.get("token"), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
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
    test(`that ${what} is sent once more, as the same request`, async () => {
      answers = [answer, json(202, { call: 7 })];
      assert.deepEqual(await post("calls/7/answer/"), { call: 7 });
      assert.equal(requests.length, 2);
      assert.equal(tokenOf(requests[0]), tokenOf(requests[1]));
    });

    test(`that ${what} twice may have been done, and is not said to have failed`, async () => {
      answers = [answer, answer, json(202, {})];
      await assert.rejects(post("calls/7/hold/", { on: 1 }), { message: UNKNOWN, status: 0 });
      assert.equal(requests.length, 2);
      await post("calls/7/hold/", { on: 1 });
      assert.equal(tokenOf(requests[2]), tokenOf(requests[0]), "asked again, it is the same request");
    });
  }

  test("that is still being carried out may be asked for again", async () => {
    answers = [silent, json(409, { error: "This is being done." }), json(202, {})];
    await assert.rejects(post("calls/8/answer/"), { message: "This is being done.", status: 0 });
    await post("calls/8/answer/");
    assert.equal(new Set(requests.map(tokenOf)).size, 1);
  });

  test("is a new one after any answer", async () => {
    answers = [json(202, {}), json(409, { error: "bob has this call." }), json(202, {})];
    await post("calls/9/answer/");
    await assert.rejects(post("calls/9/answer/"), { status: 409 });
    await post("calls/9/answer/");
    assert.equal(new Set(requests.map(tokenOf)).size, 3);
  });

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
    answers = [failed, silent, brokenOff, page(502), json(200, { calls: ["a"], next: "c2" })];
    const errors = [];
    assert.deepEqual(await fetchCalls(new AbortController().signal, (error) => errors.push(error)), { calls: ["a"], next: "c2" });
    assert.deepEqual(new Set(errors.map((error) => error.message)), new Set(["The calls can't be fetched, trying again."]));
    assert.equal(errors.length, 4);
  });
});

describe("a page of the history", () => {
  test("is asked for with the search and the cursor", async () => {
    answers = [json(200, { calls: [], next: "c3" })];
    assert.deepEqual(await fetchPage({ q: "+1 555", before: "c2" }), { calls: [], next: "c3" });
    assert.equal(requests[0].path, "calls/?q=%2B1+555&before=c2");
  });

  test("that doesn't come is an error in words", async () => {
    answers = [failed];
    await assert.rejects(fetchPage({}), { message: /can't be shown/ });
  });
});
