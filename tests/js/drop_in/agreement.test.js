/** What a `WebSocket`, the package `reconnecting-websocket` and `HeartbeatSocket` do alike. */

import assert from "node:assert/strict";

import { all, both, emitted, next, pause, until } from "./contenders.js";

const FOUR = ["open", "message", "error", "close"];

all("constants of the class and of each socket", (make, server) => {
  const socket = make(server.url());
  for (const holder of [make.Class, socket]) {
    const { CONNECTING, OPEN, CLOSING, CLOSED } = holder;
    assert.deepEqual([CONNECTING, OPEN, CLOSING, CLOSED], [0, 1, 2, 3]);
  }
});

all("before the connection", (make, server) => {
  const socket = make(server.url());
  const { readyState, protocol, extensions, bufferedAmount } = socket;
  assert.deepEqual([readyState, protocol, extensions, bufferedAmount], [0, "", "", 0]);
  const { onopen, onmessage, onerror, onclose } = socket;
  assert.deepEqual([onopen, onmessage, onerror, onclose], [null, null, null, null]);
});

for (const [form, protocols, chosen] of [
  ["no protocol", undefined, ""],
  ["a protocol", "chat", "chat"],
  ["a list of protocols", ["chat", "other"], "chat"],
  ["an empty list of protocols", [], ""],
]) {
  all(`${form}`, async (make, server) => {
    const socket = make(server.url(), protocols);
    await next(socket, "open");
    assert.equal(socket.protocol, chosen);
    assert.equal(server.last.protocol, chosen);
  });
}

for (const [form, provider] of [
  ["a url", (url) => url],
  ["a function", (url) => () => url],
  ["an async function", (url) => async () => url],
]) {
  both(`${form} as url`, async (make, server) => {
    const socket = make(provider(server.url("/there?token=1")));
    await next(socket, "open");
    assert.equal(server.last.path, "/there?token=1");
    assert.equal(socket.url, server.url("/there?token=1"));
  });
}

both("a function gives the url of each attempt", async (make, server) => {
  let calls = 0;
  const socket = make(async () => server.url(`/${++calls}`));
  for (const path of ["/1", "/2", "/3"]) {
    await next(socket, "open");
    assert.equal(server.last.path, path);
    server.last.close();
  }
});

all("readyState, from the first to the last", async (make, server) => {
  const socket = make(server.url());
  const states = emitted(socket, FOUR, ({ type }) => [type, socket.readyState]);
  assert.equal(socket.readyState, 0);
  await next(socket, "open");
  socket.send("hello");
  await next(socket, "message");
  server.last.close();
  await next(socket, "close");
  assert.deepEqual(states, [["open", 1], ["message", 1], ["close", 3]]);
});

all("what it was can be read in the close event", async (make, server) => {
  const socket = make(server.url("/room"), ["chat"]);
  await next(socket, "open");
  server.last.close();
  await next(socket, "close");
  const { url, protocol, extensions } = socket;
  assert.deepEqual([url, protocol, extensions], [server.url("/room"), "chat", "permessage-deflate"]);
});

both("a url from a function, too", async (make, server) => {
  const socket = make(() => server.url("/room"));
  assert.equal(socket.url, "");
  await next(socket, "open");
  server.last.close();
  await next(socket, "close");
  assert.equal(socket.url, server.url("/room"));
});

both("startClosed waits for reconnect()", async (make, server) => {
  const socket = make(server.url(), [], { startClosed: true });
  socket.close();
  await pause();
  assert.deepEqual([server.attempts, socket.readyState], [0, 3]);
  socket.reconnect();
  await next(socket, "open");
  assert.equal(socket.readyState, 1);
});

all("a handler of each kind", async (make, server) => {
  const socket = make(server.url());
  const calls = [];
  socket.onopen = function (event) {
    calls.push([event.type, this === socket]);
  };
  socket.addEventListener("open", ({ type }) => calls.push([type, "function"]));
  const listener = { handleEvent({ type }) { calls.push([type, this === listener]); } };
  socket.addEventListener("open", listener);
  await next(socket, "open");
  assert.deepEqual(calls, [["open", true], ["open", "function"], ["open", true]]);
});

all("a handler that is taken away", async (make, server) => {
  const socket = make(server.url());
  let calls = 0;
  const count = () => (calls += 1);
  const listener = { handleEvent: count };
  for (const one of [count, listener]) {
    socket.addEventListener("open", one);
    socket.removeEventListener("open", one);
  }
  socket.onopen = count;
  socket.onopen = null;
  await next(socket, "open");
  assert.equal(calls, 0);
});

