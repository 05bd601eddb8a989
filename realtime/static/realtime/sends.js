/** Messages of the page to the application behind a stream; some wait until it is subscribed. */

import { RealtimeError, notConnected } from "./requests.js";

/** @typedef {{name: string, data: unknown, resolve: (data: any) => void,
 *   reject: (error: Error) => void}} Send */

export class Sends {
  #transmit;
  /** @type {Send[]} */
  #pending = [];

  /** @param {(message: import("./requests.js").Command, answered: import("./requests.js").Answered) => void} transmit */
  constructor(transmit) {
    this.#transmit = transmit;
  }

  /**
   * @param {string} name
   * @param {unknown} data
   * @param {"now" | "later" | "never" | "ended"} when that of the subscription
   * @returns {Promise<any>} the reply's data
   */
  add(name, data, when) {
    return new Promise((resolve, reject) => {
      JSON.stringify(data); // What it can't carry is refused now, not in the middle of subscribing.
      if (when === "ended") throw new RealtimeError("not_subscribed");
      if (when === "never") throw notConnected();
      this.#pending.push({ name, data, resolve, reject });
      if (when === "now") this.transmit();
    });
  }

  /** Send all that wait, oldest first. */
  transmit() {
    for (const { name, data, resolve, reject } of this.#pending.splice(0)) {
      this.#transmit({ type: "send", name, data }, (error, answer) => {
        if (error) reject(error);
        else resolve(answer.data);
      });
    }
  }

  /** None of them will be sent. @param {Error} error */
  reject(error) {
    for (const { reject } of this.#pending.splice(0)) reject(error);
  }
}
