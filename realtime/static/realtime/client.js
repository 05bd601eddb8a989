/** `RealtimeClient`: streams of events over a `HeartbeatSocket`. */

import { Advice } from "./advice.js";
import { connectionState } from "./connection_state.js";
import { Emitter, report } from "./emitter.js";
import { browserEnvironment } from "./environment.js";
import { HeartbeatSocket } from "./heartbeat_socket.js";
import { frameOf } from "./message_frame.js";
import { readPageConfig, socketUrl } from "./page_config.js";
import { SUBPROTOCOL } from "./protocol/frames.js";
import { RealtimeError, Requests } from "./requests.js";
import { Subscription } from "./subscription.js";

/** @typedef {import("./connection_state.js").State} State */
/** @typedef {import("./protocol/position.js").Position} Position */
/** @typedef {import("./handler_types.js").Notifications} Notifications */
/** @typedef {import("./socket_events.js").SocketEventMap} SocketEventMap */
/**
 * The socket's options, and what the page knows already.
 *
 * @typedef {import("./socket_options.js").Options & {me?: string, positions?: Record<string, Position>}} ClientOptions
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
  /** @type {HeartbeatSocket | null} */
  #socket = null;
  /** @type {Requests | null} */
  #requests = null;
  /** By the names that the page used. @type {Map<string, Subscription>} */
  #subscriptions = new Map();
  /** @type {string | null} */
  #me;
  /** @type {Record<string, Position>} */
  #positions;

  /**
   * Connect, unless `startClosed`.
   *
   * @param {import("./reconnector.js").UrlProvider} [url] absolute or relative to the page; without
   *   it the page's configuration is read
   * @param {ClientOptions} [options]
   * @throws {Error} if there is no url, or one that makes no sense
   */
  constructor(url, options = {}) {
    this.#environment = { ...browserEnvironment(), ...options.environment };
    const { document } = this.#environment;
    const page = url === undefined ? readPageConfig(document) : { url };
    const address = page.url;
    const { me, positions } = { ...page, ...options };
    this.#url =
      typeof address === "function"
        ? async () => socketUrl(await address(), document)
        : socketUrl(address, document);
    this.#me = me ?? null;
    this.#positions = { ...positions };
    // A command belongs to its connection: the next one must not send it.
    const fixed = { startClosed: true, expectWelcome: true, maxEnqueuedMessages: 0 };
    this.#options = { ...options, ...fixed };
    if (!options.startClosed) this.connect();
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

  /** Connect now: for the first time, again after the end, or without waiting any longer. */
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
   * @returns {Subscription<Events, Snapshot>} the same one, for a stream that is followed already
   */
  subscribe(stream = "me") {
    if (typeof stream !== "string") throw new TypeError(`${stream} is no stream's name`);
    const existing = this.#subscriptions.get(stream);
    if (existing) {
      existing.join();
      return existing;
    }
    const subscription = new Subscription(stream, this.#link(), this.#known(stream));
    this.#subscriptions.set(stream, subscription);
    if (this.#requests) subscription.start();
    return subscription;
  }

  /** @returns {import("./subscription.js").Link} */
  #link() {
    return {
      ask: (frame, answered) => this.#requests?.ask(frame, answered),
      reachable: () => this.state === "connecting" || this.state === "open",
      ended: ({ stream }) => this.#subscriptions.delete(stream),
      error: (error) => this.#error(error),
      environment: this.#environment,
    };
  }

  /** What the page came with is good for one start. @param {string} stream */
  #known(stream) {
    const name = stream === "me" ? this.#me : stream;
    const position = (name && this.#positions[name]) || null;
    if (name) delete this.#positions[name];
    return { name, position: position && { ...position } };
  }

  #open() {
    const socket = new HeartbeatSocket(this.#url, SUBPROTOCOL, this.#options);
    this.#socket = socket;
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
    on("welcome", ({ detail }) => this.#welcomed(detail));
    on("message", (event) => this.#received(frameOf(event)));
    on("latency", ({ detail }) => this.#emitter.emit("latency", detail));
    on("close", (event) => this.#disconnected(event));
    socket.reconnect();
  }

  /** @param {State} to @param {{code?: number, reason?: string, retryIn?: number | null}} [why] */
  #move(to, why = {}) {
    const previous = this.#state.move(to);
    const handled = this.#emitter.emit("state", { state: to, previous, ...why });
    this.#advice.moved({ state: to, previous, ...why }, typeof this.#url === "function" ? "the server" : this.#url, handled);
  }

  /** @param {{code: number, reason: string, retryIn: number | null}} ending */
  #disconnected({ code, reason, retryIn }) {
    if (retryIn === null) this.#socket = null;
    const requests = this.#requests;
    this.#requests = null;
    requests?.disconnected();
    for (const subscription of [...this.#subscriptions.values()]) subscription.disconnected();
    this.#move(retryIn === null ? "closed" : "waiting", { code, reason, retryIn });
  }

  /** @param {import("./protocol/frames.js").Welcome} frame */
  #welcomed({ me = null }) {
    const socket = this.#socket;
    this.#recognise(me);
    if (socket !== this.#socket) return;
    this.#requests = new Requests((text) => socket?.send(text));
    for (const subscription of [...this.#subscriptions.values()]) subscription.start();
    this.#move("open");
  }

  /** @param {string | null} me */
  #recognise(me) {
    const previous = this.#me;
    this.#me = me;
    if (previous === null || previous === me) return;
    this.#positions = {};
    for (const subscription of this.#subscriptions.values()) subscription.forget();
    this.#emitter.emit("me_changed", { me, previous });
  }

  /** @param {any} frame null where the message is no frame */
  #received(frame) {
    if (!frame) return this.#error(new RealtimeError("bad_frame", "the server sent no JSON object"));
    if (frame.ref !== undefined && this.#requests?.answer(frame)) return;
    if (frame.type === "error") return this.#error(new RealtimeError(frame.code, frame.message));
    const subscription = this.#follower(frame.stream);
    if (frame.type === "event") subscription?.event(frame);
    else if (frame.type === "reset") subscription?.reset(frame);
    else if (frame.type === "unsubscribed") subscription?.revoked(frame.reason);
  }

  /** @param {string} stream its real name */
  #follower(stream) {
    const mine = this.#subscriptions.get("me");
    return mine?.name === stream ? mine : this.#subscriptions.get(stream);
  }

  /** @param {RealtimeError} error */
  #error(error) {
    if (!this.#emitter.emit("error", error)) report(error);
  }
}
