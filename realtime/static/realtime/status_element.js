/** `<realtime-status>`: the state and the latency of a client, in words. */

/** @type {Readonly<Record<import("./connection_state.js").State, string>>} */
const WORDS = Object.freeze({
  idle: "Not connected",
  connecting: "Connecting",
  open: "Connected",
  waiting: "Connection lost, trying again",
  closed: "Disconnected",
});

/**
 * Set `client`, and it shows the state, and has it as its attribute `state` for the page's styles.
 *
 * It has no styles of its own, so that the strictest Content-Security-Policy lets it be.
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
    // The words are announced to screen readers; a number that changes all the time is not.
    this.#words.setAttribute("role", "status");
    this.#latency.setAttribute("part", "latency");
    this.replaceChildren(this.#words, this.#latency);
    this.#follow();
  }

  disconnectedCallback() {
    this.#unfollow();
  }

  #follow() {
    this.#unfollow();
    const client = this.#client;
    if (!client) return;
    this.#removers = [
      client.on("state", () => this.#show()),
      client.on("latency", () => this.#show()),
    ];
    this.#show();
  }

  #unfollow() {
    for (const remove of this.#removers.splice(0)) remove();
  }

  #show() {
    const { state = "idle", latency = null } = this.#client ?? {};
    this.setAttribute("state", state);
    if (this.#words.textContent !== WORDS[state]) this.#words.textContent = WORDS[state];
    this.#latency.textContent = latency === null ? "" : ` (${latency} ms)`;
  }
}

// Under hashed names a page may load this module twice.
if (!customElements.get("realtime-status")) customElements.define("realtime-status", RealtimeStatus);
