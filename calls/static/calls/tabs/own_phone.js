/** The phone of this tab: its state in one object, whatever phone it is. */

import { isRungHere, isWanted } from "../rules/call_rules.js";

/**
 * `phone` has the interface of `phone.js`. `changed(state)` is called when the state has changed,
 * `failed(sentence)` with an error, and with "" when the phone can be called. `left(call)` is called
 * when the phone has left a call that it was in.
 */
export class OwnPhone {
  #phone;
  #changed;
  #left;
  #state = { ready: false, ringing: [], call: null, muted: false };
  #isWanted = () => false;
  #isHeld = () => false;
  #asked = new Set();
  #accepted = new Set(); // in their order
  #muted = new Set();

  constructor(phone, { changed, failed, left = () => {} }) {
    this.#phone = phone;
    this.#changed = changed;
    this.#left = left;
    phone.on("ready", () => {
      failed("");
      this.#become({ ready: true });
    });
    phone.on("incoming", (call) => this.#rings(call));
    phone.on("accepted", (call) => this.#accepts(call));
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
    this.#isHeld = (key) => Boolean(calls.get(key)?.held);
    this.#phone.follow?.(calls, agent);
    this.#settle();
    for (const key of this.#state.ringing.filter(this.#isWanted)) this.accept(key);
  }

  /** Answers a call as soon as the phone rings for it. */
  accept(call) {
    if (!this.#state.ringing.includes(call)) return this.#asked.add(call);
    this.#asked.delete(call);
    this.#phone.accept(call);
    this.#accepts(call);
  }

  reject(call) {
    if (this.#state.ringing.includes(call)) this.#phone.reject(call);
  }

  hangUp() {
    if (this.#state.call !== null) this.#phone.hangUp(this.#state.call);
  }

  mute(on) {
    const { call } = this.#state;
    if (call === null) return;
    this.#phone.mute(call, on);
    if (on) this.#muted.add(call);
    else this.#muted.delete(call);
    this.#become({ muted: on });
  }

  digits(text) {
    if (this.#state.call !== null) this.#phone.digits(this.#state.call, text);
  }

  close() {
    this.#phone.close();
  }

  #rings(call) {
    this.#become({ ringing: [...this.#without(call), call] });
    if (this.#isWanted(call)) this.accept(call);
  }

  #accepts(call) {
    this.#accepted.add(call);
    this.#become({ ringing: this.#without(call), ...this.#conversation() });
  }

  #ended(call) {
    if (this.#accepted.delete(call)) this.#left(call);
    this.#muted.delete(call);
    this.#become({ ringing: this.#without(call), ...this.#conversation() });
  }

  // After a call was held or taken off hold, the agent may talk in another one.
  #settle() {
    const { call, muted } = this.#conversation();
    if (call !== this.#state.call || muted !== this.#state.muted) this.#become({ call, muted });
  }

  /** Of several calls the agent talks in the one that isn't on hold. */
  #conversation() {
    const accepted = [...this.#accepted];
    const call = accepted.findLast((key) => !this.#isHeld(key)) ?? accepted.at(-1) ?? null;
    return { call, muted: this.#muted.has(call) };
  }

  #without(call) {
    return this.#state.ringing.filter((other) => other !== call);
  }

  #become(change) {
    this.#state = { ...this.#state, ...change };
    this.#changed(this.#state);
  }
}
