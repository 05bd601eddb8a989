/** One stream that the page follows: its position, its handlers, its commands. */

import { reconnectDelay } from "./protocol/backoff.js";
import { Delivery } from "./protocol/delivery.js";
import { Emitter } from "./emitter.js";
import { RealtimeError, notConnected } from "./requests.js";

/** @typedef {import("./protocol/delivery.js").Position} Position */
/**
 * What a subscription needs of its client.
 *
 * @typedef {object} Link
 * @property {(frame: object, answered: import("./requests.js").Answered) => void} ask
 * @property {() => boolean} reachable a connection is there or being made
 * @property {(subscription: {stream: string}) => void} ended
 * @property {(error: RealtimeError) => void} error for errors that nobody listens to here
 * @property {import("./environment.js").Environment} environment
 */

/** Names that are not those of events; `on("event:error", …)` is the application's event `error`. */
export const LIFECYCLE = Object.freeze(["subscribed", "reset", "snapshot", "unsubscribed", "error"]);

/** The epoch of a stream without a log: there is nothing to resume. */
const NO_LOG = "-";

/** A refusal that may be over soon; any other ends the subscription. */
const PASSING = "internal";

/**
 * Made by `RealtimeClient.subscribe`.
 *
 * @template {Record<string, any>} [Events=Record<string, any>] the data of its events, by name
 * @template [Snapshot=any]
 */
export class Subscription {
  /** @readonly @type {string} */ stream;
  #link;
  #lifecycle = new Emitter();
  #events = new Emitter();
  /** @type {string | null} */
  #name;
  /** From where it was subscribed to, or will be resumed. @type {Delivery | null} */
  #delivery;
  /** @type {"lost" | "asked" | "live" | "ended"} */
  #state = "lost";
  #users = 1;
  #failures = 0;
  /** @type {any} */ #retry;
  /** @type {{transmit: () => void, reject: (error: RealtimeError) => void}[]} */
  #unsent = [];

  /**
   * @param {string} stream as the page named it
   * @param {Link} link
   * @param {{name: string | null, position: Position | null}} known
   */
  constructor(stream, link, { name, position }) {
    this.stream = stream;
    this.#link = link;
    this.#name = name;
    this.#delivery = position && new Delivery(position);
  }

  /** The stream's real name, where `stream` is "me"; null before the server has told it. */
  get name() {
    return this.#name;
  }

  /** Whether events are coming. */
  get live() {
    return this.#state === "live";
  }

  /** Whether all that had been published when it was made, or resumed, has been handed out. */
  get caughtUp() {
    return this.live && !this.#delivery?.hasHole;
  }

  /** What the page has seen. @returns {Position | null} */
  get position() {
    return this.#delivery && { ...this.#delivery.position };
  }

  /**
   * Call `handler(data, event)` for each event of this name; "*" means all.
   *
   * Other names are `LIFECYCLE`'s. An event that has one of those names is reached with "event:"
   * before it.
   *
   * @template {import("./handler_types.js").HandlerName<Events>} Name
   * @param {Name} name
   * @param {import("./handler_types.js").Handler<Events, Snapshot, Name>} handler
   * @returns {() => void} removes the handler
   */
  on(name, handler) {
    if (LIFECYCLE.includes(name)) return this.#lifecycle.on(name, handler);
    return this.#events.on(`${name}`.replace(/^event:/, ""), handler);
  }

