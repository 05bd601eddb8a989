/** `<realtime-status>`: the state and the latency of a client, in words. */

import { onPageClient, pageClient } from "./page_client.js";

/** @type {Readonly<Record<import("./connection_state.js").State, string>>} */
const WORDS = Object.freeze({
  idle: "Not connected",
  connecting: "Connecting",
  open: "Connected",
  waiting: "No connection, trying again",
  closed: "Disconnected",
});

/** A server that renders the page has no elements, and may import this. */
const Element = /** @type {typeof HTMLElement} */ (globalThis.HTMLElement ?? class {});

/**
 * It shows the state of the page's newest client, or of the one that is set as `client`, and has it as its attribute `state` for the page's styles;
 * `[part=latency]` is the number.
 *
 * It has no styles of its own, so that the strictest Content-Security-Policy lets it be. Screen
 * readers say the words when they change, and not the number; a page that has better words for them
 * gives it another role, such as "none".
 */
export class RealtimeStatus extends Element {
  /** Undefined: the page's. @type {import("./realtime_client.js").RealtimeClient | null | undefined} */
  #client;
  /** @type {(() => void)[]} */
  #removers = [];
  #words = document.createElement("span");
  #latency = document.createElement("span");

  /** The one that it shows; null: none. @returns {import("./realtime_client.js").RealtimeClient | null} */
  get client() {
    return this.#client === undefined ? pageClient() : this.#client;
  }

  set client(client) {
    this.#unfollow();
    this.#client = client;
    if (this.isConnected) this.#follow();
  }

  connectedCallback() {
    this.#upgrade();
    if (!this.hasAttribute("role")) this.setAttribute("role", "status");
    this.#latency.setAttribute("part", "latency");
    this.#latency.setAttribute("aria-live", "off");
    this.replaceChildren(this.#words, " ", this.#latency);
    this.#follow();
  }

  disconnectedCallback() {
    this.#unfollow();
  }

  /** What was set before this class was defined hides the property. */
  #upgrade() {
    if (!Object.hasOwn(this, "client")) return;
    const { client } = this;
    // @ts-ignore: it is the element's own, not the class's.
    delete this.client;
    this.client = client;
  }

  #follow() {
    this.#unfollow();
    this.#removers = [onPageClient(() => this.#follow())];
    const { client } = this;
    if (client) {
      this.#removers.push(
        client.on("state", ({ previous }) => this.#show(previous)),
        client.on("latency", () => this.#show()),
      );
    }
    this.#show();
  }

  #unfollow() {
    for (const remove of this.#removers.splice(0)) remove();
  }

  /** @param {import("./connection_state.js").State} [previous] */
  #show(previous) {
    const { state = "idle", latency = null } = this.client ?? {};
    this.setAttribute("state", state);
    // That it tries again has been said; an attempt is no news.
    const words = state === "connecting" && previous === "waiting" ? WORDS.waiting : WORDS[state];
    write(this.#words, words);
    write(this.#latency, latency === null ? "" : `${Math.round(latency)} ms`);
  }
}

/** Writing the same again would be a change to a screen reader. @param {Element} to @param {string} text */
function write(to, text) {
  if (to.textContent !== text) to.textContent = text;
}

// Under hashed names a page may load this module twice.
const elements = globalThis.customElements;
if (elements && !elements.get("realtime-status")) elements.define("realtime-status", RealtimeStatus);
