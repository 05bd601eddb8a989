/** Makes one connection after the other, until `stop()`. */

import { reconnectDelay } from "./protocol/backoff.js";
import { mayReconnect } from "./protocol/close_codes.js";
import { Connection } from "./connection.js";
import { connectionState } from "./connection_state.js";
import { baseUrl } from "./environment.js";
import { watchPage } from "./page_events.js";
import { Spelling } from "./spelling.js";

/** @typedef {string | URL | (() => string | URL | Promise<string | URL>)} UrlProvider */
/** @typedef {import("./connection.js").Ending} Ending */

/**
 * @typedef {object} Settings
 * @property {UrlProvider} url
 * @property {import("./native_sockets.js").NativeSockets} sockets
 * @property {import("./environment.js").Environment} environment
 * @property {number} connectionTimeout milliseconds
 * @property {boolean} expectWelcome
 * @property {number} minUptime milliseconds
 * @property {number} maxRetries
 * @property {import("./protocol/backoff.js").Backoff} backoff
 */

/**
 * `closed`: a connection or an attempt has ended; `retryIn` as in `SocketCloseEvent`.
 *
 * @typedef {Omit<import("./connection.js").Handlers, "ended"> & {connecting: () => void,
 *   closed: (ending: Ending, retryIn: number | null) => void}} Handlers
 */

export class Reconnector {
  #settings;
  #on;
  #state = connectionState();
  /** A new one for each attempt and each end, so that a late answer is recognised. */
  #attempt = {};
  /** @type {Connection | null} */
  #connection = null;
  /** @type {any} */
  #timer;
  /** False during a wait that the server wants to be exact. */
  #mayHurry = true;
  #retries = 0;
  #openedAt = Infinity;
  /** When `online` last made an attempt be made again. */
  #restartedAt = -Infinity;
  #spelling;
  /** @type {(() => void) | null} */
  #unwatch = null;

  /** @param {Settings} settings @param {Handlers} on */
  constructor(settings, on) {
    this.#settings = settings;
    this.#on = on;
    this.#spelling = new Spelling(settings.environment.navigator);
  }

  get state() {
    return this.#state.value;
  }

  get native() {
    return this.#connection?.native;
  }

  /** Attempts since the last connection that held for `minUptime`. */
  get retries() {
    const { environment, minUptime } = this.#settings;
    if (environment.now() - this.#openedAt >= minUptime) this.#retries = 0;
    return this.#retries;
  }

  /** Connect now; the present connection or attempt ends, with this code and reason. */
  start(code = 1000, reason = "") {
    this.#retries = 0;
    if (this.state !== "open" && this.state !== "connecting") return this.#connect();
    this.#connection?.discard(code, reason);
    this.#ended({ code, reason, wasClean: true, immediate: true }, 0);
  }

  /** Stay closed; `closed` is not called. */
  stop(code = 1000, reason = "") {
    this.#connection?.discard(code, reason);
    this.#leave("closed");
  }

  #connect() {
    const { environment, url } = this.#settings;
    environment.clearTimeout(this.#timer);
    this.#state.move("connecting");
    this.#unwatch ??= watchPage(environment, {
      doubt: () => this.#doubt(),
      online: () => this.#online(),
      cached: () => this.#cached(),
    });
    const attempt = (this.#attempt = {});
    this.#on.connecting();
    if (attempt !== this.#attempt) return;
    if (typeof url === "function") this.#openFrom(url, attempt);
    else this.#openFixed(url);
  }

  /** @param {Extract<UrlProvider, Function>} provider @param {object} attempt */
  async #openFrom(provider, attempt) {
    try {
      const url = await Promise.resolve().then(provider);
      if (attempt === this.#attempt) this.#open(url);
    } catch (error) {
      if (attempt === this.#attempt) this.#failed(error, true);
    }
  }

  /** @param {string | URL} url which will be no better next time */
  #openFixed(url) {
    try {
      this.#open(url);
    } catch (error) {
      this.#failed(error, false);
      throw error;
    }
  }

  /** @param {string | URL} url */
  #open(url) {
    // A browser would take "undefined" for the name of a page.
    if (url === undefined || url === null) throw new TypeError(`the url is ${url}`);
    const { environment, sockets } = this.#settings;
    const native = sockets.make(url, this.#spelling.of(url, baseUrl(environment)));
    const connection = new Connection(native, this.#settings, {
      ...this.#on,
      open: () => this.#opened(),
      welcome: (frame) => this.#welcomed(frame),
      ended: (ending) => {
        if (connection === this.#connection) this.#disconnected(ending);
      },
    });
    this.#connection = connection;
  }

  #opened() {
    this.#state.move("open");
    if (!this.#settings.expectWelcome) this.#openedAt = this.#settings.environment.now();
    this.#on.open();
  }

  /** @param {import("./protocol/frames.js").Welcome} frame */
  #welcomed(frame) {
    this.#openedAt = this.#settings.environment.now();
    this.#on.welcome(frame);
  }

