/** The page's client: the newest one, for elements that nobody has given one. */

import { Emitter } from "./emitter.js";

const KEY = Symbol.for("channels-realtime.page-client");

// A page may load this module more than once: alone and in the one file, or under a hashed name too.
// Its class is not named here: Django's static files hash no circles.
/** @type {{newest: any, changes: Emitter}} */
const page = (/** @type {any} */ (globalThis)[KEY] ??= { newest: null, changes: new Emitter() });

/** @returns {any} a `RealtimeClient`; null before there is one */
export function pageClient() {
  return page.newest;
}

/** @param {object} client a `RealtimeClient` */
export function setPageClient(client) {
  page.newest = client;
  page.changes.emit("client");
}

/** @param {() => void} handler called for each new one @returns {() => void} removes it */
export function onPageClient(handler) {
  return page.changes.on("client", handler);
}
