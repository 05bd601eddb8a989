/** The page's client: the newest one, for elements that nobody has given one. */

import { Emitter } from "./emitter.js";

/** @typedef {import("./client.js").RealtimeClient} RealtimeClient */

/** @type {RealtimeClient | null} */
let newest = null;
const changes = new Emitter();

export function pageClient() {
  return newest;
}

/** @param {RealtimeClient} client */
export function setPageClient(client) {
  newest = client;
  changes.emit("client");
}

/** @param {() => void} handler called for each new one @returns {() => void} removes it */
export function onPageClient(handler) {
  return changes.on("client", handler);
}
