/** The calls as the agent's stream tells of them: from the page's own list, or a snapshot, to now. */

import { doubted, merged, place, rebuilt, shown, trusted } from "./call_list.js";

/**
 * Keeps `known`, the Map of calls, up to date.
 *
 * While what was missed is not all there yet, calls that are not over are in doubt: one that began
 * to ring in the gap may have been answered in it.
 */
export class FollowedCalls {
  known;
  #announced = new Map();
  #stream;
  #fetchList;
  #changed;
  #fetching = new AbortController();
  #lastComplete = true;

  /**
   * `stream`: the subscription. `list`: what the page came with. `fetchList(signal)`: resolves to the
   * list, null once aborted. `changed(before)`: `known` has changed; whatever differs from `before`
   * is news, and nothing is while something missed is not there yet.
   */
  constructor(stream, list, { fetchList, changed }) {
    this.known = doubted(merged(new Map(), list));
    this.#stream = stream;
    this.#fetchList = fetchList;
    this.#changed = changed;
    stream.on("subscribed", ({ recovered }) => recovered && this.#resumed());
    stream.on("reset", ({ snapshot }) => this.#begin(snapshot));
    stream.on("*", (data, { name }) => this.#take(name === "call.state" ? [data] : []));
    stream.on("unsubscribed", () => this.lost());
    stream.on("error", () => this.lost());
  }

  /** Whether every call that the desk should show is known, as it is now. */
  get complete() {
    return this.#lastComplete && this.#stream.caughtUp;
  }

  /** The stream can't be heard now. */
  lost() {
    this.#fetching.abort();
    this.#announced = doubted(this.#announced); // What rings again then is news.
    this.#take([]);
  }

  #resumed() {
    this.#take([]);
    if (!this.#lastComplete) this.#fetch();
  }

  // A snapshot has the active calls; how those that it lacks have ended, the list tells.
  #begin({ calls } = { calls: [] }) {
    const over = [...this.known].filter(([, call]) => place(call) === "last");
    this.#learn(merged(new Map(over), calls));
    this.#fetch();
  }

  async #fetch() {
    this.#fetching.abort();
    this.#fetching = new AbortController();
    this.#lastComplete = false;
    const before = this.known;
    const list = await this.#fetchList(this.#fetching.signal);
    if (!list) return;
    this.#lastComplete = true;
    this.#learn(rebuilt(this.known, list, before));
  }

  #take(news) {
    this.#learn(merged(this.known, news));
  }

  #learn(calls) {
    const { caughtUp } = this.#stream;
    this.known = shown(caughtUp ? trusted(calls) : doubted(calls));
    const before = caughtUp ? this.#announced : this.known;
    if (caughtUp) this.#announced = this.known;
    this.#changed(before);
  }
}
