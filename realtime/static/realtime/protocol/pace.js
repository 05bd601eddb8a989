/**
 * How fast a client may send, so that it stays within the server's rate: the rules, without a clock.
 *
 * The server's bucket (`rate.py`) fills by `perSecond` and holds two seconds' worth. It counts frames
 * as they arrive, and a network may hold them back and deliver them together. So this bucket holds one
 * second's worth, and half a second's worth may be unanswered.
 */

/** Of the server's rate; the rest is for pings, which nothing delays. */
const SHARE_OF_COMMANDS = 0.9;

/** Times are in seconds, of any steady clock. */
export class Pace {
  #perSecond;
  #capacity;
  #left;
  #at;

  /** @param {number} perSecond frames, as the server announced it @param {number} now */
  constructor(perSecond, now) {
    this.#perSecond = perSecond * SHARE_OF_COMMANDS;
    this.#capacity = Math.max(1, perSecond);
    this.#left = this.#capacity;
    this.#at = now;
    /** Frames that may be on their way or unanswered. */
    this.window = Math.max(1, Math.floor(perSecond / 2));
  }

  /**
   * Take leave to send one frame.
   *
   * @param {number} now
   * @returns {number} the seconds until there is leave; 0 where it was given
   */
  take(now) {
    this.#left = Math.min(this.#capacity, this.#left + (now - this.#at) * this.#perSecond);
    this.#at = now;
    if (this.#left < 1) return (1 - this.#left) / this.#perSecond;
    this.#left -= 1;
    return 0;
  }
}
