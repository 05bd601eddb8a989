/** The page's client: the newest one, for elements that nobody has given one. */

import { Emitter } from "./emitter.js";

// Its class is not named here: Django's static files hash no circles.
/** @type {any} */
let newest = null;
const changes = new Emitter();

/** @returns {any} a `RealtimeClient`; null before there is one */
export function pageClient() {
  return newest;
}

/** @param {object} client a `RealtimeClient` */
export function setPageClient(client) {
  newest = client;
  changes.emit("client");
}

/** @param {() => void} handler called for each new one @returns {() => void} removes it */
export function onPageClient(handler) {
  return changes.on("client", handler);
}
