/** Who follows a stream: the list that a page sees, and its handlers. */

import { callableThroughProxies, findable } from "./behind_proxies.js";
import { Emitter } from "./emitter.js";
import { OwnMeta } from "./own_meta.js";
import { Presence } from "./protocol/presence.js";
import { RealtimeError } from "./requests.js";

/** @typedef {import("./protocol/presence.js").Member} Member */
/** @typedef {import("./protocol/presence.js").Changes} Changes */
/**
 * What presence needs of its subscription.
 *
 * @typedef {object} Followed
 * @property {(command: import("./requests.js").Command, answered: import("./requests.js").Answered) => void} ask
 * @property {() => string | null} me the user's own stream
 * @property {() => boolean} live
 * @property {() => boolean} ended
 */

export const NAMES = Object.freeze(["join", "leave", "update", "change"]);

/** `subscription.presence`. */
export class SubscriptionPresence {
  #followed;
  #own;
  #rule = new Presence();
  #emitter = new Emitter();
  /** Whether the page has a list: unknown before an answer, absent where the stream has none. */
  #list = /** @type {"unknown" | "absent" | "known"} */ ("unknown");
  /** @type {readonly Member[]} */
  #members = Object.freeze([]);

  /** @param {Followed} followed */
  constructor(followed) {
    findable(this);
    this.#followed = followed;
    this.#own = new OwnMeta(followed.ask);
  }

  /**
   * Who is there, the first to come first; another array after each change, and the same one until
   * then.
   */
  get members() {
    return this.#members;
  }

  /**
   * Call `handler` for "join", "leave" or "update" with a member, or for "change" with all members
   * and what has changed.
   *
   * Those who are there already join for a handler that comes late, when the page's code has
   * returned.
   *
   * @template {keyof import("./handler_types.js").PresenceNotifications} Name
   * @param {Name} name
   * @param {(...details: import("./handler_types.js").PresenceNotifications[Name]) => void} handler
   * @returns {() => void} removes it
   * @throws {TypeError} for any other name
   */
  on(name, handler) {
    if (!NAMES.includes(name)) throw new TypeError(`presence has no ${name}`);
    return this.#list === "known" ? this.#onLate(name, handler) : this.#emitter.on(name, handler);
  }

  /**
   * Say something of this user to all who see the list. It counts until the next `set`, also where
   * there is no connection yet, and after a reconnect.
   *
   * @param {Record<string, any>} meta at most 1 KiB of JSON
   * @returns {Promise<Record<string, any>>} what the server made of it
   * @throws {RealtimeError} as a rejection, with `code`
   */
  async set(meta) {
    if (typeof meta !== "object" || !meta || Array.isArray(meta)) throw new TypeError("meta is an object");
    if (this.#followed.ended()) throw new RealtimeError("not_subscribed");
    return this.#own.set(meta, this.#followed.live());
  }

  /** Whether a list would be news, also where the page goes on with the stream. @internal */
  get isUnknown() {
    return this.#list === "unknown";
  }

  /**
   * Take the list of a `subscribed` or `reset`, which has none where the page goes on with its own,
   * or where the stream has no list.
   *
   * @internal
   * @param {{presence?: Member[], offset: number, recovered?: boolean}} frame
   * @returns {() => void} calls the handlers
   */
  start({ presence, offset, recovered = false }) {
    if (!presence) return this.#startWithout(recovered);
    const isFirst = this.#list !== "known";
    this.#list = "known";
    const changes = this.#rule.replace(presence.map(frozen), offset);
    this.#changed();
    return () => this.#emit(changes, isFirst);
  }

  /** Commands can be sent. @internal */
  transmit() {
    this.#own.transmit();
  }

  /** Take the data of an event of the stream. @internal @param {any} data @param {number} [offset] */
  take(data, offset) {
    if (this.#list !== "known") return;
    const { join, leave, update } = data ?? {};
    const changes = this.#rule.apply({ join: join?.map(frozen), leave, update: update?.map(frozen) }, offset);
    this.#changed();
    this.#emit(changes, false);
  }

  /** The page sees the list no more, which says of nobody that they left. @internal */
  withdraw() {
    if (this.#list !== "known") return;
    this.clear();
    this.#emitter.emit("change", this.#members, { join: [], leave: [], update: [] });
  }

  /** The page has left. @internal */
  clear() {
    this.#list = "absent";
    this.#rule = new Presence();
    this.#members = Object.freeze([]);
  }

  /** What this page wanted to say is void. @internal @param {RealtimeError} error */
  forgetOwn(error) {
    this.#own.forget(error);
  }

  /** @param {boolean} recovered */
  #startWithout(recovered) {
    if (this.isUnknown) this.#list = "absent";
    return recovered ? () => {} : () => this.withdraw();
  }

  #changed() {
    this.#members = Object.freeze(this.#rule.members);
    const own = this.#rule.get(this.#followed.me());
    if (own) this.#own.listed(own);
  }

  /** @param {Changes} changes @param {boolean} isFirst the page may have waited for an empty list */
  #emit(changes, isFirst) {
    for (const name of /** @type {const} */ (["leave", "join", "update"])) {
      for (const member of changes[name]) this.#emitIfLive(name, member);
    }
    const isChange = isFirst || Object.values(changes).some((members) => members.length > 0);
    if (isChange) this.#emitIfLive("change", this.#members, changes);
  }

  /** Any handler may end the subscription. @param {string} name @param {...any} details */
  #emitIfLive(name, ...details) {
    if (this.#followed.live()) this.#emitter.emit(name, ...details);
  }

  /** @param {string} name @param {(...details: any[]) => void} handler */
  #onLate(name, handler) {
    const late = new Emitter();
    let remove = late.on(name, handler);
    let removed = false;
    queueMicrotask(() => {
      if (!removed && this.#list === "known") this.#greet(late);
      if (!removed) remove = this.#emitter.on(name, handler);
    });
    return () => {
      removed = true;
      remove();
    };
  }

  /** @param {Emitter} late */
  #greet(late) {
    const join = [...this.#members];
    for (const member of join) late.emit("join", member);
    late.emit("change", this.#members, { join, leave: [], update: [] });
  }
}

/** @param {Member} member @returns {Member} */
function frozen({ user, meta, since }) {
  return Object.freeze({ user, meta: Object.freeze(meta), since });
}

callableThroughProxies(SubscriptionPresence);
