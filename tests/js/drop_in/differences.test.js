/** Where `HeartbeatSocket` is not like the package, on purpose; `docs/browser.md` lists the same. */

import assert from "node:assert/strict";

import { differ, emitted, happens, next, pause, until } from "./contenders.js";

const ENDS = ["error", "close"];

/** An event of `ENDS` in one line. */
function line({ type, message, code, reason, wasClean }) {
  return type === "error" ? `error ${message === "TIMEOUT" ? message : ""}`.trim() : `close ${code} ${reason} ${wasClean}`;
}

differ(
  "an attempt that failed: error, then close with 1006, as with WebSocket",
  async (make, server) => {
    const events = emitted(make(server.url("/refuse"), [], { maxRetries: 0 }), ENDS, line);
    await until(() => events.length === 2);
    return events;
  },
  {
    WebSocket: ["error", "close 1006  false"],
    theirs: ["close 1000  true", "error"],
    ours: ["error", "close 1006  false"],
  },
);

differ(
  "an attempt that isn't answered",
  async (make, server) => {
    const options = { connectionTimeout: 20, maxRetries: 0 };
    const events = emitted(make(server.url("/mute"), [], options), ENDS, line);
    await until(() => events.length === 2);
    return events;
  },
  {
    theirs: ["close 1000 timeout true", "error TIMEOUT"],
    ours: ["error TIMEOUT", "close 1006 timeout false"],
  },
);

differ(
  "close() before the connection is made: one event",
  async (make, server) => {
    const socket = make(server.url("/mute"));
    const events = emitted(socket, ENDS, line);
    await until(() => server.attempts === 1);
    socket.close();
    await pause();
    return events;
  },
  {
    WebSocket: ["error", "close 1006  false"],
    theirs: ["close 1000  true", "error"],
    ours: ["close 1000  true"],
  },
);

differ(
  "close() of a connection: readyState then",
  async (make, server) => {
    const socket = make(server.url());
    await next(socket, "open");
    socket.close();
    return socket.readyState;
  },
  { WebSocket: 2, theirs: 2, ours: 3 },
);

differ(
  "close() while it waits is reported",
  async (make, server) => {
    const socket = make(server.url());
    await next(socket, "open");
    server.last.close();
    await next(socket, "close");
    const events = emitted(socket, ENDS, line);
    socket.close();
    await pause();
    return events;
  },
  { WebSocket: [], theirs: [], ours: ["close 1000  true"] },
);

differ(
  "reconnect(): readyState while the end is reported, and after it",
  async (make, server) => {
    const socket = make(server.url());
    await next(socket, "open");
    const states = emitted(socket, ["close"], () => socket.readyState);
    socket.reconnect();
    return [...states, socket.readyState];
  },
  { theirs: [2, 2], ours: [3, 0] },
);

differ(
  "reconnect() while it waits: immediately",
  async (make, server) => {
    const wait = { minReconnectionDelay: 1000, maxReconnectionDelay: 1000 };
    const socket = make(server.url(), [], wait);
    await next(socket, "open");
    server.last.close();
    await next(socket, "close");
    socket.reconnect();
    return happens(() => server.attempts === 2);
  },
  { theirs: false, ours: true },
);

differ(
  "a url that is given as it is: taken immediately, as by WebSocket",
  (make, server) => make(server.url("/")).url === server.url("/"),
  { WebSocket: true, theirs: false, ours: true },
);

differ(
  "readyState while a url function runs again",
  async (make, server) => {
    const states = [];
    const socket = make(() => {
      states.push(socket?.readyState);
      return server.url();
    });
    await next(socket, "open");
    server.last.close();
    await until(() => states.length === 2);
    return states;
  },
  { theirs: [0, 3], ours: [0, 0] },
);

differ(
  "random numbers drawn for three waits",
  async (make, server) => {
    let drawn = 0;
    const { random } = Math;
    Math.random = () => {
      drawn += 1;
      return random();
    };
    try {
      const closes = emitted(make(server.url("/refuse"), [], { maxRetries: 3 }), ["close"]);
      await until(() => closes.length === 4);
    } finally {
      Math.random = random;
    }
    return drawn;
  },
  { theirs: 0, ours: 3 },
);

for (const code of [4500, 4999]) {
  differ(
    `close code ${code}: does it come back?`,
    async (make, server) => {
      const socket = make(server.url());
      await next(socket, "open");
      server.last.close(code);
      return happens(() => server.attempts === 2, 200);
    },
    { theirs: true, ours: false },
  );
}

differ(
  "the queue has a limit, and says when it is full",
  async (make, server) => {
    const socket = make(server.url());
    const errors = emitted(socket, ["error"]);
    for (let number = 0; number < 1000; number += 1) socket.send("x");
    return [socket.bufferedAmount, errors.length];
  },
  { theirs: [1000, 0], ours: [100, 900] },
);

differ(
  "a listener for once, and one that is added twice, as with WebSocket",
  async (make, server) => {
    const socket = make(server.url());
    const calls = [];
    const twice = () => calls.push("twice");
    socket.addEventListener("message", () => calls.push("once"), { once: true });
    socket.addEventListener("message", twice);
    socket.addEventListener("message", twice);
    await next(socket, "open");
    socket.send("1");
    socket.send("2");
    await until(() => server.last.received.length === 2);
    await pause(20);
    return calls.join(" ");
  },
  {
    WebSocket: "once twice twice",
    theirs: "once twice twice once twice twice",
    ours: "once twice twice",
  },
);

differ(
  "the target of an event is the socket that the page knows",
  async (make, server) => {
    const socket = make(server.url());
    return (await next(socket, "open")).target === socket;
  },
  { WebSocket: true, theirs: false, ours: true },
);

differ(
  "dispatchEvent, also to the on… handler, and of real events only",
  (make, server) => {
    const socket = make(server.url(), [], { startClosed: true });
    let calls = 0;
    socket.onopen = () => (calls += 1);
    socket.dispatchEvent(new Event("open"));
    try {
      socket.dispatchEvent({ type: "open", target: socket });
    } catch (error) {
      assert.ok(error instanceof TypeError);
      return [calls, "refused"];
    }
    return [calls, "taken"];
  },
  { theirs: [0, "taken"], ours: [1, "refused"] },
);

differ(
  "where there is no WebSocket class",
  async (make, server) => {
    const { WebSocket } = globalThis;
    delete globalThis.WebSocket; // Node has one from version 22 on.
    const tried = (action) => {
      try {
        return action();
      } catch {
        return "throws";
      }
    };
    const socket = tried(() => make(server.url("/"), [], { WebSocket: undefined }));
    const seen = socket === "throws" ? [socket] : [socket.readyState, tried(() => socket.reconnect())];
    if (WebSocket) globalThis.WebSocket = WebSocket;
    return seen;
  },
  { theirs: ["throws"], ours: [3, "throws"] },
);
