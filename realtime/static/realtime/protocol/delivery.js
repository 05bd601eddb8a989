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
    this.checked(offset);
    if (offset === this.position.offset + 1) return [event, ...this.#advance(offset)];
    if (this.#ahead.size < MAX_AHEAD) this.#ahead.set(offset, event);
    return [];
  }

  /** Take an event that is not kept; it waits while there is a hole. @param {any} event */
  ephemeral(event) {
    if (!this.hasHole) return [event];
    this.#ephemeral = [...this.#ephemeral, event].slice(-MAX_EPHEMERAL);
    return [];
  }

  /** Note that the last event in the present epoch has the offset `top`. @param {number} top */
  checked(top) {
    this.#top = Math.max(this.#top, top);
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
    for (; this.#ahead.has(reached + 1); reached += 1) {
      handedOut.push(this.#ahead.get(reached + 1));
      this.#ahead.delete(reached + 1);
    }
    this.position = { ...this.position, offset: reached };
    return this.hasHole ? handedOut : [...handedOut, ...this.#ephemeral.splice(0)];
  }
}
