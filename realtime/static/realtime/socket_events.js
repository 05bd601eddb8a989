/** The events of a `HeartbeatSocket`, and the handlers that get them. */

import { callableThroughProxies } from "./behind_proxies.js";

/** The connection, or an attempt to make one, has ended. */
export class SocketCloseEvent extends Event {
  /**
   * @param {{code: number, reason: string, wasClean: boolean}} ending
   * @param {number | null} retryIn milliseconds until the next attempt; null: it stays closed;
   *   Infinity: the page goes into the back-forward cache, and connects when it comes back
   */
  constructor({ code, reason, wasClean }, retryIn) {
    super("close");
    this.code = code;
    this.reason = reason;
    this.wasClean = wasClean;
    this.retryIn = retryIn;
  }
}

/** Something failed; where a connection failed, a close event follows. */
export class SocketErrorEvent extends Event {
  /** @param {Error} error */
  constructor(error) {
    super("error");
    this.error = error;
    this.message = error.message;
  }
}

/**
 * @typedef {object} SocketEventMap
 * @property {Event} open
 * @property {MessageEvent} message
 * @property {SocketErrorEvent} error
 * @property {SocketCloseEvent} close
 * @property {Event} connecting
 * @property {CustomEvent<import("./protocol/frames.js").Welcome>} welcome
 * @property {CustomEvent<number>} latency
 */
/**
 * @template {keyof SocketEventMap} Type
 * @template [This=any]
 * @typedef {(this: This, event: SocketEventMap[Type]) => any} SocketHandler
 */
/**
 * @template {keyof SocketEventMap} Type
 * @template [This=any]
 * @typedef {SocketHandler<Type, This> | {handleEvent(event: SocketEventMap[Type]): any}} SocketListener
 */
/**
 * What may be read from an `on…` property; so loose that the socket is taken for a `WebSocket`.
 *
 * @typedef {((this: any, event: any) => any) | null} AnyHandler
 */
/**
 * The methods and properties by which a page gets the events of a socket of class `This`.
 *
 * @template This
 * @typedef {{
 *   addEventListener<Type extends keyof SocketEventMap>(type: Type,
 *     listener: SocketListener<Type, This> | null, options?: boolean | AddEventListenerOptions): void,
 *   removeEventListener<Type extends keyof SocketEventMap>(type: Type,
 *     listener: SocketListener<Type, This> | null, options?: boolean | EventListenerOptions): void,
 *   dispatchEvent(event: Event): boolean,
 *   get onopen(): AnyHandler, set onopen(handler: SocketHandler<"open", This> | null),
 *   get onmessage(): AnyHandler, set onmessage(handler: SocketHandler<"message", This> | null),
 *   get onerror(): AnyHandler, set onerror(handler: SocketHandler<"error", This> | null),
 *   get onclose(): AnyHandler, set onclose(handler: SocketHandler<"close", This> | null),
 * }} TypedTarget
 */

const Target = /** @type {new () => TypedTarget<any>} */ (/** @type {unknown} */ (EventTarget));

/** An `EventTarget` with the `on…` properties of a `WebSocket`, which are called first. */
export class SocketEventTarget extends Target {
  constructor() {
    super();
    for (const type of /** @type {const} */ (["open", "message", "error", "close"])) {
      this[`on${type}`] = null;
      this.addEventListener(type, (event) => this[`on${type}`]?.(event));
    }
  }
}

callableThroughProxies(SocketEventTarget, ["addEventListener", "removeEventListener", "dispatchEvent"]);
