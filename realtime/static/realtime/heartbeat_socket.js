/** `HeartbeatSocket`: a `WebSocket` that notices when its server is gone, and comes back. */

import { callableThroughProxies, findable } from "./behind_proxies.js";
import { checkCloseArguments } from "./close_arguments.js";
import { copyMessage } from "./message_frame.js";
import { NativeSockets } from "./native_sockets.js";
import { Outbox } from "./outbox.js";
import { Reconnector } from "./reconnector.js";
import { SocketCloseEvent, SocketErrorEvent, SocketEventTarget } from "./socket_events.js";
import { reconnectorSettings } from "./socket_options.js";

/** @typedef {import("./socket_options.js").Options} Options */

// Here, since `socket_events.js` must not name this module: Django's static files hash no circles.
const TypedSocketTarget =
  /** @type {new () => import("./socket_events.js").TypedTarget<HeartbeatSocket>} */ (SocketEventTarget);

/** A `WebSocket` and a `ReconnectingWebSocket` to the page; `docs/browser.md` has it all. */
export class HeartbeatSocket extends TypedSocketTarget {
  /** @readonly */ static CONNECTING = /** @type {const} */ (0);
  /** @readonly */ static OPEN = /** @type {const} */ (1);
  /** @readonly */ static CLOSING = /** @type {const} */ (2);
  /** @readonly */ static CLOSED = /** @type {const} */ (3);
  /** @readonly */ CONNECTING = HeartbeatSocket.CONNECTING;
  /** @readonly */ OPEN = HeartbeatSocket.OPEN;
  /** @readonly */ CLOSING = HeartbeatSocket.CLOSING;
  /** @readonly */ CLOSED = HeartbeatSocket.CLOSED;

  #url;
  #debug;
  #outbox;
  #sockets;
  #reconnector;
  /** @type {number | null} */
  #latency = null;
  /** Emitted as soon as the page's code has returned, or reconnects. @type {Event | null} */
  #closing = null;

  /**
   * Connect to `url`, and go on doing so until `close()` or a close code that says stay away. Where
   * there is no `WebSocket`, as on a server that renders the page, it waits for `reconnect()`.
   *
   * @param {import("./reconnector.js").UrlProvider} url a function is called for each attempt
   * @param {string | string[]} [protocols]
   * @param {Options} [options]
   * @throws {DOMException} if the browser takes the url or a protocol for invalid
   */
  constructor(url, protocols, options = {}) {
    super();
    findable(this);
    this.#url = url;
    this.#debug = options.debug ?? false;
    this.#outbox = new Outbox(options.maxEnqueuedMessages ?? 100);
    this.#sockets = new NativeSockets(options.WebSocket, protocols);
    this.#reconnector = this.#makeReconnector(url, options);
    if (!options.startClosed && this.#sockets.canMake) this.#reconnector.start();
  }

  /** Where it stands, by name; `readyState` is the browser's number for it. */
  get state() {
    return this.#reconnector.state;
  }

  /** While it waits to come back it is CLOSED. @returns {0 | 1 | 2 | 3} */
  get readyState() {
    if (this.state === "connecting") return this.CONNECTING;
    const native = this.state === "open" ? this.#native?.readyState : this.CLOSED;
    return /** @type {0 | 1 | 2 | 3} */ (native);
  }

  /** The last measured round trip in milliseconds; null before the first. */
  get latency() {
    return this.#latency;
  }

  /** Attempts since the last connection that held for `minUptime`. */
  get retryCount() {
    return this.#reconnector.retries;
  }

  get url() {
    return this.#sockets.url ?? (typeof this.#url === "function" ? "" : String(this.#url));
  }

  get protocol() {
    return this.#sockets.latest?.protocol ?? "";
  }

  get extensions() {
    return this.#sockets.latest?.extensions ?? "";
  }

  /** Bytes that wait here and in the browser; strings that wait here count as characters. */
  get bufferedAmount() {
    return this.#outbox.size + (this.#native?.bufferedAmount ?? 0);
  }

  get binaryType() {
    return this.#native?.binaryType ?? this.#sockets.binaryType;
  }

  set binaryType(type) {
    if (this.#native) this.#native.binaryType = type;
    this.#sockets.binaryType = type;
  }

  /**
   * Send now, or keep it for the next connection; past `maxEnqueuedMessages` it is dropped, with an
   * error event.
   *
   * @param {import("./outbox.js").Message} data
   */
  send(data) {
    if (this.#native?.readyState === this.OPEN) this.#native.send(/** @type {any} */ (data));
    else if (!this.#outbox.add(data)) this.#error(new Error("the outgoing queue is full"));
  }

  /**
   * Close, and stay closed. The close event does not wait for the network.
   *
   * @param {number} [code] 1000, or 3000 to 4999
   * @param {string} [reason] at most 123 bytes
   * @throws {DOMException} if the code or the reason is not allowed
   */
  close(code = 1000, reason = "") {
    checkCloseArguments(code, reason);
    if (this.state === "idle" || this.state === "closed") return;
    this.#reconnector.stop(code, reason);
    this.#closing = new SocketCloseEvent({ code, reason, wasClean: true }, null);
    queueMicrotask(() => this.#emitClosing());
  }

  /**
   * Connect now, also in place of a connection and after `close()`; retries start again.
   *
   * @param {number} [code] closes the present connection
   * @param {string} [reason]
   * @throws {DOMException} as `close()`
   * @throws {TypeError} if there is no `WebSocket` here
   */
  reconnect(code = 1000, reason = "") {
    checkCloseArguments(code, reason);
    this.#sockets.check();
    this.#emitClosing();
    this.#reconnector.start(code, reason);
  }

  get #native() {
    return this.#reconnector.native;
  }

  /** @param {import("./reconnector.js").UrlProvider} url @param {Options} options */
  #makeReconnector(url, options) {
    const settings = { ...reconnectorSettings(options), url, sockets: this.#sockets };
    return new Reconnector(settings, {
      connecting: () => this.#emit(new Event("connecting")),
      open: () => this.#opened(),
      message: (event) => this.#emit(copyMessage(event)),
      welcome: (frame) => this.#emit(new CustomEvent("welcome", { detail: frame })),
      latency: (milliseconds) => this.#measured(milliseconds),
      error: (error) => this.#error(error),
      closed: (ending, retryIn) => this.#emit(new SocketCloseEvent(ending, retryIn)),
    });
  }

  #opened() {
    for (const message of this.#outbox.take()) {
      try {
        this.send(message);
      } catch (error) {
        this.#error(/** @type {Error} */ (error));
      }
    }
    this.#emit(new Event("open"));
  }

  #emitClosing() {
    const event = this.#closing;
    this.#closing = null;
    if (event) this.#emit(event);
  }

  /** @param {number} milliseconds */
  #measured(milliseconds) {
    this.#latency = milliseconds;
    this.#emit(new CustomEvent("latency", { detail: milliseconds }));
  }

  /** @param {Error} error */
  #error(error) {
    this.#emit(new SocketErrorEvent(error));
  }

  /** @param {Event} event */
  #emit(event) {
    if (this.#debug) console.debug("HeartbeatSocket", this.state, event);
    this.dispatchEvent(event);
  }
}

callableThroughProxies(HeartbeatSocket);
