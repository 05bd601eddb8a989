/**
 * The frame that a message event carries, parsed once for the event and for its copies.
 *
 * It is kept beside the event, since a page's message events are as the browser's own.
 */

import { decode } from "./protocol/frames.js";

/** @type {WeakMap<object, any>} */
const frames = new WeakMap();

/** The JSON object in `event`; null for everything else. @param {MessageEvent} event @returns {any} */
export function frameOf(event) {
  if (!frames.has(event)) frames.set(event, decode(event.data));
  return frames.get(event);
}

/** The same message as an event that can be dispatched again. @param {MessageEvent} event */
export function copyMessage(event) {
  const copy = new MessageEvent("message", { data: event.data, origin: event.origin });
  if (frames.has(event)) frames.set(copy, frames.get(event));
  return copy;
}
