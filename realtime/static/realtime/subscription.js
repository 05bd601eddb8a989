/** One stream that the page follows: its position, its handlers, its commands. */

import { callableThroughProxies, findable } from "./behind_proxies.js";
import { Feed } from "./feed.js";
import { MARK } from "./protocol/stream_names.js";
import { BROKEN, RealtimeError, notConnected } from "./requests.js";
import { Retry } from "./retry.js";
import { Sends } from "./sends.js";
import { SubscriptionEmitter } from "./subscription_emitter.js";
import { SubscriptionPresence } from "./subscription_presence.js";
import { subscriptionState } from "./subscription_state.js";

/** @typedef {import("./protocol/position.js").Position} Position */
/**
 * What a subscription needs of its client.
 *
 * @typedef {object} Link
 * @property {(frame: import("./requests.js").Command, answered: import("./requests.js").Answered) => void} ask
 * @property {() => string | null} me the user's own stream
 * @property {() => boolean} reachable a connection is there or being made
 * @property {() => void} ended
 * @property {(error: RealtimeError) => void} error for errors that have no handler here
 * @property {import("./environment.js").Environment} environment
 */
/** @typedef {Record<string, string | number | boolean | null>} Extra */

/** The code of a refusal that may be over soon; any other ends the subscription. */
const TRANSIENT = "internal";

/**
 * Made by `RealtimeClient.subscribe`.
 *
 * @template {Record<string, any>} [Events=Record<string, any>] the data of its events, by name
 * @template [Snapshot=any]
 */
export class Subscription {
  /** @readonly @type {string} */ stream;
  /** What the server is asked for: the latest signed name, if the page has one. */
  #asked;
  #extra;
  #link;
  #emitter = new SubscriptionEmitter();
  #state = subscriptionState();
  /** @type {string | null} */
  #name;
  #feed;
  #retry;
  #users = 1;
  #sends;
  #presence;

  /**
   * @param {string} stream as the page named it
   * @param {Link} link
   * @param {{name: string | null, position: Position | null}} known
   * @param {Extra} [extra] the server adds it to each event
   */
  constructor(stream, link, { name, position }, extra) {
    findable(this);
    this.stream = stream;
    this.#extra = extra;
    this.#asked = stream;
    this.#link = link;
    this.#name = name;
    /** @type {Link["ask"]} */
    const ask = (command, answered) => link.ask({ ...command, stream: this.#name }, answered);
    this.#presence = new SubscriptionPresence({
      ask,
      me: link.me,
      live: () => this.live,
      ended: () => this.#state.value === "ended",
    });
    this.#feed = new Feed(position, this.#emitter, this.#presence, () => this.live);
    this.#sends = new Sends(ask);
    this.#retry = new Retry(link.environment, () => this.start());
  }

  /** The stream's real name, where `stream` is "me"; null until the server has said it. */
  get name() {
    return this.#name;
  }

  /** Whether events are coming. */
  get live() {
    return this.#state.value === "subscribed";
  }

  /** Whether all that had been published when it was made, or resumed, has been handed out. */
  get caughtUp() {
    return this.live && !this.#feed.hasHole;
  }

  /** What the page has seen. @returns {Position | null} */
  get position() {
    return this.#feed.position;
  }

  /** What the page has given for fields of the stream. @internal @returns {Extra | undefined} */
  get extra() {
    return this.#extra;
  }

  /** Who follows the stream, where the server keeps a list of that. */
  get presence() {
    return this.#presence;
  }

