/** The rows of calls: each keeps its element as long as it is shown, so that focus stays in place. */

import { element, setAttribute } from "./dom.js";

export class Rows {
  #template;
  #fill;
  #rows = new Map();

  /** `template` is the id of the row's template. `fill(row, call, about)` writes a call into it. */
  constructor(template, fill) {
    this.#template = template;
    this.#fill = fill;
  }

  /** Shows the calls of each list, by the list's id; `about` is passed on to `fill`. */
  draw(lists, about) {
    const shown = new Set();
    for (const [name, calls] of Object.entries(lists)) {
      calls.forEach((call, index) => {
        const row = this.#row(call);
        this.#fill(row, call, about);
        putAt(element(name), index, row);
        shown.add(call.call);
      });
    }
    for (const key of this.#rows.keys()) if (!shown.has(key)) this.#drop(key);
  }

  #row(call) {
    if (!this.#rows.has(call.call)) {
      const row = element(this.#template).content.firstElementChild.cloneNode(true);
      row.dataset.call = call.call;
      this.#rows.set(call.call, row);
    }
    const row = this.#rows.get(call.call);
    setAttribute(row, "data-sid", call.sid);
    setAttribute(row, "data-state", call.state);
    setAttribute(row, "data-direction", call.direction);
    row.toggleAttribute("data-doubtful", Boolean(call.doubtful));
    return row;
  }

  #drop(key) {
    this.#rows.get(key).remove();
    this.#rows.delete(key);
  }
}

/** Keeps the focus on a call that moves; where the focused control has gone, its call gets the focus. */
export function keepingFocus(draw) {
  const focused = document.activeElement;
  const key = focused?.closest("[data-call]")?.dataset.call;
  draw();
  if (key === undefined) return;
  const usable = focused.isConnected && focused.offsetParent !== null;
  if (usable && document.activeElement === focused) return;
  (usable ? focused : document.querySelector(`[data-call="${key}"]`))?.focus();
}

function putAt(list, index, row) {
  if (list.children[index] !== row) list.insertBefore(row, list.children[index] ?? null);
}
