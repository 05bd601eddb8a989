/** The configuration that the server has put on the page. */

const NO_URL = 'put {% realtime %} into the template (it makes <script id="realtime-config">), or pass a url';

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
 * @returns {Partial<PageConfig>} an empty one where there is no page
 * @throws {Error} if the page has none, or no url in it
 */
export function readPageConfig(document) {
  if (!document) return {};
  const element = document.getElementById("realtime-config");
  if (!element) throw new Error(NO_URL);
  if (document.querySelectorAll("#realtime-config").length > 1) {
    console.warn("realtime: {% realtime %} stands more than once on this page; the first one counts.");
  }
  const config = JSON.parse(element.textContent ?? "");
  if (typeof config?.url !== "string") throw new Error("there is no url in #realtime-config");
  return config;
}

/**
 * The absolute address of a WebSocket.
 *
 * @param {string | URL | undefined} url absolute, or relative to `base`
 * @param {string | undefined} base
 * @throws {TypeError} if it is neither
 */
export function socketUrl(url, base) {
  if (url === undefined || url === null) throw new TypeError(`the url is ${url}: ${NO_URL}`);
  const absolute = new URL(url, base);
  absolute.protocol = absolute.protocol.replace(/^http/, "ws");
  return absolute.href;
}

/**
 * Whether there is something to connect with, and to: not so on a server that renders the page.
 *
 * @param {import("./reconnector.js").UrlProvider | undefined} url
 * @param {string | undefined} base
 * @param {unknown} WebSocket its class
 */
export function isConnectable(url, base, WebSocket) {
  if (WebSocket === undefined || url === undefined) return false;
  return base !== undefined || typeof url === "function" || /^[a-z]+:/i.test(String(url));
}
