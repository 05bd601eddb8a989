/** Makes the browser's sockets of one `HeartbeatSocket`, and knows the latest. */

export class NativeSockets {
  /** Of the next one. @type {BinaryType} */
  binaryType = "blob";
  /** @type {WebSocket | null} */
  latest = null;
  #WebSocket;
  #protocols;

  /**
   * @param {any} WebSocket the constructor
   * @param {string | string[]} [protocols]
   * @throws {TypeError} if it is no constructor
   */
  constructor(WebSocket, protocols) {
    if (typeof WebSocket !== "function") throw new TypeError("there is no WebSocket class here");
    this.#WebSocket = WebSocket;
    this.#protocols = protocols;
  }

  /**
   * @param {string | URL} url
   * @returns {WebSocket}
   * @throws {DOMException} if the browser takes the url or a protocol for invalid
   */
  make(url) {
    // A browser would take "undefined" for the name of a page.
    if (url === undefined || url === null) throw new TypeError(`the url is ${url}`);
    const native = this.#protocols ? new this.#WebSocket(url, this.#protocols) : new this.#WebSocket(url);
    native.binaryType = this.binaryType;
    this.latest = native;
    return native;
  }
}
