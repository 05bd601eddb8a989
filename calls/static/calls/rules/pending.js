/**
 * The actions that are pending, at most one for each call: what the agent asked for and the server
 * hasn't done yet.
 *
 * Nothing here touches the page, the network or a clock.
 */
export class PendingActions {
  #actions = new Map();

  /** Returns the call's pending action in words; undefined if there is none. */
  get(call) {
    return this.#actions.get(call)?.text;
  }

  has(call) {
    return this.#actions.has(call);
  }

  /** Begins an action; returns a function that ends it, unless another one has begun by then. */
  begin(call, text) {
    const action = { text };
    this.#actions.set(call, action);
    return () => {
      if (this.#actions.get(call) === action) this.#actions.delete(call);
    };
  }

  /** Ends the call's action, because the call has changed. */
  end(call) {
    this.#actions.delete(call);
  }
}
