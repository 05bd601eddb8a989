/** What is wrong in the package, shown in it, and absent here. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";

import ws from "ws";

import HeartbeatSocket from "../../../realtime/static/realtime/index.js";
import { differ, emitted, happens, next, only, pause, until } from "./contenders.js";
import { Server } from "./server.js";

const OURS = new URL("../../../realtime/static/realtime/index.js", import.meta.url);

/** Whether `reconnect()` still makes a connection; a lock that is never released forbids it. */
async function usable(socket) {
  const opens = emitted(socket, ["open"]);
  socket.reconnect();
  return happens(() => opens.length > 0);
}

const REPAIRED = { theirs: false, ours: true };

differ(
  "usable after a close() that came early",
  async (make, server) => {
    const socket = make(() => server.url());
    socket.close();
    await pause(20);
    return usable(socket);
  },
  REPAIRED,
);

differ(
  "an early close() is reported, and readyState is CLOSED",
  async (make, server) => {
    const socket = make(() => server.url());
    const closes = emitted(socket, ["close"]);
    socket.close();
    await pause();
    return [closes.length, socket.readyState];
  },
  { theirs: [0, 0], ours: [1, 3] },
);

differ(
  "usable after a close() while it waited",
  async (make, server) => {
    const socket = make(server.url());
    await next(socket, "open");
    server.last.close();
    await next(socket, "close");
    socket.close();
    await pause(40);
    return usable(socket);
  },
  REPAIRED,
);

differ(
  "usable after the last retry",
  async (make, server) => {
    let path = "/refuse";
    const socket = make(() => server.url(path), [], { maxRetries: 0 });
    await next(socket, "error");
    await pause(20);
    path = "/";
    return usable(socket);
  },
  REPAIRED,
);

/** What nobody caught while `body` ran, where node:test would count it as a failure. */
async function uncaught(body) {
  const kept = process.listeners("unhandledRejection");
  const rejections = [];
  process.removeAllListeners("unhandledRejection");
  process.on("unhandledRejection", (error) => rejections.push(error.message));
  try {
    await body();
    await pause(20);
  } finally {
    process.removeAllListeners("unhandledRejection");
    for (const listener of kept) process.on("unhandledRejection", listener);
  }
  return rejections;
}

differ(
  "a url function that fails: reported, and called again",
  async (make, server) => {
    let fails = true;
    let socket;
    let errors;
    const rejections = await uncaught(async () => {
      socket = make(() => (fails ? Promise.reject(new Error("no token")) : server.url()));
      errors = emitted(socket, ["error"], ({ message }) => message);
      await pause(20);
      fails = false;
      await pause(100);
    });
    return { rejections, reported: errors.slice(0, 1), usable: await usable(socket) };
  },
  {
    theirs: { rejections: ["no token"], reported: [], usable: false },
    ours: { rejections: [], reported: ["no token"], usable: true },
  },
);

differ(
  "a url that is none: the page's mistake, which throws",
  async (make) => {
    let thrown = "";
    const rejections = await uncaught(async () => {
      try {
        make("not a url");
      } catch (error) {
        thrown = error.name;
      }
      await pause(20);
    });
    return [thrown, rejections.length];
  },
  { WebSocket: ["SyntaxError", 0], theirs: ["", 1], ours: ["SyntaxError", 0] },
);

differ(
  "close() doesn't wait for an event that doesn't come",
  async (make, server) => {
    const socket = make(server.url());
    await next(socket, "open");
    server.last.pause(); // It will never read the closing frame.
    const closes = emitted(socket, ["close"]);
    socket.close();
    return [await happens(() => closes.length === 1, 200), socket.readyState];
  },
  { WebSocket: [false, 2], theirs: [false, 2], ours: [true, 3] },
);

differ(
  "reconnect() with a code that isn't allowed leaves no second connection",
  async (make, server) => {
    const socket = make(server.url());
    await next(socket, "open");
    let thrown = false;
    try {
      socket.reconnect(999);
    } catch {
      thrown = true;
    }
    await pause();
    const open = server.sockets.filter(({ readyState }) => readyState === 1);
    for (const one of open) one.terminate();
    return [thrown, open.length];
  },
  { theirs: [false, 2], ours: [true, 1] },
);

differ(
  "a server that has fallen silent is noticed, and the heartbeat kept from the page",
  async (make, server) => {
    const socket = make(server.url(), [], { maxRetries: 0 });
    const messages = emitted(socket, ["message"]);
    const closes = emitted(socket, ["close"], ({ code }) => code);
    await next(socket, "open");
    const heartbeat = { interval: 0.05, timeout: 0.05 };
    server.last.send(JSON.stringify({ type: "welcome", version: 1, heartbeat }));
    server.last.pause();
    await happens(() => closes.length === 1);
    return { messages: messages.length, closes, readyState: socket.readyState };
  },
  {
    theirs: { messages: 1, closes: [], readyState: 1 },
    ours: { messages: 0, closes: [4408], readyState: 3 },
  },
);

only("an ending that isn't allowed changes nothing", async (make, server) => {
  const socket = make(server.url());
  await next(socket, "open");
  for (const [code, name] of [[999, "InvalidAccessError"], [1001, "InvalidAccessError"]]) {
    assert.throws(() => socket.reconnect(code), { name });
    assert.throws(() => socket.close(code), { name });
  }
  assert.throws(() => socket.close(1000, "ü".repeat(62)), { name: "SyntaxError" });
  socket.send("still there");
  assert.equal((await next(socket, "message")).data, "still there");
});

only("a url that is missing is named", async (make) => {
  assert.throws(() => make(undefined), { name: "TypeError", message: /undefined/ });
  const { message } = await next(make(async () => null, [], { maxRetries: 0 }), "error");
  assert.match(message, /null/);
});

for (const [from, status] of [["reconnecting-websocket", 1], [OURS.href, 0]]) {
  test(`an unanswered attempt of ws: the process ends with ${status}`, () => {
    const script = `
      import { createServer } from "node:net";
      import ws from "ws";
      import Socket from ${JSON.stringify(from)};
      const server = createServer(() => {}).listen(0, "127.0.0.1", () => {
        const options = { WebSocket: ws, connectionTimeout: 20, maxRetries: 0 };
        new Socket("ws://127.0.0.1:" + server.address().port, [], options);
        setTimeout(() => process.exit(), 100);
      });`;
    const child = ["--input-type=module", "--eval", script];
    const cwd = new URL(".", import.meta.url);
    assert.equal(spawnSync(process.execPath, child, { cwd, timeout: 5000 }).status, status);
  });
}

test("a socket of ws that is given up emits nothing more", { timeout: 5000 }, async () => {
  const server = await new Server().start();
  const options = { WebSocket: ws, connectionTimeout: 200, maxRetries: 0 };
  const socket = new HeartbeatSocket(server.url("/mute"), [], options);
  await next(socket, "close");
  const before = server.attempts;
  socket.reconnect();
  await until(() => server.attempts > before);
  socket.reconnect();
  socket.close();
  await pause();
  server.stop();
});

test("a failed attempt of ws says why", { timeout: 5000 }, async () => {
  const server = await new Server().start();
  const url = server.url();
  server.stop();
  const socket = new HeartbeatSocket(url, [], { WebSocket: ws, maxRetries: 0 });
  assert.match((await next(socket, "error")).message, /ECONNREFUSED/);
});