  /**
   * Call `handler(data, event)` for each event of this name; "*" means all.
   *
   * Other names are `LIFECYCLE`'s. An event that has one of those names is reached with "event:"
   * before it. A handler for "subscribed", "reset" or "snapshot" that comes late gets the present
   * state, when the page's code has returned.
   *
   * @template {import("./handler_types.js").HandlerName<Events>} Name
   * @param {Name} name
   * @param {import("./handler_types.js").Handler<Events, Snapshot, Name>} handler
   * @returns {() => void} removes the handler
   */
  on(name, handler) {
    const remove = this.#emitter.on(name, handler, this.#feed.begun);
    if (this.#emitter.hasLate) queueMicrotask(() => this.#greetLate());
    return remove;
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
    return this.#sends.add(name, data, this.#sendable());
  }

  /** Stop following. Where `subscribe` was called several times, the last one's counts. */
  unsubscribe() {
    if (this.#users === 0 || this.#state.value === "ended") return;
    this.#users -= 1;
    if (this.#users > 0) return;
    if (this.#state.value === "subscribing") this.#state.move("leaving");
    else if (this.live) this.#leave();
    else this.#end();
  }

  /**
   * One more user of the same stream.
   *
   * @internal
   * @param {string} stream as this one named it
   * @param {Extra} [extra]
   * @throws {Error} if it gives other fields than the first one
   */
  join(stream, extra) {
    if (extra !== undefined && JSON.stringify(extra) !== JSON.stringify(this.#extra)) {
      throw new Error(`${stream} is followed already, with other fields`);
    }
    if (stream.includes(MARK)) this.#asked = stream;
    this.#users += 1;
    if (this.#state.value === "leaving") this.#state.move("subscribing");
  }

  /** Subscribe, where it left off if that is known. @internal */
  start() {
    this.#state.move("subscribing");
    const after = this.#feed.needsSnapshot ? null : this.#feed.resumable;
    const frame = this.#name && after ? { stream: this.#nameToResume, after } : { stream: this.#asked };
    const presence = after && this.#presence.isUnknown ? { presence: true } : {};
    const extra = this.#extra && { extra: this.#extra };
    this.#link.ask({ type: "subscribe", ...frame, ...presence, ...extra }, (error, answer) => {
      if (this.#state.value === "ended" || BROKEN.includes(error?.code ?? "")) return;
      if (error) this.#refused(error);
      else this.#subscribed(answer);
    });
  }

  /** The connection is lost, or could not be made. @internal */
  disconnected() {
    if (this.#state.value === "leaving") return this.#end(notConnected());
    if (this.#state.value !== "idle") this.#state.move("idle");
    this.#retry.reset();
    this.#sends.reject(notConnected());
  }

  /** Another user has logged in: what this page saw was somebody else's. @internal */
  forget() {
    this.#feed.forget();
    this.#sends.reject(notConnected());
    this.#presence.forgetOwn(notConnected());
    if (this.stream === "me") this.#name = null;
  }

  /** Take an `event` frame. @internal @param {any} frame */
  event({ type, ...event }) {
    if (this.live && this.#feed.take(event)) this.#jumped(event.offset);
  }

  /** Take a `skipped` frame. @internal @param {{after: number, offset: number}} frame */
  skipped(frame) {
    if (this.live && this.#feed.skip(frame)) this.#jumped(frame.offset);
  }

  /** Take a `reset` frame. @internal @param {any} frame */
  reset(frame) {
    if (this.live) this.#feed.reset(frame);
  }

  /** Take an `unsubscribed` frame that answers no command. @internal @param {string} reason */
  revoked(reason) {
    // In other states it ended an earlier subscription, and the answer to the next one counts.
    if (!this.live && this.#state.value !== "idle") return;
    const error = new RealtimeError(reason, `the right to ${this.stream} has ended`);
    if (reason === TRANSIENT) return this.#refused(error);
    this.#end(error);
    this.#presence.withdraw();
    const heard = this.#emitter.emit("unsubscribed", { reason });
    if (!this.#emitter.emit("error", error) && !heard) this.#link.error(error);
  }

  /** Never "me" with a position: another user may have logged in. */
  get #nameToResume() {
    return this.#asked === "me" ? this.#name : this.#asked;
  }

  #sendable() {
    if (this.live) return "now";
    if (this.#state.value === "ended") return "ended";
    return this.#link.reachable() ? "later" : "never";
  }

  /** The server leaves no holes: something failed, so have it replay. @param {number} offset */
  #jumped(offset) {
    this.#sendUnsubscribe({ again: true });
    this.#startLater();
    this.#link.error(new RealtimeError("hole", `events before ${offset} are missing, asking again`));
  }

  /** @param {any} frame */
  #subscribed(frame) {
    this.#name = frame.stream;
    if (this.#state.value === "leaving") return this.#leave();
    this.#state.move("subscribed");
    this.#retry.reset();
    this.#feed.start(frame, () => {
      this.#sends.transmit();
      this.#presence.transmit();
    });
    this.#greetLate();
  }

  #greetLate() {
    if (!this.live) return;
    if (this.#feed.needsSnapshot) this.#subscribeAgain();
    else this.#feed.greetLate();
  }

  /** Have the server send a snapshot: events have changed what the last one shows. */
  #subscribeAgain() {
    this.#sendUnsubscribe({ again: true });
    this.#state.move("idle");
    this.start();
  }

  /** @param {RealtimeError} error */
  #refused(error) {
    if (error.code === TRANSIENT && this.#state.value !== "leaving") this.#startLater();
    else this.#end(error);
    if (this.#state.value === "ended") this.#presence.withdraw();
    if (!this.#emitter.emit("error", error)) this.#link.error(error);
  }

  #startLater() {
    if (this.#state.value === "idle") return; // It is due already.
    this.#state.move("idle");
    this.#retry.later();
  }

  #leave() {
    this.#sendUnsubscribe();
    this.#end();
    this.#presence.clear();
  }

  /** @param {{again?: boolean}} [more] `again`: for a moment only, which is no leaving */
  #sendUnsubscribe(more) {
    this.#link.ask({ type: "unsubscribe", stream: this.#name, ...more }, () => {});
  }

  /** @param {RealtimeError} [error] for what was not sent */
  #end(error = new RealtimeError("not_subscribed")) {
    this.#retry.reset();
    this.#state.move("ended");
    this.#link.ended();
    this.#sends.reject(error);
    this.#presence.forgetOwn(error);
  }
}

callableThroughProxies(Subscription);
