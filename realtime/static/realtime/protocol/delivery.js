/**
 * In which order the events of a stream are handed out: each once, none early, no hole.
 *
 * `delivery.py` holds the same rules; `tests/vectors/delivery.json` runs on both.
 */

/** Ephemeral events that wait while a hole is filled; the oldest go. */
export const MAX_EPHEMERAL = 100;

/** Events that wait behind a hole; later ones have to come again. */
export const MAX_AHEAD = 1000;

/** @typedef {import("./position.js").Position} Position */

/** The delivery of one stream; what is to be handed out now is returned, in order. */
export class Delivery {
  #top;
  /** @type {Map<number, any>} */
  #ahead = new Map();
  /** @type {any[]} */
  #ephemeral = [];

  /** @param {Position} position */
  constructor(position) {
    this.position = position;
    this.#top = position.offset;
  }

  /** Whether events after `position` are known of that did not come. */
  get hasHole() {
    return this.#top > this.position.offset;
  }

  /** Take an event of the present epoch. @param {number} offset @param {any} event */
  take(offset, event) {
    if (offset <= this.position.offset) return [];
    this.#top = Math.max(this.#top, offset);
    if (offset === this.position.offset + 1) return [event, ...this.#advance(offset)];
    // Of two that differ one is untrue: the event has to come again.
    if (this.#ahead.has(offset)) this.#ahead.set(offset, this.#ahead.get(offset) === event ? event : null);
    else if (this.#ahead.size < MAX_AHEAD) this.#ahead.set(offset, event);
    return [];
  }

  /**
   * Pass over the events after one offset, up to another: they are not for this page.
   *
   * @param {number} after
   * @param {number} offset
   */
  skip(after, offset) {
    if (offset <= this.position.offset) return [];
    this.#top = Math.max(this.#top, offset);
    return after <= this.position.offset ? this.#advance(offset) : [];
  }

  /** Take an event that is not kept; it waits while there is a hole. @param {any} event */
  ephemeral(event) {
    if (!this.hasHole) return [event];
    this.#ephemeral = [...this.#ephemeral, event].slice(-MAX_EPHEMERAL);
    return [];
  }

  /**
   * Note that the log's last event in the present epoch has the offset `top`: what came from beyond
   * it is not there, and is waited for no more.
   *
   * @param {number} top
   */
  checked(top) {
    this.#top = Math.max(top, this.position.offset);
    for (const offset of this.#ahead.keys()) if (offset > top) this.#ahead.delete(offset);
    return this.#advance(this.position.offset);
  }

  /** Start again from `position`; what waited ephemerally is handed out. @param {Position} position */
  reset(position) {
    this.position = position;
    this.#top = position.offset;
    this.#ahead.clear();
    return this.#ephemeral.splice(0);
  }

  /** Move to `offset` and on, over all that waits right behind it. @param {number} offset */
  #advance(offset) {
    const handedOut = [];
    let reached = offset;
    for (let event = this.#pop(reached + 1); event !== null; event = this.#pop(reached + 1)) {
      handedOut.push(event);
      reached += 1;
    }
    this.position = { ...this.position, offset: reached };
    return this.hasHole ? handedOut : [...handedOut, ...this.#ephemeral.splice(0)];
  }

  /** Take out what waits, null where nothing does. @param {number} offset */
  #pop(offset) {
    const event = this.#ahead.get(offset) ?? null;
    this.#ahead.delete(offset);
    return event;
  }
}
