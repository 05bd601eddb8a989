/** Hands the events of a stream to their handlers, in order, and keeps the position. */

import { Delivery } from "./protocol/delivery.js";
import { NO_EPOCH } from "./protocol/position.js";

/** @typedef {import("./protocol/position.js").Position} Position */

export class Feed {
  /** @type {Delivery | null} */
  #delivery;
  #emitter;
  #live;

  /**
   * @param {Position | null} position what the page has seen
   * @param {import("./subscription_emitter.js").SubscriptionEmitter} emitter
   * @param {() => boolean} live checked before each event, as any handler may end the subscription
   */
  constructor(position, emitter, live) {
    this.#delivery = position && new Delivery(position);
    this.#emitter = emitter;
    this.#live = live;
  }

  /** What the page has seen. @returns {Position | null} */
  get position() {
    return this.#delivery && { ...this.#delivery.position };
  }

  /** The position from which the server can resume. @returns {Position | null} */
  get resumable() {
    return this.position?.epoch === NO_EPOCH ? null : this.position;
  }

  /** Whether events after `position` are due that did not come. */
  get hasHole() {
    return this.#delivery?.hasHole ?? false;
  }

  /** What the page has seen is void. */
  forget() {
    this.#delivery = null;
  }

  /** Resume, or start where the server says. @param {Position & {recovered: boolean}} subscribed */
  start({ epoch, offset, recovered }) {
    this.#delivery = new Delivery((recovered && this.position) || { epoch, offset });
    this.#delivery.checked(offset);
  }

  /**
   * Take an event; one without `offset` is ephemeral.
   *
   * @param {any} event
   * @returns {boolean} whether events before it are missing
   */
  take(event) {
    const delivery = /** @type {Delivery} */ (this.#delivery);
    const { offset } = event;
    this.#handOut(offset === undefined ? delivery.ephemeral(event) : delivery.take(offset, event));
    return offset > delivery.position.offset;
  }

  /** What the page knows is not continued. @param {Position & {snapshot?: any}} start */
  reset({ epoch, offset, snapshot }) {
    const waiting = this.#delivery?.reset({ epoch, offset }) ?? [];
    this.#emitter.emit("reset", { epoch, offset, snapshot });
    if (snapshot !== undefined && this.#live()) this.#emitter.emit("snapshot", snapshot, { epoch, offset });
    this.#handOut(waiting);
  }

  /** @param {any[]} events */
  #handOut(events) {
    for (const event of events) {
      if (!this.#live()) return;
      this.#emitter.emitEvent(event);
    }
  }
}
