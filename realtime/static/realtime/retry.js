/** Tries something again later, after pauses that grow as those between two connections. */

import { reconnectDelay } from "./protocol/backoff.js";

export class Retry {
  #environment;
  #attempt;
  #failures = 0;
  /** @type {any} */
  #timer;

  /** @param {import("./environment.js").Environment} environment @param {() => void} attempt */
  constructor(environment, attempt) {
    this.#environment = environment;
    this.#attempt = attempt;
  }

  /** It failed: try again after a pause, and not earlier. */
  later() {
    this.#environment.clearTimeout(this.#timer);
    const delay = reconnectDelay(++this.#failures, this.#environment.random());
    this.#timer = this.#environment.setTimeout(this.#attempt, delay);
  }

  /** No try is due, and the next pause is a short one. */
  reset() {
    this.#failures = 0;
    this.#environment.clearTimeout(this.#timer);
  }
}
