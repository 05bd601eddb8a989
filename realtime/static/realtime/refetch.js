/** Fetches what a page shows again when its stream has begun again, and holds events back meanwhile. */

import { report } from "./emitter.js";
import { environmentWith } from "./environment.js";
import { Retry } from "./retry.js";

/**
 * What is fetched may lack an event that comes while it is on its way, so events wait for it, and are
 * applied to it. It may have some of them already: applying one twice has to be harmless.
 *
 * @template Event
 */
export class Refetch {
  #fetch;
  #apply;
  #retry;
  /** @type {Event[]} */
  #held = [];
  #running = false;
  #again = false;
  #stopped = false;

  /**
   * @param {() => Promise<() => void>} fetch returns what shows the page as it is now. What it
   *   throws is reported, and it is tried again later
   * @param {(event: Event) => void} apply
   * @param {import("./environment.js").Environment} [environment]
   */
  constructor(fetch, apply, environment = environmentWith()) {
    this.#fetch = fetch;
    this.#apply = apply;
    this.#retry = new Retry(environment, () => this.start());
  }

  /** Fetch; once more, if a fetch is under way that may be too early. */
  start() {
    this.#again = true;
    if (!this.#running && !this.#stopped) void this.#run();
  }

  /** Apply an event, now or after the fetch. @param {Event} event */
  take(event) {
    if (this.#running) this.#held.push(event);
    else this.#applyNow(event);
  }

  /** Forget all that is under way. */
  stop() {
    this.#stopped = true;
    this.#held = [];
    this.#retry.reset();
  }

  async #run() {
    this.#running = true;
    try {
      while (this.#again && !this.#stopped) {
        this.#again = false;
        const show = await this.#fetch();
        if (!this.#stopped) show();
        this.#release();
      }
      this.#retry.reset();
    } catch (error) {
      report(error);
      if (!this.#stopped) this.#retry.later();
    }
    this.#running = false;
    this.#release();
  }

  #release() {
    for (const event of this.#held.splice(0)) this.#applyNow(event);
  }

  /** @param {Event} event */
  #applyNow(event) {
    try {
      this.#apply(event);
    } catch (error) {
      report(error);
    }
  }
}
