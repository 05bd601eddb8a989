/** `RealtimeClient`: streams of events over a `HeartbeatSocket`. */

import { Advice } from "./advice.js";
import { callableThroughProxies, findable } from "./behind_proxies.js";
import { connectionState } from "./connection_state.js";
import { Emitter, report } from "./emitter.js";
import { baseUrl, environmentWith } from "./environment.js";
import { followWith } from "./follow.js";
import { HeartbeatSocket } from "./heartbeat_socket.js";
import { frameOf } from "./message_frame.js";
import { setPageClient } from "./page_client.js";
import { isConnectable, readPageConfig, socketUrl } from "./page_config.js";
import { limitsOf } from "./protocol/frames.js";
import { RealtimeError, Requests } from "./requests.js";
import { SignIn } from "./sign_in.js";
import { Subscriptions } from "./subscriptions.js";

/** @typedef {import("./connection_state.js").State} State */
/** @typedef {import("./protocol/position.js").Position} Position */
/** @typedef {import("./handler_types.js").Notifications} Notifications */
/** @typedef {import("./socket_events.js").SocketEventMap} SocketEventMap */
/**
 * The socket's options, what the page knows already, and where a client without a session cookie
 * gets a ticket for each attempt.
 *
 * @typedef {import("./socket_options.js").Options & {me?: string, positions?: Record<string, Position>,
 *   ticket?: import("./sign_in.js").TicketProvider}} ClientOptions
 */
/**
 * `extra`: values of the fields that the stream's class names; they come back with each event.
 *
 * @typedef {{extra?: import("./subscription.js").Extra}} SubscribeOptions
 */

const NOTIFICATIONS = ["state", "latency", "me_changed", "error"];

/** One connection of the page, and the streams that it follows over it. */
export class RealtimeClient {
  #url;
  #options;
  #environment;
  #emitter = new Emitter();
  #advice = new Advice();
  #state = connectionState();
  #signIn;
  /** @type {HeartbeatSocket | null} */
  #socket = null;
  /** @type {Requests | null} */
  #requests = null;
  #subscriptions;
  /** @type {string | null} */
  #me;