both("dispatchEvent calls the listeners", (make, server) => {
  const socket = make(server.url(), [], { startClosed: true });
  const events = emitted(socket, ["open"]);
  assert.equal(socket.dispatchEvent(new Event("open")), true);
  assert.deepEqual(events, ["open"]);
});

all("messages of text", async (make, server) => {
  const socket = make(server.url());
  await next(socket, "open");
  socket.send("Grüße");
  const { type, data } = await next(socket, "message");
  assert.deepEqual([type, data], ["message", "Grüße"]);
});

for (const [kind, message] of [
  ["an ArrayBuffer", new Uint8Array([1, 2, 3]).buffer],
  ["a view", new Uint8Array([0, 1, 2, 3]).subarray(1)],
  ["a Blob", new Blob([new Uint8Array([1, 2, 3])])],
]) {
  all(`messages: ${kind}, as ArrayBuffer or Blob, even after a change`, async (make, server) => {
    const socket = make(server.url());
    socket.binaryType = "arraybuffer";
    await next(socket, "open");
    assert.equal(socket.binaryType, "arraybuffer");
    socket.send(message);
    const first = (await next(socket, "message")).data;
    assert.deepEqual(new Uint8Array(first), new Uint8Array([1, 2, 3]));
    socket.binaryType = "blob";
    socket.send(message);
    const second = (await next(socket, "message")).data;
    assert.ok(second instanceof Blob);
    assert.equal(second.size, 3);
  });
}

both("binaryType is kept for the next connection", async (make, server) => {
  const socket = make(server.url());
  assert.equal(socket.binaryType, "blob");
  socket.binaryType = "arraybuffer";
  await next(socket, "open");
  server.last.close();
  await next(socket, "open");
  assert.equal(socket.binaryType, "arraybuffer");
  socket.send(new Uint8Array(2));
  assert.ok((await next(socket, "message")).data instanceof ArrayBuffer);
});

both("what is sent too early goes out first, in order, before open", async (make, server) => {
  const socket = make(server.url());
  let queued;
  socket.onopen = () => {
    queued = socket.bufferedAmount;
    socket.send("last");
  };
  socket.send("one");
  socket.send(new ArrayBuffer(4));
  socket.send(new Uint16Array(3));
  socket.send(new Blob(["12"]));
  assert.equal(socket.bufferedAmount, 3 + 4 + 6 + 2);
  await until(() => server.last?.received.length === 5);
  const sizes = server.last.received.map((message) => message.length);
  assert.deepEqual(sizes, [3, 4, 6, 2, 4]);
  assert.deepEqual([server.last.received[0], server.last.received[4]], ["one", "last"]);
  assert.ok(queued < 100, "what is with the native socket may count: frames, not messages");
});

both("maxEnqueuedMessages", async (make, server) => {
  const socket = make(server.url(), [], { maxEnqueuedMessages: 2 });
  for (const message of ["1", "2", "3"]) socket.send(message);
  assert.equal(socket.bufferedAmount, 2);
  await until(() => server.last?.received.length === 2);
  await pause(20);
  assert.deepEqual(server.last.received, ["1", "2"]);
});

both("what is sent after close() goes out after reconnect()", async (make, server) => {
  const socket = make(server.url());
  await next(socket, "open");
  socket.close();
  await next(socket, "close");
  socket.send("late");
  assert.equal(socket.bufferedAmount, 4);
  socket.reconnect();
  await until(() => server.sockets.length === 2 && server.last.received.length === 1);
  assert.deepEqual(server.last.received, ["late"]);
});

all("close(code, reason), on both sides", async (make, server) => {
  const socket = make(server.url());
  await next(socket, "open");
  const events = emitted(socket, FOUR);
  socket.close(4000, "enough");
  socket.close(4001, "too late");
  const { type, code, reason, wasClean } = await next(socket, "close");
  assert.deepEqual([type, code, reason, wasClean], ["close", 4000, "enough", true]);
  assert.deepEqual(await server.last.ending, [4000, "enough"]);
  assert.equal(socket.readyState, 3);
  socket.close();
  await pause();
  assert.deepEqual([events, server.attempts], [["close"], 1]);
});

both("close() says 1000", async (make, server) => {
  const socket = make(server.url());
  await next(socket, "open");
  socket.close();
  const { code, reason } = await next(socket, "close");
  assert.deepEqual([code, reason], [1000, ""]);
  assert.deepEqual(await server.last.ending, [1000, ""]);
});

all("a code that is not allowed throws", async (make, server) => {
  const socket = make(server.url());
  await next(socket, "open");
  assert.throws(() => socket.close(999));
  assert.equal(socket.readyState, 1);
});

