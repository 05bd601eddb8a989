/** The line between the page and its server, which a developer may disturb. */

/** @typedef {{cut: () => void, ping: () => void}} Ends */

/**
 * What passes goes on in its order, however it was held up.
 *
 * A frozen line is a pulled cable: nothing passes, neither end learns of it, and what was held up passes
 * when it thaws. While the page misses events, those of the log don't reach it, as if its tab had
 * slept; the heartbeat goes on.
 */
export class Line {
  /** Milliseconds that each frame takes longer, in each direction. */
  delay = 0;
  isMissing = false;
  /** Events that the page has missed. */
  missed = 0;
  #isFrozen = false;
  /** What waits for the thaw. @type {(() => void)[]} */
  #held = [];
  #setTimeout;
  #now;
  /** @type {Set<Ends>} of each socket */
  #sockets = new Set();
  /** @type {Map<object, number>} when the last frame of each direction of each socket arrives */
  #arrivals = new Map();

  /** @param {{setTimeout?: (work: () => void, milliseconds: number) => any, now?: () => number}} [clock] */
  constructor({ setTimeout = (work, milliseconds) => globalThis.setTimeout(work, milliseconds), now = () => performance.now() } = {}) {
    this.#setTimeout = setTimeout;
    this.#now = now;
  }

  get isFrozen() {
    return this.#isFrozen;
  }

  /** Let nothing pass from now on. */
  freeze() {
    this.#isFrozen = true;
  }

  /** Let pass what was held up, and what comes. */
  thaw() {
    this.#isFrozen = false;
    for (const arrive of this.#held.splice(0)) arrive();
  }

  /** Keep events of the log from the page from now on. */
  miss() {
    this.isMissing = true;
  }

  /** End all connections; the page comes back, and has replayed what it missed. */
  lose() {
    this.#isFrozen = false;
    this.#held = [];
    this.isMissing = false;
    this.missed = 0;
    for (const { cut } of [...this.#sockets]) cut();
  }

  /** Measure the round trip of each connection. */
  measure() {
    for (const { ping } of this.#sockets) ping();
  }

  /** @param {Ends} ends @returns {() => void} forgets them */
  add(ends) {
    this.#sockets.add(ends);
    return () => this.#sockets.delete(ends);
  }

  /**
   * Hand a frame on, later where the line is slow or frozen.
   *
   * @param {object} direction one of one socket: its frames stay in order
   * @param {boolean} isEvent of the log, on its way to the page
   * @param {() => void} arrive
   */
  pass(direction, isEvent, arrive) {
    if (isEvent && this.isMissing) {
      this.missed += 1;
      return;
    }
    const now = this.#now();
    const arrival = Math.max(now + this.delay, this.#arrivals.get(direction) ?? 0);
    if (arrival <= now) return this.#arrive(arrive);
    this.#arrivals.set(direction, arrival);
    this.#setTimeout(() => {
      if (this.#arrivals.get(direction) === arrival) this.#arrivals.delete(direction);
      this.#arrive(arrive);
    }, arrival - now);
  }

  /** @param {() => void} arrive */
  #arrive(arrive) {
    if (this.#isFrozen) this.#held.push(arrive);
    else arrive();
  }
}
