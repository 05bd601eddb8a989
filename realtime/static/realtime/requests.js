/** Commands of one connection and their answers, matched by `ref`. */

import { Pace } from "./protocol/pace.js";

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

/** Codes of a command whose connection broke before the answer. */
export const BROKEN = ["unknown_outcome", "not_connected"];

/** @typedef {{type: string, [field: string]: unknown}} Command */
/** @typedef {(error: RealtimeError | null, answer: any) => void} Answered */
/** @typedef {import("./protocol/frames.js").Limits} Limits */
/** @typedef {import("./environment.js").Environment} Environment */

export class Requests {
  #transmit;
  #limits;
  #environment;
  #pace;
  #window;
  #ref = 0;
  /** @type {Map<number, Answered>} */
  #unanswered = new Map();
  /** @type {{ref: number, text: string, answered: Answered}[]} */
  #waiting = [];
  /** @type {any} */
  #timer;

  /**
   * @param {(text: string) => void} transmit
   * @param {Limits} limits of the server, which this keeps
   * @param {Pick<Environment, "now" | "setTimeout" | "clearTimeout">} environment
   */
  constructor(transmit, limits, environment) {
    this.#transmit = transmit;
    this.#limits = limits;
    this.#environment = environment;
    this.#pace = new Pace(limits.frames_per_second, environment.now() / 1000);
    this.#window = Math.min(WINDOW, this.#pace.window);
  }

  /** How many streams one connection may follow. */
  get maxStreams() {
    return this.#limits.streams;
  }

  /**
   * Send a command as soon as there is room for it.
   *
   * @param {Command} frame without its `ref`
   * @param {Answered} answered called once, with an error or with the answer
   * @throws {TypeError} if the frame can't be written as JSON
   */
  ask(frame, answered) {
    const ref = ++this.#ref;
    const text = JSON.stringify({ ...frame, ref });
    if (isLonger(text, this.#limits.frame_bytes)) return answered(tooLarge(this.#limits), null);
    this.#waiting.push({ ref, text, answered });
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
    this.#environment.clearTimeout(this.#timer);
    const unanswered = [...this.#unanswered.values()];
    const waiting = this.#waiting.splice(0);
    this.#unanswered.clear();
    const unknown = "the connection broke before the answer: it may have been done or not";
    for (const answered of unanswered) answered(new RealtimeError("unknown_outcome", unknown), null);
    for (const { answered } of waiting) answered(notConnected(), null);
  }

  #pump() {
    this.#environment.clearTimeout(this.#timer);
    while (this.#waiting.length > 0 && this.#unanswered.size < this.#window) {
      const seconds = this.#pace.take(this.#environment.now() / 1000);
      if (seconds > 0) return this.#pumpIn(seconds);
      const { ref, text, answered } = /** @type {any} */ (this.#waiting.shift());
      this.#unanswered.set(ref, answered);
      this.#transmit(text);
    }
  }

  /** @param {number} seconds */
  #pumpIn(seconds) {
    this.#timer = this.#environment.setTimeout(() => this.#pump(), Math.ceil(seconds * 1000));
  }
}

/** Whether `text` has more bytes than the limit. @param {string} text @param {number} bytes */
function isLonger(text, bytes) {
  // A character has up to three bytes; short frames need no counting.
  return text.length * 3 > bytes && new TextEncoder().encode(text).length > bytes;
}

/** @param {Limits} limits */
function tooLarge({ frame_bytes }) {
  return new RealtimeError("too_large", `a frame has at most ${frame_bytes} bytes: nothing was sent`);
}

/** The error of a command that was never sent. */
export function notConnected() {
  return new RealtimeError("not_connected", "there is no connection: nothing was sent");
}

/** The error of a stream that the server would refuse. @param {number} limit */
export function tooMany(limit) {
  return new RealtimeError("too_many", `a connection follows at most ${limit} streams`);
}
