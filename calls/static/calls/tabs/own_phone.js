/** The phone of this tab: its state in one object, whatever phone it is. */

import { isWanted } from "../rules/call_rules.js";

/**
 * `phone` has the interface of `phone.js`. `changed(state)` is called when the state has changed,
 * `failed(sentence)` with an error.
 */
export class OwnPhone {
  #phone;
  #changed;
  #state = { ready: false, ringing: [], call: null, muted: false };

  constructor(phone, { changed, failed }) {
    this.#phone = phone;
    this.#changed = changed;
    phone.on("ready", () => this.#become({ ready: true }));
    phone.on("incoming", (call) => this.#become({ ringing: [...this.#without(call), call] }));
    phone.on("accepted", (call) => this.#accepted(call));
    phone.on("ended", (call) => this.#ended(call));
    phone.on("error", failed);
  }

  get state() {
    return this.#state;
  }

  /** Answers what the agent has asked for; the rest rings until the agent says so. */
  follow(calls, agent, now) {
    this.#phone.follow?.(calls, agent);
    for (const key of this.#state.ringing) {
      const call = calls.get(key);
      if (call && isWanted(call, agent, now)) this.accept(key);
    }
  }

  accept(call) {
    if (!this.#state.ringing.includes(call)) return;
    this.#phone.accept(call);
    this.#accepted(call);
  }

  reject(call) {
    if (this.#state.ringing.includes(call)) this.#phone.reject(call);
  }

  hangUp() {
    this.#phone.hangUp();
  }

  mute(on) {
    this.#phone.mute(on);
    this.#become({ muted: on });
  }

  digits(text) {
    this.#phone.digits(text);
  }

  close() {
    this.#phone.close();
  }

  #accepted(call) {
    this.#become({ ringing: this.#without(call), call, muted: false });
  }

  #ended(call) {
    const isOurs = this.#state.call === call;
    this.#become({ ringing: this.#without(call), ...(isOurs && { call: null, muted: false }) });
  }

  #without(call) {
    return this.#state.ringing.filter((other) => other !== call);
  }

  #become(change) {
    this.#state = { ...this.#state, ...change };
    this.#changed(this.#state);
  }
}
