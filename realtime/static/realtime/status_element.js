/** `<realtime-status>`: the state and the latency of a client, in words. */

/** @type {Readonly<Record<import("./connection_state.js").State, string>>} */
const WORDS = Object.freeze({
  idle: "Not connected",
  connecting: "Connecting",
  open: "Connected",
  waiting: "No connection, trying again",
  closed: "Disconnected",
});

/**
 * Set `client`, and it shows the state, and has it as its attribute `state` for the page's styles;
 * `[part=latency]` is the number.
 *
 * It has no styles of its own, so that the strictest Content-Security-Policy lets it be. Screen
 * readers say the words when they change, and not the number; a page that has better words for them
 * gives it another role, such as "none".
 */
export class RealtimeStatus extends HTMLElement {
  /** @type {import("./client.js").RealtimeClient | null} */
  #client = null;
  /** @type {(() => void)[]} */
  #removers = [];
  #words = document.createElement("span");
  #latency = document.createElement("span");

  get client() {
    return this.#client;
  }

  set client(client) {
    this.#unfollow();
    this.#client = client;
    if (this.isConnected) this.#follow();
  }

  connectedCallback() {
    if (!this.hasAttribute("role")) this.setAttribute("role", "status");
    this.#latency.setAttribute("part", "latency");
    this.#latency.setAttribute("aria-live", "off");
    this.replaceChildren(this.#words, " ", this.#latency);
    this.#follow();
  }

  disconnectedCallback() {
    this.#unfollow();
  }

  #follow() {
    this.#unfollow();
    const client = this.#client;
    if (client) {
      this.#removers = [
        client.on("state", ({ previous }) => this.#show(previous)),
        client.on("latency", () => this.#show()),
      ];
    }
    this.#show();
  }

  #unfollow() {
    for (const remove of this.#removers.splice(0)) remove();
  }

  /** @param {import("./connection_state.js").State} [previous] */
  #show(previous) {
    const { state = "idle", latency = null } = this.#client ?? {};
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
if (!customElements.get("realtime-status")) customElements.define("realtime-status", RealtimeStatus);
