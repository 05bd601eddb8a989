/**
 * Spells the path of a url in other ways, for a browser that holds its connections back.
 *
 * Firefox delays a connection to a host, port and path that has failed before, by up to 60 s, and a
 * reload doesn't change that. It compares the paths as they are written, without the query, so
 * "/realtim%65/" is another path than "/realtime/" to it, and the same one to every server (RFC 3986,
 * section 6.2.2.2). A proxy that compares without decoding may refuse it, so the page's own spelling
 * is the first one, and the one after a refusal.
 */

/** @typedef {"plain" | "varied"} Kind */

export class Spelling {
  #holdsBack;
  /** @type {Kind} */
  #kind = "plain";
  #variation = 0;

  /** @param {{userAgent: string} | undefined} navigator */
  constructor(navigator) {
    this.#holdsBack = / Firefox\//.test(navigator?.userAgent ?? "");
  }

  /**
   * The url as the next attempt writes it.
   *
   * @param {string | URL} url
   * @param {string | undefined} base
   * @returns {string | URL}
   */
  of(url, base) {
    if (this.#kind === "plain") return url;
    this.#variation += 1;
    const varied = new URL(url, base);
    varied.pathname = variedPath(varied.pathname, this.#variation);
    return varied.href;
  }

  /**
   * Note that an attempt failed.
   *
   * @param {boolean} unanswered until its time was over, and not refused
   * @returns {boolean} whether it may have been held back, and the next one won't be
   */
  failed(unanswered) {
    const previous = this.#kind;
    if (this.#holdsBack) this.#kind = unanswered ? "varied" : "plain";
    return previous !== this.#kind && unanswered;
  }
}

/**
 * Percent-encode those letters and digits, counted from the end, whose bits `variation` has.
 *
 * The end, since a proxy's rules name the beginning of a path.
 *
 * @param {string} path
 * @param {number} variation from 1
 */
export function variedPath(path, variation) {
  const places = [...path.matchAll(/%[0-9a-f]{2}|[a-z0-9]/gi)].filter(([text]) => text.length === 1).reverse();
  const bits = variation % 2 ** Math.min(places.length, 30) || 1;
  const chosen = new Set(places.filter((_, place) => (bits >> place) & 1).map(({ index }) => index));
  const written = [...path].map((character, index) => (chosen.has(index) ? encoded(character) : character));
  return written.join("");
}

/** @param {string} character */
function encoded(character) {
  return `%${character.charCodeAt(0).toString(16)}`;
}
