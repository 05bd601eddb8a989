/** `HeartbeatSocket`: a `WebSocket` that notices when its server is gone, and comes back. */

import { browserEnvironment } from "./environment.js";
import { Outbox } from "./outbox.js";
import { Reconnector } from "./reconnector.js";
import { SocketCloseEvent, SocketErrorEvent, SocketEventTarget } from "./socket_events.js";

/**
 * The options of `reconnecting-websocket`, with the same meaning, and two more. Times in ms.
 *
 * @typedef {object} OwnOptions
 * @property {any} [WebSocket] the constructor of the native sockets
 * @property {number} [minUptime] after it the count of retries starts again; 5000
 * @property {number} [connectionTimeout] 8000: four round trips of 1 s (TCP, TLS, handshake) and loss
 * @property {number} [maxRetries] without limit
 * @property {number} [maxEnqueuedMessages] kept while there is no connection; 100
 * @property {boolean} [startClosed] wait for `reconnect()`
 * @property {boolean} [debug] tell the console what happens
 * @property {boolean} [expectWelcome] the server speaks the heartbeat for certain: a connection
 *   without its `welcome` within `connectionTimeout` is dead
 * @property {Partial<import("./environment.js").Environment>} [environment] for tests
 */
/** @typedef {OwnOptions & import("./protocol/backoff.js").Backoff} Options */

// Said here, because a module that its own imports name can't be hashed by Django's static files.
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
  #reconnector;
  /** @type {BinaryType} */
  #binaryType = "blob";
  /** The last one made: what it was is told until there is another. @type {WebSocket | null} */
  #latest = null;
  /** @type {number | null} */
  #latency = null;
  /** Told as soon as the page's code has returned, or asks for more. @type {Event | null} */
  #closing = null;

  /**
   * Connect to `url`, and go on doing so until `close()` or a close code that says stay away.
   *
   * @param {import("./reconnector.js").UrlProvider} url asked anew for each attempt where it is a
   *   function
   * @param {string | string[]} [protocols]
   * @param {Options} [options]
   * @throws {DOMException} if the browser takes the url or a protocol for invalid
   */
  constructor(url, protocols, options = {}) {
    super();
    this.#url = url;
    this.#debug = options.debug ?? false;
    this.#outbox = new Outbox(options.maxEnqueuedMessages ?? 100);
    this.#reconnector = this.#makeReconnector(url, protocols, options);
    if (!options.startClosed) this.#reconnector.start();
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
    return this.#latest?.url ?? (typeof this.#url === "function" ? "" : String(this.#url));
  }

  get protocol() {
    return this.#latest?.protocol ?? "";
  }

  get extensions() {
    return this.#latest?.extensions ?? "";
  }

  /** Bytes that wait here and in the browser; strings that wait here count as characters. */
  get bufferedAmount() {
    return this.#outbox.size + (this.#native?.bufferedAmount ?? 0);
  }

  get binaryType() {
    return this.#native?.binaryType ?? this.#binaryType;
  }

  set binaryType(type) {
    if (this.#native) this.#native.binaryType = type;
    this.#binaryType = type;
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
   * Close, and stay closed. The close event follows at once, whatever the network does.
   *
   * @param {number} [code] 1000, or 3000 to 4999
   * @param {string} [reason] at most 123 bytes
   * @throws {DOMException} if the code or the reason is not allowed
   */
  close(code = 1000, reason = "") {
    checkEnding(code, reason);
    if (this.state === "idle" || this.state === "closed") return;
    this.#reconnector.stop(code, reason);
    this.#closing = new SocketCloseEvent({ code, reason, wasClean: true }, null);
    queueMicrotask(() => this.#tellClosing());
  }

  /**
   * Connect now: anew where there is a connection, again after `close()`; retries start again.
   *
   * @param {number} [code] for the connection that there is
   * @param {string} [reason]
   * @throws {DOMException} as `close()`
   */
  reconnect(code = 1000, reason = "") {
    checkEnding(code, reason);
    this.#tellClosing();
    this.#reconnector.start(code, reason);
  }

  get #native() {
    return this.#reconnector.native;
  }

  /**
   * @param {import("./reconnector.js").UrlProvider} url
   * @param {string | string[] | undefined} protocols
   * @param {Options} options
   */
  #makeReconnector(url, protocols, options) {
    const { WebSocket = globalThis.WebSocket } = options;
    if (typeof WebSocket !== "function") throw new TypeError("there is no WebSocket class here");
    const settings = {
      url,
      construct: (/** @type {string | URL} */ to) => this.#construct(WebSocket, to, protocols),
      environment: { ...browserEnvironment(), ...options.environment },
      connectionTimeout: options.connectionTimeout ?? 8000,
      expectWelcome: options.expectWelcome ?? false,
      minUptime: options.minUptime ?? 5000,
      maxRetries: options.maxRetries ?? Infinity,
      backoff: options,
    };
    return new Reconnector(settings, {
      connecting: () => this.#tell(new Event("connecting")),
      open: () => this.#opened(),
      message: ({ data, origin }) => this.#tell(new MessageEvent("message", { data, origin })),
      welcome: (frame) => this.#tell(new CustomEvent("welcome", { detail: frame })),
      latency: (milliseconds) => this.#measured(milliseconds),
      error: (error) => this.#error(error),
      closed: (ending, retryIn) => this.#tell(new SocketCloseEvent(ending, retryIn)),
    });
  }

  /** @param {any} WebSocket @param {string | URL} url @param {string | string[]} [protocols] */
  #construct(WebSocket, url, protocols) {
    // A browser would take what is missing for the name of a page.
    if (url === undefined || url === null) throw new TypeError(`the url is ${url}`);
    const native = protocols ? new WebSocket(url, protocols) : new WebSocket(url);
    native.binaryType = this.#binaryType;
    this.#latest = native;
    return native;
  }

  #opened() {
    for (const message of this.#outbox.take()) {
      try {
        this.send(message);
      } catch (error) {
        this.#error(/** @type {Error} */ (error));
      }
    }
    this.#tell(new Event("open"));
  }

  #tellClosing() {
    const event = this.#closing;
    this.#closing = null;
    if (event) this.#tell(event);
  }

  /** @param {number} milliseconds */
  #measured(milliseconds) {
    this.#latency = milliseconds;
    this.#tell(new CustomEvent("latency", { detail: milliseconds }));
  }

  /** @param {Error} error */
  #error(error) {
    this.#tell(new SocketErrorEvent(error));
  }

  /** @param {Event} event */
  #tell(event) {
    if (this.#debug) console.debug("HeartbeatSocket", this.state, event);
    this.dispatchEvent(event);
  }
}

/**
 * What a browser's `close()` checks, here before anything has changed.
 *
 * @param {number} code
 * @param {string} reason
 */
function checkEnding(code, reason) {
  if (code !== 1000 && !(code >= 3000 && code <= 4999)) {
    throw new DOMException("the code must be 1000, or 3000 to 4999", "InvalidAccessError");
  }
  if (new TextEncoder().encode(reason).length > 123) {
    throw new DOMException("the reason must not be longer than 123 bytes", "SyntaxError");
  }
}
