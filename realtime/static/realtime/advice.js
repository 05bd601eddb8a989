/** Tells the page's author, once on the console, why nothing comes and what to change. */

import { CloseCode, REASONS } from "./protocol/close_codes.js";

/** Attempts that fail one after the other, before there may be a mistake. */
const ATTEMPTS = 3;

/** @type {Readonly<Record<number, string>>} */
const ENDINGS = Object.freeze({
  [CloseCode.SERVER_ERROR]: "The server failed for good; its log has the traceback.",
  [CloseCode.NOT_SIGNED_IN]:
    "The server knows no signed-in user. Connect on pages for users who are logged in. If this user " +
    "is, the session cookie did not come with the WebSocket: use the page's own host, and https " +
    "where SESSION_COOKIE_SECURE is set.",
  [CloseCode.PROTOCOL_ERROR]: "The server does not understand this client. Reload the page.",
  [CloseCode.UNSUPPORTED_VERSION]: "This page is older or newer than the server. Reload it.",
  [CloseCode.SIGNED_OUT]: "The user was logged out. Have them log in again.",
  [CloseCode.TOO_MANY_SOCKETS]:
    "This user has as many newer sockets as MAX_SOCKETS_PER_USER allows. Make one client on a page.",
  [CloseCode.DISCONNECTED]: "The application ended this connection.",
});

const AWAY = "It was there before: does the server run? The page goes on trying.";

const MISTAKEN =
  "Is the consumer routed there (in asgi.py: application = realtime.asgi.application())? Is it an ASGI " +
  "server (runserver needs 'daphne' first in INSTALLED_APPS)? Is this page's origin allowed? The " +
  "server's log says more, and manage.py realtime_check --live.";

/** Whether the server answered, and only wants the page to come later. @param {number} [code] */
const answered = (code) => code !== undefined && code in REASONS;

/** What one client has to say to the author of its page. */
export class Advice {
  #url = "the server";
  #failures = 0;
  #given = false;
  #worked = false;

  /** Name the server. @param {import("./reconnector.js").UrlProvider} url */
  to(url) {
    if (typeof url !== "function") this.#url = String(url);
  }

  /**
   * Note a change of the client's state.
   *
   * @param {{state: string, previous: string, code?: number, reason?: string,
   *   retryIn?: number | null}} change
   * @param {boolean} handled whether the page has a handler for changes of the state
   */
  moved({ state, previous, code, reason }, handled) {
    if (state === "open") {
      this.#failures = 0;
      this.#worked = true;
    } else if (state === "closed" && code !== undefined && code !== 1000 && !handled) {
      const why = ENDINGS[code] ?? `Close code ${code} ${reason}.`;
      console.warn(`realtime: no connection to ${this.#url}, and none will be tried. ${why}`);
    } else if (state === "waiting" && previous === "connecting" && !answered(code)) this.#failed();
  }

  #failed() {
    this.#failures += 1;
    if (this.#failures < ATTEMPTS || this.#given) return;
    this.#given = true;
    console.warn(
      `realtime: ${ATTEMPTS} attempts to connect to ${this.#url} have failed. ${this.#worked ? AWAY : MISTAKEN}`,
    );
  }
}
