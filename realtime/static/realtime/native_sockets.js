/** Makes the browser's sockets of one `HeartbeatSocket`, and knows the latest. */

export class NativeSockets {
  /** Of the next one. @type {BinaryType} */
  binaryType = "blob";
  /** @type {WebSocket | null} */
  latest = null;
  #WebSocket;
  #protocols;
  /** As the page gave it, where the latest one's is written otherwise. @type {string | null} */
  #plainUrl = null;

  /**
   * @param {any} WebSocket the constructor; undefined: the browser's
   * @param {string | string[]} [protocols]
   * @throws {TypeError} if it is no constructor
   */
  constructor(WebSocket, protocols) {
    if (WebSocket !== undefined) checkClass(WebSocket);
    this.#WebSocket = WebSocket;
    this.#protocols = protocols;
  }

  /** Of the latest one. @returns {string | undefined} */
  get url() {
    return this.#plainUrl ?? this.latest?.url;
  }

  /** Whether there is something to make one with. */
  get canMake() {
    return this.#class !== undefined;
  }

  /** @throws {TypeError} if there is not */
  check() {
    checkClass(this.#class);
  }

  /**
   * @param {string | URL} url
   * @param {string | URL} written the same, as this one is to write it
   * @returns {WebSocket}
   * @throws {DOMException} if the browser takes the url or a protocol for invalid
   */
  make(url, written) {
    const native = this.#protocols ? new this.#class(written, this.#protocols) : new this.#class(written);
    native.binaryType = this.binaryType;
    this.latest = native;
    this.#plainUrl = written === url ? null : String(url);
    return native;
  }

  get #class() {
    return this.#WebSocket ?? globalThis.WebSocket;
  }
}

/** @param {unknown} WebSocket */
function checkClass(WebSocket) {
  if (typeof WebSocket !== "function") throw new TypeError("there is no WebSocket class here");
}
