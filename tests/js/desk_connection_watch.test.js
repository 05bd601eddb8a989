/** What the desk says of its connection. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { ConnectionWatch } from "../../calls/static/calls/connection_watch.js";
import { RealtimeClient } from "../../realtime/static/realtime/index.js";
import { fakeEnvironment } from "./fakes.js";

function watched() {
  const it = fakeEnvironment();
  const client = new RealtimeClient("/realtime/", { ...it.options, me: "user.1" });
  const news = [];
  let lost = 0;
  const watch = new ConnectionWatch(client, client.subscribe("me"), {
    lost: () => (lost += 1),
    changed: (sentence) => sentence && news.push(sentence),
    now: it.clock.now,
  });
  const open = () => {
    it.last().open();
    it.last().welcome({ me: "user.1" });
  };
  return { ...it, watch, news, lost: () => lost, open };
}

test("a connection that is lost and comes back is news, the first one isn't", () => {
  const it = watched();
  it.open();
  assert.deepEqual([it.watch.isOpen, it.watch.trouble, it.news], [true, "", []]);
  it.last().end();
  assert.match(it.watch.trouble, /^Connection lost, trying again/);
  assert.deepEqual([it.lost(), it.watch.title, it.news.length], [1, "Connection lost", 1]);
  it.clock.advance(1000);
  it.open();
  assert.deepEqual([it.news.at(-1), it.watch.trouble], ["Connected again", ""]);
});

test("a stream that the server has ended is trouble on an open connection", () => {
  const it = watched();
  it.open();
  const { ref } = it.last().frames("subscribe")[0];
  it.last().frame({ type: "subscribed", ref, stream: "user.1", epoch: "e", offset: 1, recovered: false });
  it.last().frame({ type: "unsubscribed", stream: "user.1", reason: "forbidden" });
  assert.deepEqual([it.watch.isOpen, it.watch.title], [true, "No calls"]);
});
