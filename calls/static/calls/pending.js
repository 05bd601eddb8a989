/**
 * The actions that are pending, at most one for each call: what the agent asked for and the server
 * hasn't done yet.
 *
 * Nothing here touches the page, the network or a clock.
 */
export class PendingActions {
  #actions = new Map();

  /** Returns the call's pending action in words; undefined if there is none. */
  get(sid) {
    return this.#actions.get(sid)?.text;
  }

  has(sid) {
    return this.#actions.has(sid);
  }

  /** Begins an action; returns a function that ends it, unless another one has begun by then. */
  begin(sid, text) {
    const action = { text };
    this.#actions.set(sid, action);
    return () => {
      if (this.#actions.get(sid) === action) this.#actions.delete(sid);
    };
  }

  /** Ends the call's action, because the call has changed. */
  end(sid) {
    this.#actions.delete(sid);
  }
}
