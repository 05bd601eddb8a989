/** Shows the history: the last calls, older ones, and what a search has found. */

import { element, setAttribute, setOff, write } from "./dom.js";
import { fillPast } from "./past_row.js";
import { Rows } from "./rows.js";

const LOADING = "Older calls are on their way";

export class HistoryView {
  #rows = new Rows("past-template", fillPast);

  /** `history` is a `History`, `last` the calls over that the desk follows, `off` why none can be fetched. */
  draw(history, { last, agent, now, off }) {
    const rows = history.rows(last);
    this.#rows.draw({ last: rows }, { agent, now });
    const more = element("more");
    more.hidden = !history.hasMore || rows.length === 0;
    setAttribute(more, "data-pending", history.isLoading ? LOADING : null);
    setOff(more, history.isLoading ? LOADING : off);
    write(element("no-calls"), this.#emptyText(history));
  }

  /** Offers the agents by whom calls can be searched; the choice stays. */
  offerAgents(agents) {
    const select = element("search").elements.agent;
    const known = new Set([...select.options].map(({ value }) => value));
    for (const { id, name } of agents) if (!known.has(String(id))) select.add(new Option(name, id));
  }

  #emptyText(history) {
    if (history.isLoading) return "Searching";
    if (history.hasFailed) return "The search wasn't made.";
    return history.isSearch ? "No call like that." : "No calls yet.";
  }
}
