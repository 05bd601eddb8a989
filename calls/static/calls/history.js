/** The history of calls: the last ones, older ones page by page, and what a search finds. */

import { lastEndedFirst, merged } from "./rules/call_list.js";
import { isOver } from "./rules/call_rules.js";

// Of the server. A desk that follows fewer calls follows all, if it did so at first.
const PAGE = 20;
const NO_SEARCH = Object.freeze({ q: "", agent: "" });

/**
 * Shows the calls that the desk follows anyway, until the agent asks for more or for others.
 *
 * `fetchPage(query)` resolves to `{calls, next}`; `next` is the cursor of the page after it, null
 * on the last one. `isAll` says whether the list of the page itself lacks none.
 * `changed()` is called when there is something else to show.
 */
export class History {
  #fetchPage;
  #changed;
  #search = NO_SEARCH;
  /** The pages so far; null while only the last calls are shown. */
  #fetched = null;
  #next = null;
  #request = null;
  #isAll;
  #hasFailed = false;

  constructor({ fetchPage, changed, isAll = false }) {
    this.#fetchPage = fetchPage;
    this.#isAll = isAll;
    this.#changed = changed;
  }

  /** Whether an answer is due. */
  get isLoading() {
    return this.#request !== null;
  }

  /** Whether there may be older calls than those shown. */
  get hasMore() {
    return this.#fetched === null ? !this.#isAll : this.#next !== null;
  }

  /** Whether the server didn't make the search. */
  get hasFailed() {
    return this.#hasFailed;
  }

  /** The server has listed the last calls again; there are older ones if `next` says so. */
  listed({ next }) {
    this.#isAll = next === null;
  }

  get isSearch() {
    return this.#search.q !== "" || this.#search.agent !== "";
  }

  /** Returns the calls to show; `last` are those over among the calls that the desk follows. */
  rows(last) {
    if (last.length >= PAGE) this.#isAll = false;
    if (this.#fetched === null) return this.isSearch ? [] : last;
    this.#absorb(last);
    return [...this.#fetched.values()].filter(isOver).sort(lastEndedFirst);
  }

  /** Shows what matches `q`, a number or a name, and the agent with the key `agent`; all for "". */
  async search({ q = "", agent = "" }) {
    this.#search = { q: q.trim(), agent };
    this.#fetched = null;
    this.#next = null;
    this.#request = null;
    this.#hasFailed = false;
    if (this.isSearch) await this.#load({});
    else this.#changed();
  }

  /** Shows one page more. */
  async more() {
    if (this.isLoading || !this.hasMore) return;
    // The desk follows calls without pages. Its own list and the first page meet in any case.
    if (this.#fetched === null) await this.#load({});
    if (this.#next !== null) await this.#load({ before: this.#next });
  }

  async #load(position) {
    const request = {};
    this.#request = request;
    this.#hasFailed = false;
    this.#changed();
    try {
      const { calls, next } = await this.#fetchPage({ ...this.#query(), ...position });
      if (this.#request !== request) return;
      this.#fetched = merged(this.#fetched ?? new Map(), calls);
      this.#next = next ?? null;
    } catch (error) {
      if (this.#request === request) this.#hasFailed = true;
      throw error;
    } finally {
      if (this.#request === request) {
        this.#request = null;
        this.#changed();
      }
    }
  }

  #query() {
    return Object.fromEntries(Object.entries(this.#search).filter(([, value]) => value !== ""));
  }

  // Without a search every call that ends belongs here; with one, the server says which.
  #absorb(last) {
    const known = this.isSearch ? last.filter(({ call }) => this.#fetched.has(call)) : last;
    this.#fetched = merged(this.#fetched, known);
  }
}
