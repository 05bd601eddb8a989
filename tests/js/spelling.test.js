/** How a path is spelled for Firefox, which holds back connections to one that failed. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { HeartbeatSocket, RealtimeClient } from "../../realtime/static/realtime/index.js";
import { variedPath } from "../../realtime/static/realtime/spelling.js";
import { fakeEnvironment } from "./fakes.js";

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const OTHERS = {
  Chromium: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
  "Firefox for iOS": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/140.0 Mobile/15E148 Safari/605.1.15",
};

function browser(userAgent) {
  const it = fakeEnvironment();
  const environment = { ...it.options.environment, navigator: { userAgent } };
  return { ...it, options: { ...it.options, environment } };
}

const paths = (made) => made.map(({ url }) => new URL(url).pathname);

describe("in Firefox", () => {
  test("an attempt without an answer is made again immediately, under another spelling", () => {
    const { options, clock, made } = browser(FIREFOX);
    const socket = new HeartbeatSocket("ws://server/realtime/?room=7", [], options);
    clock.advance(8000);
    assert.deepEqual(made.map(({ url }) => url), ["ws://server/realtime/?room=7", "ws://server/realtim%65/?room=7"]);
    assert.equal(socket.url, "ws://server/realtime/?room=7");
  });

  test("each further one that is not answered has a spelling of its own, after the usual wait", () => {
    const { options, clock, made } = browser(FIREFOX);
    new HeartbeatSocket("ws://server/realtime/", [], options);
    clock.advance(8000);
    clock.advance(8000);
    assert.equal(made.length, 2);
    clock.advance(3_600_000);
    assert.ok(made.length > 100);
    assert.equal(new Set(paths(made)).size, made.length);
    for (const path of paths(made)) assert.equal(decodeURIComponent(path), "/realtime/");
  });

  test("a refused spelling is followed by the page's own, which some proxy may want", () => {
    const { options, clock, made, last } = browser(FIREFOX);
    new HeartbeatSocket("ws://server/realtime/", [], options);
    clock.advance(8000);
    last().end();
    clock.advance(20_000 - 8000);
    assert.equal(paths(made)[2], "/realtime/");
  });

  test("refused attempts are no reason", () => {
    const { options, clock, made, last } = browser(FIREFOX);
    new HeartbeatSocket("ws://server/realtime/", [], options);
    for (let attempt = 0; attempt < 5; attempt += 1) {
      last().end();
      clock.advance(7999);
    }
    assert.deepEqual(new Set(paths(made)), new Set(["/realtime/"]));
  });

  test("a server that accepts and says nothing has not been held back", () => {
    const { options, clock, made, last } = browser(FIREFOX);
    new HeartbeatSocket("ws://server/realtime/", [], { ...options, expectWelcome: true });
    last().open();
    clock.advance(8250);
    assert.deepEqual(paths(made), ["/realtime/", "/realtime/"]);
  });

  test("a client's relative url, too", () => {
    const { options, clock, last } = browser(FIREFOX);
    new RealtimeClient("/realtime/", options);
    clock.advance(8000);
    assert.equal(last().url, "wss://site.example/realtim%65/");
  });
});

for (const [name, userAgent] of Object.entries(OTHERS)) {
  test(`${name} holds nothing back: the page's spelling, and the usual wait`, () => {
    const { options, clock, made } = browser(userAgent);
    new HeartbeatSocket("ws://server/realtime/", [], options);
    clock.advance(8249);
    assert.equal(made.length, 1);
    clock.advance(600_000);
    assert.deepEqual(new Set(paths(made)), new Set(["/realtime/"]));
  });
}

test("letters and digits are encoded from the end, and nothing else", () => {
  assert.equal(variedPath("/ws/room-7/", 1), "/ws/room-%37/");
  assert.equal(variedPath("/ws/room-7/", 2), "/ws/roo%6d-7/");
  assert.equal(variedPath("/ws/room-7/", 3), "/ws/roo%6d-%37/");
  assert.equal(variedPath("/caf%C3%A9/", 1), "/ca%66%C3%A9/");
  assert.equal(variedPath("/ws/", 4), "/w%73/", "after all spellings, the first one");
  assert.equal(variedPath("/", 1), "/");
});
