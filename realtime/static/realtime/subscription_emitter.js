/** The handlers of a subscription: for its own changes, and for the stream's events. */

import { Emitter } from "./emitter.js";

/** Names that are not those of events; `on("event:error", …)` is the application's event `error`. */
export const LIFECYCLE = Object.freeze(["subscribed", "reset", "snapshot", "unsubscribed", "error"]);

/** Those of them by which a page gets the state from which events go on. */
const STATE = ["subscribed", "reset", "snapshot"];

export class SubscriptionEmitter {
  #lifecycle = new Emitter();
  /** Handlers that came after the state had been emitted, and still lack it. */
  #late = new Emitter();
  #events = new Emitter();

  /**
   * Call `handler` whenever `name` happens.
   *
   * @param {string} name one of `LIFECYCLE`; or an event's, with or without "event:"; or "*"
   * @param {(...details: any[]) => void} handler
   * @param {boolean} late the state has been emitted before
   * @returns {() => void} removes it
   */
  on(name, handler, late) {
    if (late && STATE.includes(name)) return this.#addLate(name, handler);
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
    if (name === "subscribed") this.#late.removeAll(name);
    if (name === "reset") this.#late = new Emitter();
    return this.#lifecycle.emit(name, ...details);
  }

  /** Whether there are handlers that lack the state. */
  get hasLate() {
    return !this.#late.isEmpty;
  }

  /**
   * Give the state to the handlers that lack it.
   *
   * @param {import("./protocol/position.js").Position & {snapshot?: any}} state
   * @param {() => boolean} live checked before each name
   */
  emitLate({ epoch, offset, snapshot }, live) {
    const late = this.#late;
    this.#late = new Emitter();
    late.emit("subscribed", { epoch, offset, recovered: false, snapshot });
    if (live()) late.emit("reset", { epoch, offset, snapshot });
    if (live() && snapshot !== undefined) late.emit("snapshot", snapshot, { epoch, offset });
  }

  /** @param {string} name @param {(...details: any[]) => void} handler */
  #addLate(name, handler) {
    const removers = [this.#lifecycle.on(name, handler), this.#late.on(name, handler)];
    return () => removers.forEach((remove) => remove());
  }

  /** Call the handlers of an event. @param {any} event */
  emitEvent(event) {
    this.#events.emit(event.name, event.data, event);
    this.#events.emit("*", event.data, event);
  }
}
