/** The configuration that the server has put on the page. */

/**
 * @typedef {object} PageConfig
 * @property {string} url of the WebSocket; relative to the page is enough
 * @property {string} [me] the stream of the user for whom the page was made
 * @property {Record<string, import("./protocol/position.js").Position>} [positions] of the streams whose
 *   data is on the page
 */

/**
 * Read `<script type="application/json" id="realtime-config">`.
 *
 * @param {Document | undefined} document
 * @returns {PageConfig}
 * @throws {Error} if there is none, or no url in it
 */
export function readPageConfig(document) {
  const element = document?.getElementById("realtime-config");
  if ((document?.querySelectorAll("#realtime-config").length ?? 0) > 1) {
    console.warn("realtime: {% realtime %} stands more than once on this page; the first one counts.");
  }
  if (!element) throw new Error('pass a url, or put <script id="realtime-config"> on the page');
  const config = JSON.parse(element.textContent ?? "");
  if (typeof config?.url !== "string") throw new Error("there is no url in #realtime-config");
  return config;
}

/**
 * The absolute address of a WebSocket.
 *
 * @param {string | URL} url absolute, or relative to the page
 * @param {Document | undefined} document
 * @throws {TypeError} if it is neither
 */
export function socketUrl(url, document) {
  if (url === undefined || url === null) throw new TypeError(`the url is ${url}`);
  const absolute = new URL(url, document?.baseURI);
  absolute.protocol = absolute.protocol.replace(/^http/, "ws");
  return absolute.href;
}
