/**
 * When to ping, and when to give a peer up: the rules of one heartbeat, without a clock.
 *
 * Every method takes `now` (seconds, any steady clock) and nothing here sleeps, sends or draws
 * random numbers. `heartbeat.py` holds the same rules; `tests/vectors/heartbeat.json` runs on both.
 */

/** Seconds that a client waits for the pong to its own ping. */
export const PROBE_TIMEOUT = 3;

/** Seconds by which this end may oversleep before it is itself the suspect. */
export const LATE = 1;

/**
 * Seconds between two checks of a client's clock. On some systems timers stand still while the
 * machine sleeps, and one timer for the whole of the silence would sit out its rest after that.
 */
export const CHECK_CLOCK_EVERY = 5;

/**
 * The server pings by the clock; the client listens for that, and pings when in doubt.
 *
 * @typedef {"server" | "client"} Role
 */

/**
 * What the driver has to do now.
 *
 * @typedef {"wait" | "ping" | "stale"} Verdict
 */

/** The state of one end's heartbeat. */
export class Heartbeat {
  /** The last round trip in seconds. @type {number | null} */
  latency = null;
  #answerWithin;
  #silenceLimit;
  #checkClockEvery;
  #receivedAt;
  #checkedAt;
  #role;
  #movingAt = -Infinity;
  #overslept = false;
  #nextPing;
  /** @type {Map<string, number>} */
  #inFlight = new Map();

  /**
   * @param {Role} role
   * @param {number} interval seconds between two pings of the server, which announces it
   * @param {number} timeout seconds that the server waits for a pong, announced too
   * @param {{now: number, jitter?: number}} start `jitter` (0 to 1, drawn by the caller) delays the
   *   server's first ping, so that sockets which came together don't beat together
   */
  constructor(role, interval, timeout, { now, jitter = 1 }) {
    const server = role === "server";
    this.#role = role;
    this.interval = interval;
    this.#answerWithin = server ? timeout : PROBE_TIMEOUT;
    this.#silenceLimit = server ? Infinity : interval + timeout;
    this.#checkClockEvery = server ? Infinity : CHECK_CLOCK_EVERY;
    this.#receivedAt = now;
    this.#checkedAt = now;
    this.#nextPing = server ? now + jitter * interval : Infinity;
  }

  /** The instant at which the peer is stale unless a frame comes before. */
  get deadline() {
    const silenceEnds = this.#receivedAt + this.#silenceLimit;
    const [oldest] = this.#inFlight.values();
    if (oldest === undefined) return silenceEnds;
    return Math.min(silenceEnds, Math.max(oldest, this.#movingAt) + this.#answerWithin);
  }

  /** The instant at which to call `wake` next, unless something else happens before. */
  get wakeAt() {
    return Math.min(this.#due, this.#nextPing);
  }

  get #due() {
    return Math.min(this.deadline, this.#checkedAt + this.#checkClockEvery);
  }

  /**
   * Say what to do at `now`; "ping" is to be followed by `ping()`.
   *
   * Waking more than `LATE` seconds after a deadline, or after a check of the clock, shows that this
   * process was stopped, and the peer's frames may lie unread: all clocks start again, with a ping.
   * A client does so only once until it receives something, since a browser's timers may always be
   * late, and it would ping without end.
   *
   * @param {number} now
   * @returns {Verdict}
   */
  wake(now) {
    const late = now - this.#due > LATE;
    this.#checkedAt = now;
    if (late && (this.#role === "server" || !this.#overslept)) {
      this.#overslept = true;
      this.#inFlight.clear();
      this.#receivedAt = now;
      return "ping";
    }
    if (now >= this.deadline) return "stale";
    return now >= this.#nextPing ? "ping" : "wait";
  }

  /**
   * Note that a ping with `nonce` goes out; a client's probe calls this too.
   *
   * @param {string} nonce
   * @param {number} now
   */
  ping(nonce, now) {
    this.#inFlight.set(nonce, now);
    if (this.#nextPing !== Infinity) this.#nextPing = now + this.interval;
  }

  /**
   * Note that a frame of any kind came from the peer.
   *
   * @param {number} now
   */
  received(now) {
    this.#receivedAt = now;
    this.#checkedAt = now;
    this.#overslept = false;
  }

  /**
   * Note that what was sent before the pings in flight is still on its way to the peer.
   *
   * @param {number} now
   */
  moving(now) {
    this.#movingAt = now;
  }

  /**
   * Take a pong; returns the round trip in seconds, or null if no such ping is in flight.
   *
   * It answers its own ping and all earlier ones, since the socket keeps their order.
   *
   * @param {string} nonce
   * @param {number} now
   * @returns {number | null}
   */
  pong(nonce, now) {
    const sentAt = this.#inFlight.get(nonce);
    if (sentAt === undefined) return null;
    for (const earlier of this.#inFlight.keys()) {
      this.#inFlight.delete(earlier);
      if (earlier === nonce) break;
    }
    this.received(now);
    this.latency = now - sentAt;
    return this.latency;
  }
}
