/** Draws the desk. Each call keeps its element as long as it is shown, so that focus stays in place. */

import { arranged, place } from "./call_list.js";
import { clockText, isMine, otherSide, statusText } from "./wording.js";

const timeOfDay = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const dayAndTime = new Intl.DateTimeFormat(undefined, {
  day: "numeric",
  month: "short",
  hour: "numeric",
  minute: "2-digit",
});

export class DeskView {
  #agent;
  #rows = new Map();
  #page = document.documentElement;
  #title = document.title;

  constructor(agent) {
    this.#agent = agent;
  }

  /** Shows the present state; `pending` has the pending actions by the calls' sids. */
  draw({ calls, complete, ringing, pending, connection, blocked, now }) {
    this.#page.dataset.connection = connection.state;
    this.#page.toggleAttribute("data-ringing", ringing.length > 0);
    if (ringing.length === 0) this.announce("urgent", "");
    document.title = ringing.length > 0 ? `Call from ${otherSide(ringing[0])}` : this.#title;
    element("desk").toggleAttribute("data-complete", complete);
    element("sound-hint").hidden = !blocked;
    this.#drawConnection(connection);
    keepingFocus(() => this.#drawCalls(arranged(calls), pending, now));
  }

  /** Shows a sentence: in "colleagues", or where a screen reader says it, "news", "urgent", ... */
  announce(kind, sentence) {
    write(element(kind), sentence);
  }

  #drawConnection({ state, trouble }) {
    write(element("trouble-text"), trouble);
    element("trouble").hidden = trouble === "";
    element("reload").hidden = state !== "closed";
  }

  #drawCalls(places, pending, now) {
    const shown = new Set();
    for (const [name, calls] of Object.entries(places)) {
      calls.forEach((call, index) => {
        const row = this.#row(call.sid);
        this.#fill(row, call, pending.get(call.sid), now);
        putAt(element(name), index, row);
        shown.add(call.sid);
      });
    }
    for (const sid of this.#rows.keys()) if (!shown.has(sid)) this.#drop(sid);
  }

  #row(sid) {
    if (!this.#rows.has(sid)) {
      const row = element("call-template").content.firstElementChild.cloneNode(true);
      row.dataset.sid = sid;
      this.#rows.set(sid, row);
    }
    return this.#rows.get(sid);
  }

  #drop(sid) {
    this.#rows.get(sid).remove();
    this.#rows.delete(sid);
  }

  #fill(row, call, action, now) {
    if (row.dataset.state !== call.state) row.dataset.state = call.state;
    row.dataset.direction = call.direction === "inbound" ? "inbound" : "outbound";
    row.toggleAttribute("data-doubtful", call.doubtful);
    write(part(row, "status"), action ?? statusText(call, this.#agent));
    write(part(row, "number"), otherSide(call));
    write(part(row, "clock"), clockOf(call, now));
    write(part(row, "when"), whenOf(call, now));
    this.#fillButtons(row, call, action);
  }

  #fillButtons(row, call, action) {
    const waits = place(call) === "incoming";
    const word = waits ? "Decline" : "Hang up";
    write(part(row, "hangup-word"), word);
    part(row, "answer").hidden = !waits;
    part(row, "hangup").hidden = !(waits || this.#canHangUp(call));
    part(row, "decline-key").hidden = !waits;
    part(row, "answer").ariaLabel = `Answer ${otherSide(call)}`;
    part(row, "hangup").ariaLabel = `${word} ${otherSide(call)}`;
    for (const button of row.querySelectorAll("button")) button.ariaDisabled = String(Boolean(action));
  }

  #canHangUp(call) {
    return place(call) === "active" && (!call.answered_by || isMine(call, this.#agent));
  }
}

function element(id) {
  return document.getElementById(id);
}

function part(row, name) {
  return row.querySelector(`[data-part=${name}]`);
}

// A screen reader would read the same text again if it were written again.
function write(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

function putAt(list, index, row) {
  if (list.children[index] !== row) list.insertBefore(row, list.children[index] ?? null);
}

/** Keeps the focus on a call that moves; if the focused button is hidden, its call gets the focus. */
function keepingFocus(draw) {
  const focused = document.activeElement;
  draw();
  const row = focused?.closest("[data-sid]");
  if (!row?.isConnected) return;
  const usable = focused.offsetParent !== null;
  if (!usable || document.activeElement !== focused) (usable ? focused : row).focus();
}

function clockOf(call, now) {
  if (place(call) === "incoming") return clockText(now - call.started_at);
  if (call.answered_at === null) return "";
  return clockText((place(call) === "last" ? call.ended_at : now) - call.answered_at);
}

function whenOf(call, now) {
  const today = new Date(now).toDateString() === new Date(call.started_at).toDateString();
  return (today ? timeOfDay : dayAndTime).format(call.started_at);
}