  /**
   * Send a message to the application behind the stream.
   *
   * @param {string} name
   * @param {unknown} [data]
   * @returns {Promise<any>} the reply's data
   * @throws {RealtimeError} as a rejection, with `code`
   */
  send(name, data = {}) {
    return new Promise((resolve, reject) => {
      JSON.stringify(data); // What it can't carry is refused now, not in the middle of subscribing.
      const transmit = () =>
        this.#link.ask({ type: "send", stream: this.#name, name, data }, (error, answer) =>
          error ? reject(error) : resolve(answer.data),
        );
      if (this.live) transmit();
      else if (this.#state === "ended") reject(new RealtimeError("not_subscribed"));
      else if (!this.#link.reachable()) reject(notConnected());
      else this.#unsent.push({ transmit, reject });
    });
  }

  /** Stop following. Where `subscribe` was called several times, the last one's counts. */
  unsubscribe() {
    if (this.#state === "ended" || this.#users === 0) return;
    this.#users -= 1;
    if (this.#users > 0 || this.#state === "asked") return;
    if (this.live) this.#leave();
    this.#end(new RealtimeError("not_subscribed"));
  }

  /** One more user of the same stream. @internal */
  join() {
    this.#users += 1;
  }

  /** Ask the server for the stream, where it left off if that is known. @internal */
  start() {
    this.#state = "asked";
    const { epoch, offset } = this.position ?? { epoch: NO_LOG, offset: 0 };
    const resume = this.#name && epoch !== NO_LOG;
    const frame = resume ? { stream: this.#name, after: { epoch, offset } } : { stream: this.stream };
    this.#link.ask({ type: "subscribe", ...frame }, (error, answer) => {
      if (error) this.#refused(error);
      else this.#subscribed(answer);
    });
  }

  /** The connection is gone, or was never made. @internal */
  lost() {
    this.#link.environment.clearTimeout(this.#retry);
    this.#failures = 0;
    this.#state = "lost";
    this.#reject(notConnected());
    if (this.#users === 0) this.#end(notConnected());
  }

  /** Another user has logged in: what this page saw was somebody else's. @internal */
  forget() {
    this.#delivery = null;
    this.#reject(notConnected());
    if (this.stream === "me") this.#name = null;
  }

  /** Take an `event` frame. @internal @param {any} frame */
  event({ type, ...event }) {
    const delivery = this.#delivery;
    if (!this.live || !delivery) return;
    const { offset } = event; // None: it is ephemeral.
    this.#handOut(offset === undefined ? delivery.ephemeral(event) : delivery.take(offset, event));
    if (offset > delivery.position.offset) this.#jumped(offset);
  }

  /** Take a `reset` frame. @internal @param {any} frame */
  reset(frame) {
    if (this.live) this.#rebuild(frame);
  }

  /** Take an `unsubscribed` frame that nobody asked for. @internal @param {string} reason */
  revoked(reason) {
    this.#end(new RealtimeError("not_subscribed", reason));
    this.#lifecycle.emit("unsubscribed", { reason });
  }

  /** @param {any[]} events */
  #handOut(events) {
    for (const event of events) {
      if (!this.live) return;
      this.#events.emit(event.name, event.data, event);
      this.#events.emit("*", event.data, event);
    }
  }

  /** The server leaves no holes: something failed, so have it replay. @param {number} offset */
  #jumped(offset) {
    this.#leave();
    this.#startLater();
    this.#link.error(new RealtimeError("hole", `events before ${offset} are missing, asking again`));
  }

  /** @param {any} frame */
  #subscribed(frame) {
    this.#name = frame.stream;
    if (this.#users === 0) {
      this.#leave();
      return this.#end(new RealtimeError("not_subscribed"));
    }
    this.#state = "live";
    this.#failures = 0;
    const { epoch, offset, recovered, snapshot } = frame;
    const position = (recovered && this.position) || { epoch, offset };
    this.#delivery = new Delivery(position);
    this.#delivery.checked(offset);
    for (const { transmit } of this.#unsent.splice(0)) transmit();
    this.#lifecycle.emit("subscribed", { epoch, offset, recovered, snapshot });
    if (!recovered && this.live) this.#rebuild(frame);
  }

  /** @param {any} frame `subscribed` or `reset` */
  #rebuild({ epoch, offset, snapshot }) {
    const waiting = this.#delivery?.reset({ epoch, offset }) ?? [];
    this.#lifecycle.emit("reset", { epoch, offset, snapshot });
    if (snapshot !== undefined && this.live) this.#lifecycle.emit("snapshot", snapshot, { epoch, offset });
    this.#handOut(waiting);
  }

  /** @param {RealtimeError} error */
  #refused(error) {
    if (error.code === "unknown_outcome" || error.code === "not_connected") return;
    if (this.#users > 0 && error.code === PASSING) this.#startLater();
    else this.#end(error);
    if (!this.#lifecycle.emit("error", error)) this.#link.error(error);
  }

  #startLater() {
    const { environment } = this.#link;
    const delay = reconnectDelay(++this.#failures, environment.random());
    this.#state = "lost";
    this.#retry = environment.setTimeout(() => this.start(), delay);
  }

  #leave() {
    this.#link.ask({ type: "unsubscribe", stream: this.#name }, () => {});
  }

  /** @param {RealtimeError} error */
  #end(error) {
    this.#link.environment.clearTimeout(this.#retry);
    this.#state = "ended";
    this.#link.ended(this);
    this.#reject(error);
  }

  /** @param {RealtimeError} error for what was not sent */
  #reject(error) {
    for (const { reject } of this.#unsent.splice(0)) reject(error);
  }
}
