/** One native socket, from its construction to its end, which is reported exactly once. */

import { Keepalive } from "./keepalive.js";
import { frameOf } from "./message_frame.js";
import { CloseCode, REASONS } from "./protocol/close_codes.js";
import { MAX_CONTROL_FRAME, controlFrame } from "./protocol/frames.js";

/**
 * How a connection ended. `after`: milliseconds that the server wants before the next attempt, exactly.
 * `immediate`: this end gave the path up, and nothing speaks against the next attempt. `unanswered`:
 * it was not made in its time.
 *
 * @typedef {{code: number, reason: string, wasClean: boolean, retry?: boolean, after?: number,
 *   immediate?: boolean, unanswered?: boolean}} Ending
 */

/**
 * @typedef {object} Handlers
 * @property {() => void} open
 * @property {(event: MessageEvent) => void} message of the application
 * @property {(frame: import("./protocol/frames.js").Welcome) => void} welcome
 * @property {(milliseconds: number) => void} latency
 * @property {(error: Error) => void} error
 * @property {(ending: Ending) => void} ended
 */

/** One native socket, with its heartbeat if the server speaks it. */
export class Connection {
  /** @type {Keepalive | null} */
  #keepalive = null;
  /** @type {[string, (event: any) => void][]} */
  #listeners;
  /** @type {any} */
  #patience;

  /**
   * @param {WebSocket} native
   * @param {object} options
   * @param {import("./environment.js").Environment} options.environment
   * @param {number} options.connectionTimeout milliseconds until the connection must be made
   * @param {boolean} options.expectWelcome the connection is made when `welcome` has come
   * @param {Handlers} on
   */
  constructor(native, { environment, connectionTimeout, expectWelcome }, on) {
    this.native = native;
    this.environment = environment;
    this.expectWelcome = expectWelcome;
    this.on = on;
    this.#patience = environment.setTimeout(() => this.#tooSlow(), connectionTimeout);
    // A socket of the npm package ws throws an error for which nobody listens, also after its end.
    native.onerror = () => {};
    this.#listeners = [
      ["open", () => this.#opened()],
      ["message", (event) => this.#received(event)],
      // A browser gives no cause; ws does.
      ["error", ({ error }) => on.error(error ?? new Error("connection failed"))],
      ["close", (event) => this.#closed(event)],
    ];
    for (const [type, listener] of this.#listeners) native.addEventListener(type, listener);
  }

  /** Send a probe, if the server speaks the heartbeat. */
  probe() {
    this.#keepalive?.probe();
  }

  /**
   * Close the native socket and ignore it from now on: its own `close` may come minutes later.
   *
   * @param {number} [code]
   * @param {string} [reason]
   */
  discard(code, reason) {
    this.#detach(); // First: Node's own WebSocket emits an error before its close() returns.
    this.native.close(code, reason);
  }

  #detach() {
    for (const [type, listener] of this.#listeners) {
      this.native.removeEventListener(type, listener);
    }
    this.#keepalive?.stop();
    this.environment.clearTimeout(this.#patience);
  }

  /** @param {CloseEvent} event */
  #closed({ code, reason, wasClean }) {
    this.#detach();
    this.on.ended({ code, reason, wasClean });
  }

  #tooSlow() {
    this.discard();
    // The words of `reconnecting-websocket`: its users compare them.
    this.on.error(new Error("TIMEOUT"));
    this.on.ended({ code: 1006, reason: "timeout", wasClean: false, unanswered: true });
  }

  #stale() {
    const code = CloseCode.STALE;
    this.discard(code, REASONS[code]);
    this.on.ended({ code, reason: REASONS[code], wasClean: false, immediate: true });
  }

  #opened() {
    if (!this.expectWelcome) this.environment.clearTimeout(this.#patience);
    this.on.open();
  }

  /** @param {MessageEvent} event */
  #received(event) {
    this.#keepalive?.received();
    const frame = readControlFrame(event);
    if (frame?.type === "welcome" && !this.#keepalive) this.#welcomed(frame);
    else if (frame?.type === "ping" && this.#keepalive) this.#keepalive.answer(frame.nonce);
    else if (frame?.type === "pong" && this.#keepalive) this.#keepalive.pong(frame.nonce);
    else if (frame?.type === "bye" && (this.#keepalive || this.expectWelcome)) this.#bye(frame);
    else this.on.message(event);
  }

  /** @param {import("./protocol/frames.js").Welcome} frame */
  #welcomed(frame) {
    this.environment.clearTimeout(this.#patience);
    this.#keepalive = new Keepalive(frame.heartbeat, this.environment, {
      send: (text) => this.native.send(text),
      stale: () => this.#stale(),
      latency: this.on.latency,
    });
    this.on.welcome(frame);
  }

  /**
   * `bye` is the last frame: its close may be lost, so this end does not wait for it.
   *
   * @param {import("./protocol/frames.js").Bye} bye
   */
  #bye({ code, reason, retry, after }) {
    this.discard();
    this.on.ended({ code, reason, wasClean: true, retry, after });
  }
}

/** @param {MessageEvent} event */
function readControlFrame(event) {
  return event.data?.length > MAX_CONTROL_FRAME ? null : controlFrame(frameOf(event));
}
