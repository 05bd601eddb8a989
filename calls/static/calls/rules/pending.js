/**
 * The actions that are pending, at most one for each call: what the agent asked for and the server
 * hasn't done yet. The change may come as an event before the answer to the request.
 *
 * Nothing here touches the page, the network or a clock.
 */
export class PendingActions {
  #actions = new Map();

  /** Returns the call's pending action in words; undefined if there is none. */
  get(call) {
    const action = this.#actions.get(call);
    return action?.isPending ? action.text : undefined;
  }

  has(call) {
    return this.get(call) !== undefined;
  }

  /** Says whether the server hasn't answered the call's last request yet. */
  isUnanswered(call) {
    return this.#actions.get(call)?.isUnanswered ?? false;
  }

  /** Begins an action; returns what to call when the server has answered, and when the action ends. */
  begin(call, text) {
    const action = { text, isPending: true, isUnanswered: true };
    this.#actions.set(call, action);
    return {
      answered: () => (action.isUnanswered = false),
      end: () => (action.isPending = false),
    };
  }

  /** Ends the call's action, because the call has changed. */
  end(call) {
    const action = this.#actions.get(call);
    if (action) action.isPending = false;
  }
}
