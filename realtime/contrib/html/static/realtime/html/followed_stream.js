/** A stream that elements of the page follow together: each event changes the page once. */

import { RealtimeClient } from "../index.js";
import { pageClient } from "../page_client.js";
import { plainName } from "../protocol/stream_names.js";
import { Refetch } from "../refetch.js";
import { apply } from "./actions.js";
import { fetchParts } from "./part.js";

/** @type {Map<string, FollowedStream>} */
const followed = new Map();

/**
 * Follow a stream for an element, over the page's client.
 *
 * @param {HTMLElement} element
 * @param {string} src the stream's name, signed or not
 * @returns {() => void} ends that
 */
export function follow(element, src) {
  const name = plainName(src);
  const stream = followed.get(name) ?? new FollowedStream(src);
  followed.set(name, stream);
  stream.add(element);
  return () => {
    if (stream.remove(element)) followed.delete(name);
  };
}

/** Name a followed stream by its newest signed name, which counts for the next connection. @param {string} src */
export function rename(src) {
  followed.get(plainName(src))?.rename(src);
}

class FollowedStream {
  /** @type {Set<HTMLElement>} */
  #elements = new Set();
  /** @type {Refetch<import("./actions.js").Change>} */
  #refetch = new Refetch(() => fetchParts(this.#elements), apply);
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

  /** @param {string} src */
  rename(src) {
    this.#client.subscribe(src).unsubscribe();
  }
}
