/** The handlers of a subscription: for its own changes, and for the stream's events. */

import { Emitter } from "./emitter.js";

/** Names that are not those of events; `on("event:error", …)` is the application's event `error`. */
export const LIFECYCLE = Object.freeze(["subscribed", "reset", "snapshot", "unsubscribed", "error"]);

export class SubscriptionEmitter {
  #lifecycle = new Emitter();
  #events = new Emitter();

  /**
   * Call `handler` whenever `name` happens.
   *
   * @param {string} name one of `LIFECYCLE`; or an event's, with or without "event:"; or "*"
   * @param {(...details: any[]) => void} handler
   * @returns {() => void} removes it
   */
  on(name, handler) {
    if (LIFECYCLE.includes(name)) return this.#lifecycle.on(name, handler);
    return this.#events.on(`${name}`.replace(/^event:/, ""), handler);
  }

  /**
   * Call the handlers of one of `LIFECYCLE`.
   *
   * @param {string} name
   * @param {...any} details
   * @returns {boolean} whether there was one
   */
  emit(name, ...details) {
    return this.#lifecycle.emit(name, ...details);
  }

  /** Call the handlers of an event. @param {any} event */
  emitEvent(event) {
    this.#events.emit(event.name, event.data, event);
    this.#events.emit("*", event.data, event);
  }
}
