/** Commands of one connection and their answers, matched by `ref`. */

/**
 * Commands without an answer at a time. The server closes the socket when more than 32 frames wait
 * for a busy application.
 */
export const WINDOW = 16;

/** A command was refused, or its outcome isn't known. */
export class RealtimeError extends Error {
  /**
   * @param {string} code one of the protocol's; or `unknown_outcome`: sent, and the connection broke
   *   before the answer; or `not_connected`: never sent
   * @param {string} [message]
   */
  constructor(code, message = code) {
    super(message);
    this.name = "RealtimeError";
    this.code = code;
  }
}

/** @typedef {(error: RealtimeError | null, answer: any) => void} Answered */

export class Requests {
  #transmit;
  #ref = 0;
  /** @type {Map<number, Answered>} */
  #unanswered = new Map();
  /** @type {{ref: number, text: string, answered: Answered}[]} */
  #waiting = [];

  /** @param {(text: string) => void} transmit */
  constructor(transmit) {
    this.#transmit = transmit;
  }

  /**
   * Send a command as soon as there is room for it.
   *
   * @param {object} frame without its `ref`
   * @param {Answered} answered called once, with an error or with the answer
   * @throws {TypeError} if the frame can't be written as JSON
   */
  ask(frame, answered) {
    const ref = ++this.#ref;
    this.#waiting.push({ ref, text: JSON.stringify({ ...frame, ref }), answered });
    this.#pump();
  }

  /**
   * Take a frame with a `ref`.
   *
   * @param {any} frame
   * @returns {boolean} whether it answers one of these commands
   */
  answer(frame) {
    const answered = this.#unanswered.get(frame.ref);
    if (!answered) return false;
    this.#unanswered.delete(frame.ref);
    const failed = frame.type === "error";
    answered(failed ? new RealtimeError(frame.code, frame.message) : null, frame);
    this.#pump();
    return true;
  }

  /** The connection is lost: no answer comes any more. */
  disconnected() {
    const unanswered = [...this.#unanswered.values()];
    const waiting = this.#waiting.splice(0);
    this.#unanswered.clear();
    const unknown = "the connection broke before the answer: it may have been done or not";
    for (const answered of unanswered) answered(new RealtimeError("unknown_outcome", unknown), null);
    for (const { answered } of waiting) answered(notConnected(), null);
  }

  #pump() {
    while (this.#unanswered.size < WINDOW) {
      const next = this.#waiting.shift();
      if (!next) return;
      this.#unanswered.set(next.ref, next.answered);
      this.#transmit(next.text);
    }
  }
}

/** The error of a command that was never sent. */
export function notConnected() {
  return new RealtimeError("not_connected", "there is no connection: nothing was sent");
}
