/** The server's clock as the page knows it, whatever this machine's clock shows. Milliseconds. */
export class ServerClock {
  #ahead = Infinity;

  /**
   * Takes an instant of the server's clock that arrived when this machine's clock showed `local`.
   *
   * Nothing arrives before it was sent, so the smallest difference is the most accurate one.
   */
  take(sent, local) {
    this.#ahead = Math.min(this.#ahead, local - sent);
  }

  /** Returns what the server's clock shows; this machine's own time before anything has arrived. */
  at(local) {
    return Number.isFinite(this.#ahead) ? local - this.#ahead : local;
  }
}