  /**
   * Connect, unless `startClosed`, or where there is nothing to connect with, as on a server that
   * renders the page: no `WebSocket`, or no page to which the url is relative.
   *
   * @param {import("./reconnector.js").UrlProvider} [url] absolute or relative to the page; without
   *   it the page's configuration is read
   * @param {ClientOptions} [options]
   * @throws {Error} if the page has no url, or one that makes no sense
   */
  constructor(url, options = {}) {
    findable(this);
    this.#environment = environmentWith(options.environment);
    const { document } = this.#environment;
    const page = url === undefined ? readPageConfig(document) : { url };
    const { me, positions } = { ...page, ...options };
    this.#signIn = new SignIn(options.ticket);
    this.#url = page.url;
    this.#me = me ?? null;
    this.#subscriptions = new Subscriptions({ ...positions }, {
      requests: () => this.#requests,
      me: () => this.#me,
      reachable: () => this.state === "connecting" || this.state === "open",
      error: (error) => this.#error(error),
      environment: this.#environment,
    });
    // A command belongs to its connection: the next one must not send it.
    const fixed = { startClosed: true, expectWelcome: true, maxEnqueuedMessages: 0 };
    this.#options = { ...options, ...fixed };
    const { WebSocket = globalThis.WebSocket, startClosed } = options;
    if (!startClosed && isConnectable(this.#url, baseUrl(this.#environment), WebSocket)) this.connect();
    if (document) setPageClient(this);
  }

  /** idle, connecting, open (`welcome` has come), waiting or closed. */
  get state() {
    return this.#state.value;
  }

  /** The last measured round trip in milliseconds; null before the first, and without connection. */
  get latency() {
    return this.state === "open" ? (this.#socket?.latency ?? null) : null;
  }

  /** The stream of the user who is logged in, such as "user.42"; null where that isn't known. */
  get me() {
    return this.#me;
  }

  /**
   * Call `handler` for "state", "latency", "me_changed" or "error".
   *
   * @template {keyof Notifications} Name
   * @param {Name} name
   * @param {(...details: Notifications[Name]) => void} handler
   * @returns {() => void} removes it
   * @throws {TypeError} for any other name
   */
  on(name, handler) {
    if (!NOTIFICATIONS.includes(name)) throw new TypeError(`a client has no ${name}`);
    return this.#emitter.on(name, handler);
  }

  /**
   * Connect now: for the first time, again after the end, or without waiting any longer.
   *
   * @throws {Error} if there is no `WebSocket` here, or no url
   */
  connect() {
    if (this.state === "waiting") this.#socket?.reconnect();
    else if (this.state === "idle" || this.state === "closed") this.#open();
  }

  /** Close, and stay closed until `connect()`; subscriptions are kept for that. */
  close() {
    if (this.state === "idle" || this.state === "closed") return;
    this.#socket?.close();
    this.#disconnected({ code: 1000, reason: "", retryIn: null });
  }

  /**
   * Follow a stream, now and after every reconnect.
   *
   * @template {Record<string, any>} [Events=Record<string, any>] the data of its events, by name
   * @template [Snapshot=any]
   * @param {string} [stream] "me" is the user's own
   * @param {SubscribeOptions} [options]
   * @returns {import("./subscription.js").Subscription<Events, Snapshot>} the same one, for a stream that is followed already
   */
  subscribe(stream = "me", { extra } = {}) {
    if (typeof stream !== "string") throw new TypeError(`${stream} is no stream's name`);
    return /** @type {any} */ (this.#subscriptions.subscribe(stream, extra));
  }

  /**
   * Follow a stream for one component of the page: its handlers come and go together.
   *
   * @template {Record<string, any>} [Events=Record<string, any>] the data of its events, by name
   * @template [Snapshot=any]
   * @param {string} stream as for `subscribe`
   * @param {import("./follow.js").Handlers<Events, Snapshot>} handlers by the names that
   *   `subscription.on` takes
   * @param {SubscribeOptions & {presence?: import("./follow.js").PresenceHandlers}} [options]
   *   `presence`: handlers by the names that `subscription.presence.on` takes
   * @returns {import("./follow.js").Follow<Events, Snapshot>}
   * @throws {TypeError} if a handler is no function
   */
  follow(stream, handlers, { presence = {}, ...options } = {}) {
    return followWith(this.subscribe(stream, options), handlers, presence);
  }

  #open() {
    const address = this.#address();
    const socket = new HeartbeatSocket(this.#signIn.address(address), this.#signIn.protocols, this.#options);
    this.#socket = socket;
    this.#advice.to(address);
    /**
     * @template {keyof SocketEventMap} Type
     * @param {Type} type
     * @param {(event: SocketEventMap[Type]) => void} handler
     */
    const on = (type, handler) =>
      socket.addEventListener(type, (event) => {
        if (socket === this.#socket) handler(event);
      });
    on("connecting", () => this.#move("connecting"));
    on("open", () => socket.send(this.#signIn.firstFrame()));
    on("welcome", ({ detail }) => this.#welcomed(detail));
    on("message", (event) => this.#received(frameOf(event)));
    on("latency", ({ detail }) => this.#emitter.emit("latency", detail));
    on("close", (event) => this.#disconnected(event));
    socket.reconnect();
  }

  /** @returns {import("./reconnector.js").UrlProvider} */
  #address() {
    const url = this.#url;
    const base = baseUrl(this.#environment);
    return typeof url === "function" ? async () => socketUrl(await url(), base) : socketUrl(url, base);
  }

  /** @param {State} to @param {{code?: number, reason?: string, retryIn?: number | null}} [why] */
  #move(to, why = {}) {
    const previous = this.#state.move(to);
    const handled = this.#emitter.emit("state", { state: to, previous, ...why });
    this.#advice.moved({ state: to, previous, ...why }, handled);
  }

  /** @param {{code: number, reason: string, retryIn: number | null}} ending */
  #disconnected({ code, reason, retryIn }) {
    if (retryIn === null) this.#socket = null;
    const requests = this.#requests;
    this.#requests = null;
    requests?.disconnected();
    this.#subscriptions.disconnected();
    this.#move(retryIn === null ? "closed" : "waiting", { code, reason, retryIn });
  }

  /** @param {import("./protocol/frames.js").Welcome} frame */
  #welcomed(frame) {
    const socket = this.#socket;
    this.#recognise(frame.me ?? null);
    if (socket !== this.#socket) return;
    this.#requests = new Requests((text) => socket?.send(text), limitsOf(frame), this.#environment);
    this.#subscriptions.start();
    this.#move("open");
  }

  /** @param {string | null} me */
  #recognise(me) {
    const previous = this.#me;
    this.#me = me;
    if (previous === null || previous === me) return;
    this.#subscriptions.forget();
    this.#emitter.emit("me_changed", { me, previous });
  }

  /** @param {any} frame null where the message is no frame */
  #received(frame) {
    if (!frame) return this.#error(new RealtimeError("bad_frame", "the server sent no JSON object"));
    if (frame.ref !== undefined && this.#requests?.answer(frame)) return;
    if (frame.type === "error") return this.#error(new RealtimeError(frame.code, frame.message));
    this.#subscriptions.take(frame);
  }

  /** @param {RealtimeError} error */
  #error(error) {
    if (!this.#emitter.emit("error", error)) report(error);
  }
}

callableThroughProxies(RealtimeClient);
