/**
 * The named states of a connection, and the moves between them.
 *
 * idle: never asked to connect. connecting: an attempt is under way. open: in use. waiting: lost,
 * and coming back by itself. closed: stays so until somebody asks.
 */

/** @typedef {"idle" | "connecting" | "open" | "waiting" | "closed"} State */

/** @type {Readonly<Record<State, readonly State[]>>} */
export const MOVES = Object.freeze({
  idle: ["connecting"],
  connecting: ["open", "waiting", "closed"],
  open: ["waiting", "closed"],
  waiting: ["connecting", "closed"],
  closed: ["connecting"],
});

/** One connection's state; `move` is the only way to change it. */
export class ConnectionState {
  /** @type {State} */
  #value = "idle";

  get value() {
    return this.#value;
  }

  /**
   * Change the state.
   *
   * @param {State} to
   * @returns {State} the previous state
   * @throws {Error} if the table has no such move
   */
  move(to) {
    const previous = this.#value;
    if (!MOVES[previous].includes(to)) throw new Error(`no move from ${previous} to ${to}`);
    this.#value = to;
    return previous;
  }
}
