/** What has gone over the page's sockets: their states, frames, streams and latency. */

/** Frames that are kept. */
export const MAX_FRAMES = 200;

/** Round trips that are kept, the newest. */
export const MAX_LATENCIES = 120;

/** Characters of a frame that are kept. */
const MAX_TEXT = 2000;

/** @typedef {{at: number, socket: number, direction: "in" | "out" | "state", text: string}} Entry */
/** @typedef {{epoch: string, offset: number | null, events: number, replayed: number,
 *   state: "subscribed" | "reset" | "ended"}} StreamState */

/** The JSON object in `data`; null for everything else. @param {unknown} data @returns {any} */
export function frameOf(data) {
  if (typeof data !== "string") return null;
  try {
    const frame = JSON.parse(data);
    return typeof frame === "object" && !Array.isArray(frame) ? frame : null;
  } catch {
    return null;
  }
}

export class Journal {
  /** The newest last. @type {Entry[]} */
  entries = [];
  /** Of the newest socket. @type {"none" | "connecting" | "open" | "closed"} */
  state = "none";
  /** @type {Map<string, StreamState>} */
  streams = new Map();
  /** Of the pings that went out, in milliseconds, the newest last. @type {{at: number, took: number}[]} */
  latencies = [];
  /** Called after each change. @type {() => void} */
  onChange = () => {};
  #sockets = 0;
  #now;
  /** When each ping went out. @type {Map<string, number>} */
  #pings = new Map();

  /** @param {() => number} [now] milliseconds since 1970 */
  constructor(now = () => Date.now()) {
    this.#now = now;
  }

  /** @param {string} url @returns {number} the socket's number */
  connecting(url) {
    this.#sockets += 1;
    this.#move("connecting", this.#sockets, `connecting ${withoutQuery(url)}`);
    return this.#sockets;
  }

  /** @param {number} socket */
  opened(socket) {
    this.#move("open", socket, "open");
  }

  /** @param {number} socket @param {number} code @param {string} reason */
  closed(socket, code, reason) {
    this.#pings.clear();
    this.#move("closed", socket, `closed ${code} ${reason}`.trim());
  }

  /** @param {number} socket @param {unknown} data */
  sent(socket, data) {
    const frame = frameOf(data);
    if (frame?.type === "ping") this.#pings.set(frame.nonce, this.#now());
    this.#add(socket, "out", frame?.type === "authenticate" ? '{"type": "authenticate", …}' : data);
  }

  /** @param {number} socket @param {unknown} data */
  received(socket, data) {
    const frame = frameOf(data);
    if (frame?.type === "pong") this.#ponged(frame.nonce);
    else if (frame?.stream !== undefined) this.#follow(frame);
    this.#add(socket, "in", data);
  }

  /** @param {string} nonce */
  #ponged(nonce) {
    const sentAt = this.#pings.get(nonce);
    if (sentAt === undefined) return;
    this.#pings.delete(nonce);
    const at = this.#now();
    this.latencies = [...this.latencies, { at, took: at - sentAt }].slice(-MAX_LATENCIES);
  }

  /** @param {any} frame */
  #follow(frame) {
    const known = this.streams.get(frame.stream);
    const before = known ?? { epoch: "", offset: null, events: 0, replayed: 0, state: "subscribed" };
    const offset = frame.offset ?? before.offset;
    if (frame.type === "subscribed") {
      this.streams.set(frame.stream, { ...before, epoch: frame.epoch, offset, state: "subscribed" });
    } else if (frame.type === "reset") {
      this.streams.set(frame.stream, { ...before, epoch: frame.epoch, offset, state: "reset" });
    } else if (frame.type === "event") {
      const replayed = before.replayed + (frame.replayed ? 1 : 0);
      this.streams.set(frame.stream, { ...before, offset, events: before.events + 1, replayed });
    } else if (frame.type === "skipped") {
      this.streams.set(frame.stream, { ...before, offset });
    } else if (frame.type === "unsubscribed") {
      this.streams.set(frame.stream, { ...before, state: "ended" });
    }
  }

  /** @param {"connecting" | "open" | "closed"} state @param {number} socket @param {string} text */
  #move(state, socket, text) {
    // An older socket's end comes late where its connection was dead.
    if (socket === this.#sockets) this.state = state;
    this.#add(socket, "state", text);
  }

  /** @param {number} socket @param {Entry["direction"]} direction @param {unknown} data */
  #add(socket, direction, data) {
    const text = typeof data === "string" ? data.slice(0, MAX_TEXT) : "(binary)";
    this.entries = [...this.entries, { at: this.#now(), socket, direction, text }].slice(-MAX_FRAMES);
    this.onChange();
  }
}

/** What stands in a query may be a secret. @param {string} url */
function withoutQuery(url) {
  return url.replace(/\?.*/, "?…");
}
