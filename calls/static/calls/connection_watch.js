/** What the desk knows of its connection, in words. */

import { connectionText, troubleTitle } from "./words/connection.js";

export class ConnectionWatch {
  #last;
  #retryAt = 0;
  #now;

  /**
   * `client` is the page's client, `stream` the subscription that the desk lives on. `lost()` is
   * called when the connection has gone, `changed(news)` after each change, with a sentence or "".
   * `now()` is this machine's time in milliseconds.
   */
  constructor(client, stream, { lost, changed, now = Date.now }) {
    this.#last = { state: client.state, wasOpen: false, deaf: false };
    this.#now = now;
    const setDeaf = (deaf) => {
      this.#last = { ...this.#last, deaf };
      changed("");
    };
    stream.on("subscribed", () => setDeaf(false));
    stream.on("unsubscribed", () => setDeaf(true));
    stream.on("error", () => setDeaf(true));
    client.on("state", (change) => {
      this.#take(change);
      if (change.previous === "open") lost();
      changed(this.#news(change));
    });
  }

  get state() {
    return this.#last.state;
  }

  /** Whether the server can be reached. */
  get isOpen() {
    return this.#last.state === "open";
  }

  /** What is wrong with it; "" if nothing is. */
  get trouble() {
    return connectionText(this.#last, Math.ceil((this.#retryAt - this.#now()) / 1000));
  }

  /** The same in two words. */
  get title() {
    return troubleTitle(this.#last);
  }

  #take({ state, previous, code, retryIn }) {
    this.#last = { state, code, wasOpen: this.#last.wasOpen || previous === "open", deaf: false };
    this.#retryAt = this.#now() + (retryIn ?? 0);
  }

  #news({ state, previous }) {
    if (state === "open") return this.#last.wasOpen ? "Connected again" : "";
    return previous === "open" || state === "closed" ? this.trouble : "";
  }
}