for (const [code, reason] of [[1000, ""], [1011, "error"], [4000, "why"], [4499, ""]]) {
  both(`the server closes with ${code}: reported, and back again`, async (make, server) => {
    const socket = make(server.url());
    await next(socket, "open");
    server.last.close(code, reason);
    const event = await next(socket, "close");
    assert.deepEqual([event.code, event.reason, event.wasClean], [code, reason, true]);
    await next(socket, "open");
    assert.equal(server.attempts, 2);
  });
}

all("a connection that breaks is 1006, and not clean", async (make, server) => {
  const socket = make(server.url());
  await next(socket, "open");
  server.last.terminate();
  const { code, reason, wasClean } = await next(socket, "close");
  assert.deepEqual([code, reason, wasClean], [1006, "", false]);
});

both("maxRetries, counted by retryCount", async (make, server) => {
  const socket = make(server.url("/refuse"), [], { maxRetries: 2 });
  assert.equal(socket.retryCount, 0);
  const counts = emitted(socket, ["close"], () => socket.retryCount);
  await until(() => counts.length === 3);
  await pause();
  assert.deepEqual([counts, server.attempts], [[1, 2, 2], 3]);
  assert.equal(socket.readyState, 3);
});

both("minUptime: a connection that held so long starts the count again", async (make, server) => {
  const socket = make(server.url(), [], { minUptime: 150 });
  const counts = emitted(socket, ["close"], () => socket.retryCount);
  for (let connection = 0; connection < 2; connection += 1) {
    await next(socket, "open");
    server.last.close();
  }
  await next(socket, "open");
  assert.equal(socket.retryCount, 2);
  await until(() => socket.retryCount === 0);
  server.last.close();
  await next(socket, "close");
  assert.deepEqual(counts, [1, 2, 1]);
});

both("minReconnectionDelay and maxReconnectionDelay bound each wait", async (make, server) => {
  const bounds = { minReconnectionDelay: 60, reconnectionDelayGrowFactor: 10, maxReconnectionDelay: 90 };
  const socket = make(server.url(), [], bounds);
  await next(socket, "open");
  for (let attempt = 1; attempt <= 2; attempt += 1) {
    server.last.close();
    await next(socket, "close");
    const began = performance.now();
    await next(socket, "open");
    const waited = performance.now() - began;
    assert.ok(waited > 50 && waited < 400, `${waited} ms`);
  }
});

both("connectionTimeout: an attempt that isn't answered is given up", async (make, server) => {
  const socket = make(server.url("/mute"), [], { connectionTimeout: 40 });
  const { message, error } = await next(socket, "error");
  assert.deepEqual([message, error.message], ["TIMEOUT", "TIMEOUT"]);
  await until(() => server.attempts === 2);
});

both("debug writes to the console, and nothing is written without it", async (make, server) => {
  const written = [];
  const { log, debug } = console;
  console.log = console.debug = (...line) => written.push(line);
  try {
    await next(make(server.url()), "open");
    assert.equal(written.length, 0);
    const socket = make(server.url(), [], { debug: true });
    await next(socket, "open");
    assert.ok(written.length > 0);
    socket.close();
    await next(socket, "close");
  } finally {
    Object.assign(console, { log, debug });
  }
});

both("reconnect(code, reason) ends a connection, reports it immediately, and makes another", async (make, server) => {
  const socket = make(server.url());
  await next(socket, "open");
  const first = server.last;
  const closes = emitted(socket, ["close"], ({ code, reason, wasClean }) => [code, reason, wasClean]);
  const open = next(socket, "open");
  socket.reconnect(4000, "new login");
  assert.deepEqual(closes, [[4000, "new login", true]]);
  assert.deepEqual(await first.ending, [4000, "new login"]);
  await open;
  assert.deepEqual([server.attempts, closes.length, socket.retryCount], [2, 1, 0]);
});

both("reconnect() says 1000, and starts the count of retries again", async (make, server) => {
  const socket = make(server.url());
  await next(socket, "open");
  server.last.close();
  await next(socket, "open");
  assert.equal(socket.retryCount, 1);
  const second = server.last;
  const open = next(socket, "open");
  socket.reconnect();
  assert.deepEqual(await second.ending, [1000, ""]);
  await open;
  assert.equal(socket.retryCount, 0);
});

both("reconnect() after close()", async (make, server) => {
  const socket = make(server.url());
  await next(socket, "open");
  socket.close();
  await next(socket, "close");
  socket.reconnect();
  await next(socket, "open");
  assert.equal(socket.readyState, 1);
});

both("a class of one's own on top of it", async (make, server) => {
  class Chat extends make.Class {
    say(text) {
      this.send(JSON.stringify({ text }));
    }
  }
  const chat = new Chat(server.url(), [], { WebSocket: make.Native });
  await next(chat, "open");
  chat.say("hello");
  assert.equal((await next(chat, "message")).data, '{"text":"hello"}');
  chat.close();
});
