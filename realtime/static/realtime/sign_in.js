/** What a client says before `welcome`: a ticket, or that it has none. */

import { SUBPROTOCOL, TICKET_PROTOCOL, authenticate, ping } from "./protocol/frames.js";

/** @typedef {() => string | Promise<string>} TicketProvider */

export class SignIn {
  #provider;
  /** @type {string | null} */
  #ticket = null;

  /**
   * @param {TicketProvider | undefined} provider called for each attempt
   * @throws {TypeError} if it is no function
   */
  constructor(provider) {
    if (provider !== undefined && typeof provider !== "function") {
      throw new TypeError("ticket is a function that returns a new ticket: each is good once");
    }
    this.#provider = provider;
  }

  /** What to offer in the handshake. */
  get protocols() {
    return this.#provider ? [SUBPROTOCOL, TICKET_PROTOCOL] : SUBPROTOCOL;
  }

  /**
   * An address that is good for one attempt: with a new ticket, if tickets are used.
   *
   * @param {import("./reconnector.js").UrlProvider} address
   * @returns {import("./reconnector.js").UrlProvider}
   */
  address(address) {
    const provider = this.#provider;
    if (!provider) return address;
    return async () => {
      this.#ticket = null;
      const ticket = await provider();
      if (typeof ticket !== "string" || ticket === "") throw new TypeError(`the ticket is ${ticket}`);
      this.#ticket = ticket;
      return typeof address === "function" ? address() : address;
    };
  }

  /** The first frame. Without a ticket it is a ping, so that a visitor's refusal waits for nothing. */
  firstFrame() {
    return this.#ticket === null ? ping("hello") : authenticate(this.#ticket);
  }
}
