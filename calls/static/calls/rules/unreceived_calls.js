/** The calls that no desk has received, and what has become of them. */

/** Calls that the list shows; the oldest go. */
const MAX_LISTED = 50;

export class UnreceivedCalls {
  #calls = new Map();
  #followed = new Set();

  /** Takes the active ones from the server; those that are over stay listed. */
  replace(calls) {
    for (const call of calls) this.add(call);
  }

  /** Takes one, unless a later state of it is known. */
  add(call) {
    const known = this.#calls.get(call.call);
    if (!known || known.version <= call.version) this.#calls.set(call.call, call);
    for (const oldest of [...this.#calls.keys()].slice(0, -MAX_LISTED)) this.#calls.delete(oldest);
  }

  /** Takes a later state of one that is listed. */
  update(call) {
    if (this.#calls.has(call.call)) this.add(call);
  }

  /** Returns those that are new since the last time. */
  unfollowed() {
    const calls = [...this.#calls.values()].filter(({ call }) => !this.#followed.has(call));
    for (const { call } of calls) this.#followed.add(call);
    return calls;
  }

  /** The newest first. */
  listed() {
    return [...this.#calls.values()].reverse();
  }
}
