/** One stream that the page follows: its position, its handlers, its commands. */

import { reconnectDelay } from "./backoff.js";
import { Emitter } from "./emitter.js";
import { RealtimeError, notConnected } from "./requests.js";

/** @typedef {{epoch: string, offset: number}} Position */

/**
 * What a subscription needs of its client.
 *
 * @typedef {object} Link
 * @property {(frame: object, answered: import("./requests.js").Answered) => void} ask
 * @property {() => boolean} reachable a connection is there or being made
 * @property {(subscription: Subscription) => void} ended
 * @property {(error: Error) => void} error for errors that nobody listens to here
 * @property {import("./environment.js").Environment} environment
 */

/** Names that are not those of events; `on("event:error", …)` is the application's event `error`. */
export const LIFECYCLE = Object.freeze(["subscribed", "reset", "snapshot", "unsubscribed", "error"]);

/** The epoch of a stream without a log: there is nothing to resume. */
const NO_LOG = "-";

/** A refusal that may be over soon; any other ends the subscription. */
const PASSING = "internal";

/** Made by `RealtimeClient.subscribe`. */
export class Subscription {
  #link;
  #lifecycle = new Emitter();
  #events = new Emitter();
  /** @type {string | null} */
  #name;
  /** @type {Position | null} */
  #position;
  /** @type {"lost" | "asked" | "live" | "ended"} */
  #state = "lost";
  #users = 1;
  #failures = 0;
  /** @type {any} */
  #retry;
  /** @type {{transmit: () => void, reject: (error: Error) => void}[]} */
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
    this.#position = position;
  }

  /** The stream's real name, where `stream` is "me"; null before the server has told it. */
  get name() {
    return this.#name;
  }

  /** Whether events are coming. */
  get live() {
    return this.#state === "live";
  }

  /** What the page has seen. @returns {Position | null} */
  get position() {
    return this.#position && { ...this.#position };
  }

  /**
   * Call `handler(data, event)` for each event of this name; "*" means all.
   *
   * Other names are `LIFECYCLE`'s. An event that has one of those names is reached with "event:"
   * before it.
   *
   * @param {string} name
   * @param {import("./emitter.js").Handler} handler
   * @returns {() => void} removes the handler
   */
  on(name, handler) {
    if (LIFECYCLE.includes(name)) return this.#lifecycle.on(name, handler);
    return this.#events.on(name.startsWith("event:") ? name.slice(6) : name, handler);
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

  /** One more user of the same stream. @package */
  join() {
    this.#users += 1;
  }

  /** Ask the server for the stream, where it left off if that is known. @package */
  start() {
    this.#state = "asked";
    const { epoch, offset } = this.#position ?? { epoch: NO_LOG, offset: 0 };
    const resume = this.#name && epoch !== NO_LOG;
    const frame = resume ? { stream: this.#name, after: { epoch, offset } } : { stream: this.stream };
    this.#link.ask({ type: "subscribe", ...frame }, (error, answer) => {
      if (error) this.#refused(error);
      else this.#subscribed(answer);
    });
  }

  /** The connection is gone, or was never made. @package */
  lost() {
    this.#link.environment.clearTimeout(this.#retry);
    this.#failures = 0;
    this.#state = "lost";
    for (const { reject } of this.#unsent.splice(0)) reject(notConnected());
    if (this.#users === 0) this.#end(notConnected());
  }

  /** Another user has logged in: what this page saw was somebody else's. @package */
  forget() {
    this.#position = null;
    if (this.stream === "me") this.#name = null;
  }

  /** Take an `event` frame. @package @param {any} frame */
  event({ type, ...event }) {
    if (!this.live || this.#seen(event.offset)) return;
    this.#events.emit(event.name, event.data, event);
    this.#events.emit("*", event.data, event);
  }

  /** Take a `reset` frame. @package @param {any} frame */
  reset(frame) {
    if (this.live) this.#rebuild(frame);
  }

  /** Take an `unsubscribed` frame that nobody asked for. @package @param {string} reason */
  revoked(reason) {
    this.#end(new RealtimeError("not_subscribed", reason));
    this.#lifecycle.emit("unsubscribed", { reason });
  }

  /** @param {number | undefined} offset none: the event is ephemeral */
  #seen(offset) {
    if (offset === undefined || !this.#position) return false;
    if (offset <= this.#position.offset) return true;
    this.#position.offset = offset;
    return false;
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
    for (const { transmit } of this.#unsent.splice(0)) transmit();
    const { epoch, offset, recovered, snapshot } = frame;
    if (!recovered) this.#position = { epoch, offset };
    this.#lifecycle.emit("subscribed", { epoch, offset, recovered, snapshot });
    if (!recovered && this.live) this.#rebuild(frame);
  }

  /** @param {any} frame `subscribed` or `reset` */
  #rebuild({ epoch, offset, snapshot }) {
    this.#position = { epoch, offset };
    this.#lifecycle.emit("reset", { epoch, offset, snapshot });
    if (snapshot !== undefined) this.#lifecycle.emit("snapshot", snapshot, { epoch, offset });
  }

  /** @param {RealtimeError} error */
  #refused(error) {
    if (error.code === "unknown_outcome" || error.code === "not_connected") return;
    if (this.#users > 0 && error.code === PASSING) {
      const { environment } = this.#link;
      const delay = reconnectDelay(++this.#failures, environment.random());
      this.#state = "lost";
      this.#retry = environment.setTimeout(() => this.start(), delay);
    } else {
      this.#end(error);
    }
    if (!this.#lifecycle.emit("error", error)) this.#link.error(error);
  }

  #leave() {
    this.#link.ask({ type: "unsubscribe", stream: this.#name }, () => {});
  }

  /** @param {Error} error for what was not sent */
  #end(error) {
    this.#link.environment.clearTimeout(this.#retry);
    this.#state = "ended";
    this.#link.ended(this);
    for (const { reject } of this.#unsent.splice(0)) reject(error);
  }
}
