/**
 * What the agent has asked for, call by call, until the call has changed or it took too long.
 *
 * Nothing here touches the page, the network or a clock.
 */
export class Asked {
  #words = new Map();

  /** What was asked for the call, in words; undefined if nothing is under way. */
  get(sid) {
    return this.#words.get(sid)?.text;
  }

  has(sid) {
    return this.#words.has(sid);
  }

  /** Notes what is asked for; returns a function that ends it, unless something else is asked by then. */
  begin(sid, text) {
    const words = { text };
    this.#words.set(sid, words);
    return () => {
      if (this.#words.get(sid) === words) this.#words.delete(sid);
    };
  }

  /** The call has changed: whatever was asked for it is over. */
  end(sid) {
    this.#words.delete(sid);
  }
}
