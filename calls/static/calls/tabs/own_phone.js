/** The phone of this tab: its state in one object, whatever phone it is. */

import { isRungHere, isWanted } from "../rules/call_rules.js";

/**
 * `phone` has the interface of `phone.js`. `changed(state)` is called when the state has changed,
 * `failed(sentence)` with an error.
 */
export class OwnPhone {
  #phone;
  #changed;
  #state = { ready: false, ringing: [], call: null, muted: false };
  #isWanted = () => false;
  #asked = new Set();

  constructor(phone, { changed, failed }) {
    this.#phone = phone;
    this.#changed = changed;
    phone.on("ready", () => this.#become({ ready: true }));
    phone.on("incoming", (call) => this.#rings(call));
    phone.on("accepted", (call) => this.#accepted(call));
    phone.on("ended", (call) => this.#ended(call));
    phone.on("error", failed);
  }

  get state() {
    return this.#state;
  }

  /** Answers what the agent has asked for; the rest rings until the agent says so. */
  follow(calls, agent, now) {
    const known = (key, rule) => calls.has(key) && rule(calls.get(key), agent, now);
    this.#isWanted = (key) => this.#asked.has(key) || known(key, isWanted);
    for (const key of this.#asked) if (!known(key, isRungHere)) this.#asked.delete(key);
    this.#phone.follow?.(calls, agent);
    for (const key of this.#state.ringing.filter(this.#isWanted)) this.accept(key);
  }

  /** Answers a call as soon as the phone rings for it. */
  accept(call) {
    if (!this.#state.ringing.includes(call)) return this.#asked.add(call);
    this.#asked.delete(call);
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

  #rings(call) {
    this.#become({ ringing: [...this.#without(call), call] });
    if (this.#isWanted(call)) this.accept(call);
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
