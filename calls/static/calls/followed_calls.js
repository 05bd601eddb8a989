/** The calls of the agent's stream: the page's own list or a snapshot, kept up to date by events. */

import { doubted, kept, merged, rebuilt, trusted } from "./rules/call_list.js";
import { isOver } from "./rules/call_rules.js";

/**
 * Keeps `known`, the Map of calls, up to date.
 *
 * Until all missed events have arrived, active calls are in doubt: a call that began to ring in the
 * gap may have been answered in it.
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
   * `stream` is the subscription, `list` the list that the page was rendered with. `fetchList(signal)`
   * resolves to the list, or to null once aborted. `changed(before)` is called when `known` has
   * changed: the differences from `before` are news. Until all missed events have arrived, there are
   * none.
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

  /** True when all calls that the desk should show are known, in their present state. */
  get complete() {
    return this.#lastComplete && this.#stream.caughtUp;
  }

  /** The connection to the stream is lost. */
  lost() {
    this.#fetching.abort();
    this.#announced = doubted(this.#announced); // A call that rings again afterwards is news.
    this.#take([]);
  }

  #resumed() {
    this.#take([]);
    if (!this.#lastComplete) this.#fetch();
  }

  // A snapshot has the active calls only; the list says how the others ended.
  #begin({ calls } = { calls: [] }) {
    const over = [...this.known].filter(([, call]) => isOver(call));
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
    this.known = kept(caughtUp ? trusted(calls) : doubted(calls));
    const before = caughtUp ? this.#announced : this.known;
    if (caughtUp) this.#announced = this.known;
    this.#changed(before);
  }
}
