/** `<realtime-stream src="room.7">`: applies the HTML that is published to a stream. */

import { apply } from "./html/actions.js";
import { fetchParts } from "./html/part.js";
import { RealtimeClient } from "./index.js";
import { pageClient } from "./page_client.js";
import { plainName } from "./protocol/stream_names.js";
import { Refetch } from "./refetch.js";
import { RowVersions } from "./row_versions.js";

/** Streams that elements of the page follow, by their plain names. @type {Map<string, FollowedStream>} */
const followed = new Map();

/** A stream that elements follow together: each event changes the page once. */
class FollowedStream {
  /** @type {Set<HTMLElement>} */
  #elements = new Set();
  /** @type {Refetch<import("./html/actions.js").Change>} */
  #refetch = new Refetch(() => fetchParts(this.#elements), (change) => this.#apply(change));
  #versions = new RowVersions();
  /** @type {RealtimeClient} */
  #client = pageClient() ?? new RealtimeClient();
  #begun = false;
  #stop;

  /** @param {string} src */
  constructor(src) {
    const { stop } = this.#client.follow(src, {
      subscribed: () => (this.#begun = true),
      reset: () => this.#refetch.start(),
      html: (/** @type {any} */ change) => {
        if (change.action === "refresh") this.#refetch.start();
        else this.#refetch.take(change);
      },
    });
    this.#stop = stop;
  }

  /** @param {HTMLElement} element */
  add(element) {
    this.#elements.add(element);
    // It may have come from the server before events that the page has handed out already.
    if (this.#begun) this.#refetch.start();
  }

  /** @param {HTMLElement} element @returns {boolean} whether it was the last one */
  remove(element) {
    this.#elements.delete(element);
    if (this.#elements.size > 0) return false;
    this.#refetch.stop();
    this.#stop();
    return true;
  }

  /** @param {import("./html/actions.js").Change} change */
  #apply(change) {
    const { action, target, row, version = 0 } = change;
    // A row that is not there may still be appended, by an event that is older than this one.
    if (action === "replace" && !document.getElementById(target)) return;
    if (row === undefined || this.#versions.take(row, version)) apply(change);
  }

  /** Take a newer signed name, for the next connection. @param {string} src */
  rename(src) {
    this.#client.subscribe(src).unsubscribe();
  }
}

/**
 * Attributes: `src`, the stream's name, signed or not; `data-part`, the id of the element that is
 * fetched again where the stream has begun again, and without it the whole body is; `data-refresh`, the
 * address that it is fetched from, and without it the page's own.
 */
export class RealtimeStream extends HTMLElement {
  static observedAttributes = ["src"];
  /** The plain name of the stream that it follows. @type {string | null} */
  #name = null;

  connectedCallback() {
    if (document.readyState === "complete") return this.#follow();
    // A script of the page may make the client; all of them have run then.
    const follow = () => this.#follow();
    document.addEventListener("DOMContentLoaded", follow, { once: true });
    addEventListener("load", follow, { once: true });
  }

  disconnectedCallback() {
    if (this.#name === null) return;
    if (followed.get(this.#name)?.remove(this)) followed.delete(this.#name);
    this.#name = null;
  }

  /** @param {string} _ @param {string | null} before @param {string | null} src */
  attributeChangedCallback(_, before, src) {
    if (this.#name === null) return;
    if (src && plainName(src) === this.#name) return followed.get(this.#name)?.rename(src);
    this.disconnectedCallback();
    this.#follow();
  }

  #follow() {
    const src = this.getAttribute("src");
    if (!src || !this.isConnected || this.#name !== null) return;
    const name = plainName(src);
    const stream = followed.get(name) ?? new FollowedStream(src);
    followed.set(name, stream);
    stream.add(this);
    this.#name = name;
  }
}

// Under hashed names a page may load this module twice.
if (!customElements.get("realtime-stream")) customElements.define("realtime-stream", RealtimeStream);
