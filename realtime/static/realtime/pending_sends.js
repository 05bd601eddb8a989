/** Messages of the page that wait until their subscription is made. */

/** @typedef {{transmit: () => void, reject: (error: Error) => void}} Send */

export class PendingSends {
  /** @type {Send[]} */
  #sends = [];

  /** @param {Send} send */
  add(send) {
    this.#sends.push(send);
  }

  /** Send them all, oldest first. */
  transmit() {
    for (const { transmit } of this.#sends.splice(0)) transmit();
  }

  /** None of them will be sent. @param {Error} error */
  reject(error) {
    for (const { reject } of this.#sends.splice(0)) reject(error);
  }
}