  /** @param {unknown} cause @param {boolean} retry */
  #failed(cause, retry) {
    const error = cause instanceof Error ? cause : new Error(String(cause));
    const attempt = this.#attempt;
    this.#on.error(error);
    if (attempt !== this.#attempt) return;
    this.#disconnected({ code: 1006, reason: error.message, wasClean: false, retry });
  }

  /** @param {Ending} ending */
  #disconnected(ending) {
    const { environment, maxRetries, backoff } = this.#settings;
    const failed = this.state === "connecting";
    const immediate = ending.immediate || (failed && this.#spelling.failed(ending.unanswered ?? false));
    const mayRetry = ending.retry ?? mayReconnect(ending.code);
    if (!mayRetry || this.retries >= maxRetries) return this.#ended(ending, null);
    this.#retries += 1;
    const delay = ending.after ?? reconnectDelay(this.#retries, environment.random(), backoff);
    this.#ended({ ...ending, immediate }, immediate ? 0 : delay);
  }

  /** @param {Ending} ending @param {number | null} retryIn */
  #ended(ending, retryIn) {
    this.#leave(retryIn === null ? "closed" : "waiting");
    this.#mayHurry = ending.after === undefined;
    const attempt = this.#attempt;
    this.#on.closed(ending, retryIn);
    if (attempt !== this.#attempt || retryIn === null || retryIn === Infinity) return;
    if (ending.immediate) return this.#connect();
    this.#timer = this.#settings.environment.setTimeout(() => this.#connect(), retryIn);
  }

  /** @param {"waiting" | "closed"} to */
  #leave(to) {
    this.#settings.environment.clearTimeout(this.#timer);
    this.#connection = null;
    this.#attempt = {};
    this.#openedAt = Infinity;
    this.#state.move(to);
    if (to === "waiting") return;
    this.#unwatch?.();
    this.#unwatch = null;
  }

  #doubt() {
    if (this.state === "waiting" && this.#mayHurry) this.#connect();
    else this.#connection?.probe();
  }

  /** An attempt that was made before there was a network may hang; a slow one must have its time. */
  #online() {
    if (this.state !== "connecting") return this.#doubt();
    const { environment, connectionTimeout } = this.#settings;
    if (environment.now() - this.#restartedAt < connectionTimeout) return;
    this.#restartedAt = environment.now();
    this.#connection?.discard();
    this.#ended({ code: 1006, reason: "online again", wasClean: false, immediate: true }, 0);
  }

  /** A page with an open socket may be refused by the back-forward cache, or lose it there. */
  #cached() {
    if (this.state === "waiting") {
      if (this.#mayHurry) this.#settings.environment.clearTimeout(this.#timer);
      return;
    }
    this.#connection?.discard();
    this.#ended({ code: 1000, reason: "the page is put aside", wasClean: true }, Infinity);
  }
}
