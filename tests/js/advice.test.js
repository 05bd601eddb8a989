/** What the console says to the author of a page that gets nothing. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";

import { RealtimeClient } from "../../realtime/static/realtime/index.js";
import { fakeEnvironment } from "./fakes.js";

let warn;
beforeEach(() => {
  warn = mock.method(console, "warn", () => {});
});
afterEach(() => mock.restoreAll());

/** Let time pass until the client tries again. */
function nextAttempt({ clock, made }) {
  for (const before = made.length; made.length === before; ) clock.advance(100);
}

const said = () => warn.mock.calls.map(({ arguments: [text] }) => text);

function refused(code, handler) {
  const { options, last } = fakeEnvironment();
  const client = new RealtimeClient("/realtime/", options);
  if (handler) client.on("state", handler);
  last().open();
  last().frame({ type: "bye", code, reason: "no", retry: false });
  return client;
}

describe("an end that nobody handles", () => {
  for (const [code, sentence] of [
    [4500, /its log has the traceback/],
    [4501, /no signed-in user.*session cookie.*SESSION_COOKIE_SECURE/],
    [4502, /Reload the page/],
    [4503, /older or newer than the server/],
    [4504, /was logged out/],
    [4505, /MAX_SOCKETS_PER_USER/],
    [4506, /application ended/],
    [4599, /Close code 4599 no/],
  ]) {
    test(`${code}`, () => {
      assert.equal(refused(code).state, "closed");
      assert.equal(said().length, 1);
      assert.match(said()[0], /^realtime: no connection to wss:\/\/site\.example\/realtime\//);
      assert.match(said()[0], sentence);
    });
  }

  test("a page that handles it is left in peace", () => {
    refused(4501, () => {});
    assert.deepEqual(said(), []);
  });

  test("a page that closes by itself is left in peace", () => {
    const { options } = fakeEnvironment();
    new RealtimeClient("/realtime/", options).close();
    assert.deepEqual(said(), []);
  });
});

test("a server that sends the page away for a while is no mistake of its author", () => {
  const it = fakeEnvironment();
  new RealtimeClient("/realtime/", it.options);
  for (let attempt = 0; attempt < 6; attempt += 1) {
    it.last().open();
    it.last().frame({ type: "bye", code: 4430, reason: "no", retry: true, after: 1000 });
    nextAttempt(it);
  }
  assert.deepEqual(said(), []);
});

test("three attempts in a row that fail are said once, with what to look at", () => {
  const it = fakeEnvironment();
  new RealtimeClient("/realtime/", it.options);
  for (let attempt = 0; attempt < 6; attempt += 1) {
    assert.equal(said().length, attempt < 3 ? 0 : 1);
    it.last().end(1006);
    nextAttempt(it);
  }
  assert.match(said()[0], /3 attempts .*asgi\.py.*daphne.*INSTALLED_APPS.*origin/);
});

test("a server that was there before has no mistake in its asgi.py", () => {
  const it = fakeEnvironment();
  new RealtimeClient("/realtime/", it.options);
  it.last().open();
  it.last().welcome();
  for (let attempt = 0; attempt < 4; attempt += 1) {
    it.last().end(1006);
    nextAttempt(it);
  }
  assert.equal(said().length, 1);
  assert.match(said()[0], /3 attempts .*does the server run/);
  assert.doesNotMatch(said()[0], /asgi\.py/);
});

test("a connection that worked in between begins the count again", () => {
  const it = fakeEnvironment();
  new RealtimeClient("/realtime/", it.options);
  for (let attempt = 0; attempt < 6; attempt += 1) {
    if (attempt % 2) {
      it.last().open();
      it.last().welcome();
    }
    it.last().end(1006);
    nextAttempt(it);
  }
  assert.deepEqual(said(), []);
});

test("a tag that stands twice on a page is said", () => {
  const { options, page } = fakeEnvironment();
  page.config = '{"url": "/realtime/"}';
  page.tags = 2;
  new RealtimeClient(undefined, options);
  assert.match(said()[0], /more than once/);
});
