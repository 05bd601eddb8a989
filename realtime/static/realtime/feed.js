/** Hands the state and the events of a stream to their handlers, in order, and keeps the position. */

import { Delivery } from "./protocol/delivery.js";
import { NO_EPOCH } from "./protocol/position.js";
import { PRESENCE_EVENT } from "./protocol/presence.js";

/** @typedef {import("./protocol/position.js").Position} Position */
/** @typedef {Position & {snapshot?: any, presence?: import("./protocol/presence.js").Member[]}} State */

export class Feed {
  /** @type {Delivery | null} */
  #delivery;
  #emitter;
  #presence;
  #live;
  /** Whether the state has been emitted; handlers that come after that are late. */
  #begun = false;
  /** Whether the stream offers a snapshot, once that is known. @type {boolean | null} */
  #offersSnapshot = null;
  /** What was emitted last, until an event changes it. @type {State | null} */
  #unchanged = null;

  /**
   * @param {Position | null} position what the page has seen
   * @param {import("./subscription_emitter.js").SubscriptionEmitter} emitter
   * @param {import("./subscription_presence.js").SubscriptionPresence} presence
   * @param {() => boolean} live checked before each event, as any handler may end the subscription
   */
  constructor(position, emitter, presence, live) {
    this.#delivery = position && new Delivery(position);
    this.#emitter = emitter;
    this.#presence = presence;
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

  get begun() {
    return this.#begun;
  }

  /** Whether handlers came late that only the server can give the state: a snapshot. */
  get needsSnapshot() {
    return this.#emitter.hasLate && !this.#state;
  }

  /** What the page has seen is void. */
  forget() {
    this.#delivery = null;
    this.#begun = false;
    this.#offersSnapshot = null;
    this.#unchanged = null;
  }

  /**
   * Resume, or start where the server says.
   *
   * @param {State & {recovered: boolean}} subscribed
   * @param {() => void} ready called before anything is emitted
   */
  start(subscribed, ready) {
    const { epoch, offset, recovered, snapshot } = subscribed;
    const snapshotOnly = this.#begun && !recovered && this.#isAt(subscribed);
    this.#begun = true;
    this.#delivery = new Delivery((recovered && this.position) || { epoch, offset });
    this.#delivery.checked(offset);
    const emitPresence = this.#presence.start(subscribed);
    ready();
    if (snapshotOnly) this.#keep(subscribed);
    else this.#emitter.emit("subscribed", { epoch, offset, recovered, snapshot });
    if (!snapshotOnly && !recovered && this.#live()) this.#restart(subscribed);
    emitPresence();
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

  /**
   * Pass over events that are not for this page.
   *
   * @param {{after: number, offset: number}} skipped
   * @returns {boolean} whether events before them are missing
   */
  skip({ after, offset }) {
    const delivery = /** @type {Delivery} */ (this.#delivery);
    this.#handOut(delivery.skip(after, offset));
    return offset > delivery.position.offset;
  }

  /** What the page knows is not continued. @param {State} start */
  reset(start) {
    const waiting = this.#delivery?.reset({ epoch: start.epoch, offset: start.offset }) ?? [];
    const emitPresence = this.#presence.start(start);
    this.#restart(start);
    emitPresence();
    this.#handOut(waiting);
  }

  /** Give the state to handlers that came late, if the page has it. */
  greetLate() {
    if (this.#state) this.#emitter.emitLate(this.#state, this.#live);
  }

  /** The state from which the next events go on; null where the page lacks it. @returns {State | null} */
  get #state() {
    if (this.#offersSnapshot === false) return this.position;
    return this.#unchanged && this.position && { ...this.#unchanged, ...this.position };
  }

  /** @param {Position} position */
  #isAt({ epoch, offset }) {
    return this.resumable?.epoch === epoch && this.resumable.offset === offset;
  }

  /** @param {State} start */
  #restart({ epoch, offset, snapshot }) {
    this.#keep({ epoch, offset, snapshot });
    this.#emitter.emit("reset", { epoch, offset, snapshot });
    if (snapshot !== undefined && this.#live()) this.#emitter.emit("snapshot", snapshot, { epoch, offset });
  }

  /** @param {State} state */
  #keep({ epoch, offset, snapshot }) {
    this.#offersSnapshot = snapshot !== undefined;
    this.#unchanged = { epoch, offset, snapshot };
  }

  /** @param {any[]} events */
  #handOut(events) {
    for (const event of events) {
      if (!this.#live()) return;
      if (event.name === PRESENCE_EVENT) this.#presence.take(event.data, event.offset);
      else this.#emitEvent(event);
    }
  }

  /** @param {any} event */
  #emitEvent(event) {
    this.#unchanged = null;
    this.#emitter.emitEvent(event);
  }
}
