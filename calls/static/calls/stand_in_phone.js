/** A phone without sound, for a simulated phone company: it does what the calls say that it does. */

import { isRungHere } from "./rules/call_rules.js";

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
    for (const call of this.#ringing) if (!ringing.has(call) && call !== talking?.call) this.#emit("ended", call);
    const fresh = [...ringing].filter((call) => !this.#ringing.has(call));
    this.#ringing = ringing;
    for (const call of fresh) this.#emit("incoming", call);
    this.#talk(talking?.call ?? null);
  }

  accept(call) {
    this.#post("calls/simulate/pick-up/", { call }).catch(({ message }) => this.#emit("error", message));
  }

  reject() {}

  hangUp() {
    if (this.#call === null) return;
    this.#post(`calls/${this.#call}/hangup/`).catch(({ message }) => this.#emit("error", message));
  }

  mute() {}

  digits() {}

  close() {}

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
