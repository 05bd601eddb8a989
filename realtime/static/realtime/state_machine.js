/** A state with a name, which changes only along a table of moves. */

/** @template {string} Name */
export class StateMachine {
  #moves;
  #value;

  /**
   * @param {Readonly<Record<Name, readonly Name[]>>} moves from each state to the next ones
   * @param {Name} start
   */
  constructor(moves, start) {
    this.#moves = moves;
    this.#value = start;
  }

  get value() {
    return this.#value;
  }

  /**
   * Change the state.
   *
   * @param {Name} to
   * @returns {Name} the previous state
   * @throws {Error} if the table has no such move
   */
  move(to) {
    const previous = this.#value;
    if (!this.#moves[previous].includes(to)) throw new Error(`no move from ${previous} to ${to}`);
    this.#value = to;
    return previous;
  }
}
