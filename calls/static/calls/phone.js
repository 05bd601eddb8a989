/**
 * The phone of the page: whichever the server says, with one interface.
 *
 * Calls are named by their `call`. Events, one handler each: `ready` when it can be called,
 * `incoming`, `accepted` and `ended` with a call, `error` with a sentence for the agent. Methods:
 * `follow(calls, agent)` with what the desk knows, `accept(call)`, `reject(call)`, `hangUp(call)`,
 * `mute(call, on)`, `digits(call, text)`, `close()`.
 */

import { fetchPhone } from "./api.js";
import { StandInPhone } from "./stand_in_phone.js";
import { TwilioPhone } from "./twilio_phone.js";

const RETRY = 5_000; // ms

const KINDS = {
  "stand-in": (needs) => new StandInPhone(needs),
  twilio: (needs, login) => new TwilioPhone({ ...needs, login }),
  elsewhere: () => null, // It rings by itself, on the agent's table.
};

/** Makes the phone of an `agent`; `post` sends a request to the server. */
export function makePhone(needs) {
  return new PagePhone(needs);
}

/** Stands for the phone until the server has said which it is, and passes everything on to it. */
export class PagePhone {
  #needs;
  #fetchPhone;
  #handlers = new Map();
  #phone = null;
  #followed = null;
  #closed = false;
  #timer = 0;

  constructor(needs) {
    this.#needs = needs;
    this.#fetchPhone = needs.fetchPhone ?? fetchPhone;
    this.#open();
  }

  on(name, handler) {
    this.#handlers.set(name, handler);
    this.#phone?.on(name, handler);
  }

  follow(calls, agent) {
    this.#followed = [calls, agent];
    this.#phone?.follow(calls, agent);
  }

  accept(call) {
    this.#phone?.accept(call);
  }

  reject(call) {
    this.#phone?.reject(call);
  }

  hangUp(call) {
    this.#phone?.hangUp(call);
  }

  mute(call, on) {
    this.#phone?.mute(call, on);
  }

  digits(call, text) {
    this.#phone?.digits(call, text);
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#phone?.close();
  }

  async #open() {
    try {
      const login = await this.#fetchPhone();
      if (!this.#closed) this.#become(KINDS[login.kind](this.#needs, login));
    } catch (error) {
      this.#handlers.get("error")?.(error.message);
      if (!this.#closed) this.#timer = setTimeout(() => this.#open(), RETRY);
    }
  }

  #become(phone) {
    this.#phone = phone;
    for (const [name, handler] of this.#handlers) phone?.on(name, handler);
    if (this.#followed) phone?.follow(...this.#followed);
  }
}
