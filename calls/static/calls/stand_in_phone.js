/** A phone without sound, for a simulated phone company: it does what the calls say that it does. */

import { isRungHere } from "./rules/call_rules.js";

// An event may be faster than the company: it says that a phone rings which isn't called yet.
const ATTEMPTS = 10;
const PAUSE = 500; // milliseconds

export class StandInPhone {
  #post;
  #handlers = new Map();
  #ringing = new Set();
  #call = null;

  constructor({ post }) {
    this.#post = post;
  }

  on(name, handler) {
    this.#handlers.set(name, handler);
    if (name === "ready") queueMicrotask(handler);
  }

  /** Rings and talks as the calls say. */
  follow(calls, agent) {
    const all = [...calls.values()].filter(({ doubtful }) => !doubtful);
    const talking = all.find((call) => call.state === "in-progress" && call.answered_by?.id === agent.id);
    const ringing = new Set(all.filter((call) => isRungHere(call, agent)).map(({ call }) => call));
    const before = this.#ringing;
    this.#ringing = ringing;
    for (const call of before) if (!ringing.has(call) && call !== talking?.call) this.#emit("ended", call);
    for (const call of ringing) if (!before.has(call)) this.#emit("incoming", call);
    this.#talk(talking?.call ?? null);
  }

  accept(call) {
    this.#pickUp(call, ATTEMPTS);
  }

  reject() {}

  hangUp() {
    if (this.#call === null) return;
    this.#post(`calls/${this.#call}/hangup/`).catch(({ message }) => this.#emit("error", message));
  }

  mute() {}

  digits() {}

  close() {}

  async #pickUp(call, attempts) {
    try {
      await this.#post("calls/simulate/pick-up/", { call });
    } catch (error) {
      if (attempts === 1) this.#emit("error", error.message);
      else if (this.#ringing.has(call)) setTimeout(() => this.#pickUp(call, attempts - 1), PAUSE);
    }
  }

  #talk(call) {
    const before = this.#call;
    if (before === call) return;
    this.#call = call;
    if (before !== null) this.#emit("ended", before);
    if (call !== null) this.#emit("accepted", call);
  }

  #emit(name, detail) {
    this.#handlers.get(name)?.(detail);
  }
}
