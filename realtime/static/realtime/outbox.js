/** What the page sends while there is no connection, up to a limit. */

/** @typedef {string | ArrayBuffer | Blob | ArrayBufferView} Message */

export class Outbox {
  /** @type {Message[]} */
  #messages = [];
  #limit;

  /** @param {number} limit messages */
  constructor(limit) {
    this.#limit = limit;
  }

  /** Bytes, strings counted as characters. */
  get size() {
    return this.#messages.reduce((sum, message) => sum + sizeOf(message), 0);
  }

  /**
   * Keep a message for later.
   *
   * @param {Message} message
   * @returns {boolean} false if there was no room, and the message is dropped
   */
  add(message) {
    if (this.#messages.length >= this.#limit) return false;
    this.#messages.push(message);
    return true;
  }

  /** Hand out all messages, oldest first, and forget them. */
  take() {
    return this.#messages.splice(0);
  }
}

/** @param {Message} message */
function sizeOf(message) {
  if (typeof message === "string") return message.length;
  return message instanceof Blob ? message.size : message.byteLength;
}
