/** `<realtime-stream src="room.7">`: applies the HTML that is published to a stream. */

import { follow, rename } from "./html/followed_stream.js";
import { plainName } from "./protocol/stream_names.js";

/**
 * Attributes: `src`, the stream's name, signed or not; `data-part`, the id of the element that is
 * fetched again where the stream has begun again, and without it the whole body is; `data-refresh`, the
 * address that it is fetched from, and without it the page's own.
 */
export class RealtimeStream extends HTMLElement {
  static observedAttributes = ["src"];
  /** @type {(() => void) | null} */
  #stop = null;

  connectedCallback() {
    if (document.readyState === "complete") return this.#follow();
    // A script of the page may make the client; all of them have run then.
    const follow = () => this.#follow();
    document.addEventListener("DOMContentLoaded", follow, { once: true });
    addEventListener("load", follow, { once: true });
  }

  disconnectedCallback() {
    this.#stop?.();
    this.#stop = null;
  }

  /** @param {string} _ @param {string | null} before @param {string | null} after */
  attributeChangedCallback(_, before, after) {
    if (!this.#stop) return;
    if (before && after && plainName(before) === plainName(after)) return rename(after);
    this.disconnectedCallback();
    this.#follow();
  }

  #follow() {
    const src = this.getAttribute("src");
    if (src && this.isConnected && !this.#stop) this.#stop = follow(this, src);
  }
}

// Under hashed names a page may load this module twice.
if (!customElements.get("realtime-stream")) customElements.define("realtime-stream", RealtimeStream);
