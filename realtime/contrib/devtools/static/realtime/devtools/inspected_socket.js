/** A class in the place of the browser's `WebSocket`, whose frames pass a line and are noted. */

import { frameOf } from "./journal.js";

/** @typedef {import("./journal.js").Journal} Journal */
/** @typedef {import("./line.js").Line} Line */

const HANDLERS = /** @type {const} */ (["open", "message", "error", "close"]);
const OWN = "devtools ";
const ABNORMAL_CLOSURE = 1006; // RFC 6455, section 7.4.1

/**
 * @param {typeof WebSocket} Native
 * @param {Line} line
 * @param {Journal} journal
 * @returns {typeof WebSocket}
 */
export function inspectedClass(Native, line, journal) {
  class InspectedSocket extends EventTarget {
    #native;
    #id;
    #isCut = false;
    /** Whether the server answers pings. */
    #isWelcome = false;
    #pings = 0;
    #up = {};
    #down = {};
    #forget;

    /** @param {string | URL} url @param {string | string[]} [protocols] */
    constructor(url, protocols) {
      super();
      this.#native = protocols === undefined ? new Native(url) : new Native(url, protocols);
      this.#id = journal.connecting(String(url));
      this.#forget = line.add({ cut: () => this.#cut(), ping: () => this.#ping() });
      this.#native.addEventListener("open", () => line.pass(this.#down, false, () => this.#open()));
      this.#native.addEventListener("message", (event) => this.#received(event));
      this.#native.addEventListener("error", () => this.#emit(new Event("error")));
      this.#native.addEventListener("close", (event) => line.pass(this.#down, false, () => this.#end(event)));
      for (const type of HANDLERS) {
        this.addEventListener(type, (event) => /** @type {any} */ (this)[`on${type}`]?.(event));
      }
    }

    get readyState() {
      return this.#isCut ? Native.CLOSED : this.#native.readyState;
    }

    get url() {
      return this.#native.url;
    }

    get protocol() {
      return this.#native.protocol;
    }

    get extensions() {
      return this.#native.extensions;
    }

    get bufferedAmount() {
      return this.#native.bufferedAmount;
    }

    get binaryType() {
      return this.#native.binaryType;
    }

    set binaryType(type) {
      this.#native.binaryType = type;
    }

    /** @param {any} data */
    send(data) {
      if (this.#isCut) return;
      if (this.#native.readyState === Native.CONNECTING) return this.#native.send(data); // It throws.
      journal.sent(this.#id, data);
      line.pass(this.#up, false, () => this.#native.send(data));
    }

    /** @param {number} [code] @param {string} [reason] */
    close(code, reason) {
      if (code === undefined) this.#native.close();
      else this.#native.close(code, reason);
    }

    #open() {
      if (this.#isCut) return;
      journal.opened(this.#id);
      this.#emit(new Event("open"));
    }

    /** @param {MessageEvent} event */
    #received(event) {
      const frame = frameOf(event.data);
      this.#isWelcome ||= frame?.type === "welcome";
      const isEvent = frame?.type === "event" && frame.offset !== undefined;
      line.pass(this.#down, isEvent, () => {
        if (this.#isCut) return;
        journal.received(this.#id, event.data);
        if (frame?.type === "pong" && isOwn(frame.nonce)) return;
        this.#emit(new MessageEvent("message", { data: event.data, origin: event.origin }));
      });
    }

    /** The page's own pings are too few for a curve. */
    #ping() {
      if (this.#isCut || !this.#isWelcome || this.#native.readyState !== Native.OPEN) return;
      this.#pings += 1;
      this.send(JSON.stringify({ type: "ping", nonce: `${OWN}${this.#pings}` }));
    }

    /** As a broken connection ends, which the page sees immediately here. */
    #cut() {
      this.#native.close();
      this.#end({ code: ABNORMAL_CLOSURE, reason: "", wasClean: false });
    }

    /** @param {{code: number, reason: string, wasClean: boolean}} ending */
    #end({ code, reason, wasClean }) {
      if (this.#isCut) return;
      this.#isCut = true;
      this.#forget();
      journal.closed(this.#id, code, reason);
      this.#emit(new CloseEvent("close", { code, reason, wasClean }));
    }

    /** @param {Event} event */
    #emit(event) {
      this.dispatchEvent(event);
    }
  }
  for (const type of HANDLERS) Object.assign(InspectedSocket.prototype, { [`on${type}`]: null });
  for (const name of /** @type {const} */ (["CONNECTING", "OPEN", "CLOSING", "CLOSED"])) {
    Object.defineProperty(InspectedSocket, name, { value: Native[name] });
    Object.defineProperty(InspectedSocket.prototype, name, { value: Native[name] });
  }
  return /** @type {any} */ (InspectedSocket);
}

/** Whether the page knows nothing of that ping. @param {unknown} nonce */
function isOwn(nonce) {
  return typeof nonce === "string" && nonce.startsWith(OWN);
}
