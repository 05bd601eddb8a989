/** The events of a `HeartbeatSocket` that carry more than the browser's own do. */

/** The connection, or an attempt to make one, has ended. */
export class SocketCloseEvent extends Event {
  /**
   * @param {{code: number, reason: string, wasClean: boolean}} ending
   * @param {number | null} retryIn milliseconds until the next attempt; null: it stays closed;
   *   Infinity: the page goes into the back-forward cache, and connects when it comes back
   */
  constructor({ code, reason, wasClean }, retryIn) {
    super("close");
    this.code = code;
    this.reason = reason;
    this.wasClean = wasClean;
    this.retryIn = retryIn;
  }
}

/** Something failed; where a connection failed, a close event follows. */
export class SocketErrorEvent extends Event {
  /** @param {Error} error */
  constructor(error) {
    super("error");
    this.error = error;
    this.message = error.message;
  }
}
