/** The three that a site may use, each made with the same arguments over the same native socket. */

import assert from "node:assert/strict";
import { test } from "node:test";

import ReconnectingWebSocket from "reconnecting-websocket";
import ws from "ws";

import HeartbeatSocket from "../../../realtime/static/realtime/index.js";
import { Server } from "./server.js";

/** Stands in for the browser's. One of `ws` throws an error that nobody listens to. */
class Native extends ws {
  constructor(...given) {
    super(...given);
    this.on("error", () => {});
  }
}


const QUICK = { minReconnectionDelay: 10, maxReconnectionDelay: 20 };

function reconnecting(Class) {
  return (url, protocols, options) =>
    new Class(url, protocols, { WebSocket: Native, ...QUICK, ...options });
}

const native = (url, protocols) => (protocols ? new Native(url, protocols) : new Native(url));
native.Class = Native;
export const theirs = reconnecting(ReconnectingWebSocket);
theirs.Class = ReconnectingWebSocket;
export const ours = reconnecting(HeartbeatSocket);
ours.Class = HeartbeatSocket;

const NAMES = new Map([[native, "WebSocket"], [theirs, "reconnecting-websocket"], [ours, "HeartbeatSocket"]]);

/** Run `body` with a server and one of the three; what it makes is closed after it. */
function run(contender, title, body) {
  test(`${NAMES.get(contender)}: ${title}`, { timeout: 5000 }, async () => {
    const server = await new Server().start();
    const made = [];
    const make = (...given) => {
      made.push(contender(...given));
      return made.at(-1);
    };
    Object.assign(make, { Class: contender.Class, Native });
    try {
      await body(make, server);
    } finally {
      for (const socket of made) socket.close();
      server.stop();
    }
  });
}

/** What all three do. */
export function all(title, body) {
  for (const contender of [native, theirs, ours]) run(contender, title, body);
}

/** What the two do that come back. */
export function both(title, body) {
  for (const contender of [theirs, ours]) run(contender, title, body);
}

/** What only ours does. */
export function only(title, body) {
  run(ours, title, body);
}

/** Where the package and ours differ, and for some a WebSocket too: `expected` is what each does. */
export function differ(title, observe, expected) {
  const of = { WebSocket: native, theirs, ours };
  for (const [name, observation] of Object.entries(expected)) {
    run(of[name], title, async (make, server) => {
      assert.deepEqual(await observe(make, server), observation);
    });
  }
}

/** The next event of a type. */
export function next(target, type) {
  return new Promise((resolve) => target.addEventListener(type, resolve, { once: true }));
}

/** What `describe` says of the events of these types, as they come. */
export function emitted(target, types, describe = (event) => event.type) {
  const events = [];
  for (const type of types) target.addEventListener(type, (event) => events.push(describe(event)));
  return events;
}

export const pause = (milliseconds = 50) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Wait until something is so; the test's own limit ends it. */
export async function until(condition) {
  while (!condition()) await pause(2);
}

/** Whether something comes true; what takes a millisecond otherwise has 400 for it. */
export async function happens(condition, milliseconds = 400) {
  for (const end = performance.now() + milliseconds; performance.now() < end; await pause(2)) {
    if (condition()) return true;
  }
  return false;
}
