/** What the page says of its own user on a stream's list: a state, which outlives connections. */

import { isSame } from "./protocol/presence.js";
import { BROKEN, RealtimeError } from "./requests.js";

/** @typedef {import("./protocol/presence.js").Member} Member */
/** @typedef {Record<string, any>} Meta */
/** @typedef {{resolve: (meta: Meta) => void, reject: (error: Error) => void}} Caller */

export class OwnMeta {
  #transmit;
  /** @type {Meta | null} */
  #wanted = null;
  /** What the server made of `#wanted`; null until it has answered. @type {Meta | null} */
  #decided = null;
  /** Who waits for the answer. @type {Caller[]} */
  #callers = [];
  /** The beginning of the user's stay. @type {number | null} */
  #since = null;

  /** @param {(command: import("./requests.js").Command, answered: import("./requests.js").Answered) => void} transmit */
  constructor(transmit) {
    this.#transmit = transmit;
  }

  /**
   * Take what the page wants; it counts until the next one.
   *
   * @param {Meta} meta
   * @param {boolean} live whether it can be sent now
   * @returns {Promise<Meta>} what the server made of it
   */
  set(meta, live) {
    return new Promise((resolve, reject) => {
      this.#wanted = JSON.parse(JSON.stringify(meta)); // The page may change its own.
      this.#decided = null;
      this.#callers.push({ resolve, reject });
      if (live) this.#send();
    });
  }

  /** Commands can be sent, for the first time or again: send what has no answer yet. */
  transmit() {
    if (this.#wanted && !this.#decided) this.#send();
  }

  /**
   * The user is on the list; in a new stay, the server may have lost what was decided.
   *
   * @param {Member} member
   */
  listed({ since, meta }) {
    if (since === this.#since) return;
    this.#since = since;
    if (this.#decided && !isSame(this.#decided, meta)) this.#send();
  }

  /** Nothing is wanted any more. @param {RealtimeError} error for those who wait */
  forget(error) {
    this.#wanted = null;
    this.#decided = null;
    this.#since = null;
    for (const { reject } of this.#callers.splice(0)) reject(error);
  }

  #send() {
    const wanted = this.#wanted;
    const callers = this.#callers.splice(0);
    this.#transmit({ type: "presence", meta: wanted }, (error, answer) => {
      if (error && BROKEN.includes(error.code)) return void this.#callers.unshift(...callers);
      if (wanted === this.#wanted) this.#answered(error, answer);
      for (const { resolve, reject } of callers) {
        if (error) reject(error);
        else resolve(answer.data);
      }
    });
  }

  /** @param {RealtimeError | null} error @param {any} answer */
  #answered(error, answer) {
    if (error) this.#wanted = null;
    else this.#decided = answer.data;
  }
}
