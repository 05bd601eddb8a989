/** Tokens of actions: by them the server knows a repeated request from a new one. */

// Milliseconds. Later the same click means something new.
const REPEAT_WITHIN = 60_000;

/** Returns a random UUID. `crypto.randomUUID` exists only where the page came over HTTPS. */
export function newToken() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/**
 * The tokens of requests whose outcome isn't known.
 *
 * An agent who asks again for the same gets the same token, so that it is done once. Any answer
 * from the same path ends that: what is asked then is something new.
 */
export class Tokens {
  #unknown = new Map();
  #make;

  constructor(make = newToken) {
    this.#make = make;
  }

  /** Returns the token for a request of `body` to `path`, made `now` (milliseconds). */
  take(path, body, now) {
    const last = this.#unknown.get(path);
    if (last && last.body === body && now - last.since < REPEAT_WITHIN) return last.token;
    const token = this.#make();
    this.#unknown.set(path, { body, token, since: now });
    return token;
  }

  /** The server has answered a request to `path`. */
  answered(path) {
    this.#unknown.delete(path);
  }
}
