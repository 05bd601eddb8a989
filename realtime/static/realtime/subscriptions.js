/** The streams that a client follows, by the names that the page used. */

import { plainName } from "./protocol/stream_names.js";
import { tooMany } from "./requests.js";
import { Subscription } from "./subscription.js";

/** @typedef {import("./protocol/position.js").Position} Position */
/** @typedef {import("./requests.js").Requests} Requests */
/** @typedef {import("./requests.js").Answered} Answered */
/**
 * What the subscriptions need of their client.
 *
 * @typedef {Pick<import("./subscription.js").Link, "me" | "reachable" | "error" | "environment"> & {
 *   requests: () => Requests | null}} Connected
 */

export class Subscriptions {
  /** By the plain name, or "me". @type {Map<string, Subscription>} */
  #byStream = new Map();
  #positions;
  #client;

  /** @param {Record<string, Position>} positions of the data on the page @param {Connected} client */
  constructor(positions, client) {
    this.#positions = positions;
    this.#client = client;
  }

  /**
   * Follow a stream; once more, if it is followed already.
   *
   * @param {string} stream
   * @param {import("./subscription.js").Extra} [extra]
   */
  subscribe(stream, extra) {
    const name = plainName(stream);
    const existing = this.#byStream.get(name);
    if (existing) {
      existing.join(stream, extra);
      return existing;
    }
    const subscription = new Subscription(stream, this.#link(name), this.#known(name), extra);
    this.#byStream.set(name, subscription);
    if (this.#client.requests()) subscription.start();
    return subscription;
  }

  /** A connection is made: subscribe to all of them. */
  start() {
    for (const subscription of this.#all()) subscription.start();
  }

  /** The connection is lost, or could not be made. */
  disconnected() {
    for (const subscription of this.#all()) subscription.disconnected();
  }

  /** Another user has logged in: all positions are void. */
  forget() {
    this.#positions = {};
    for (const subscription of this.#all()) subscription.forget();
  }

  /** Take a frame that answers no command. @param {any} frame */
  take(frame) {
    const subscription = this.#named(frame.stream);
    if (frame.type === "event") subscription?.event(frame);
    else if (frame.type === "skipped") subscription?.skipped(frame);
    else if (frame.type === "reset") subscription?.reset(frame);
    else if (frame.type === "unsubscribed") subscription?.revoked(frame.reason);
  }

  #all() {
    return [...this.#byStream.values()];
  }

  /** @param {string} name the stream's real one */
  #named(name) {
    const mine = this.#byStream.get("me");
    return mine?.name === name ? mine : this.#byStream.get(name);
  }

  /** @param {string} stream @returns {import("./subscription.js").Link} */
  #link(stream) {
    const { requests, ...link } = this.#client;
    return {
      ...link,
      ask: (frame, answered) => this.#ask(stream, frame, answered),
      ended: () => this.#byStream.delete(stream),
    };
  }

  /** @param {string} stream @param {import("./requests.js").Command} frame @param {Answered} answered */
  #ask(stream, frame, answered) {
    const requests = this.#client.requests();
    if (!requests) return;
    const isOver = [...this.#byStream.keys()].indexOf(stream) >= requests.maxStreams;
    if (frame.type !== "subscribe" || !isOver) return requests.ask(frame, answered);
    // After the page's code has returned, which may have handlers to add.
    queueMicrotask(() => answered(tooMany(requests.maxStreams), null));
  }

  /** What the page came with is good for one start. @param {string} stream */
  #known(stream) {
    const name = stream === "me" ? this.#client.me() : stream;
    const position = (name && this.#positions[name]) || null;
    if (name) delete this.#positions[name];
    return { name, position: position && { ...position } };
  }
}
