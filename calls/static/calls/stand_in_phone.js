/** A phone without sound, for a simulated phone company: it does what the calls say that it does. */

import { isRungHere } from "./rules/call_rules.js";

// An event may be faster than the company: it says that a phone rings which isn't called yet.
const ATTEMPTS = 10;
const PAUSE = 500; // milliseconds
const CONFLICT = 409;
const LISTEN = 2_000; // milliseconds

export class StandInPhone {
  #post;
  #handlers = new Map();
  #ringing = new Set();
  #talking = new Set();
  #left = new Set(); // of the calls in which the desk still has the agent talk
  #timer;

  constructor({ post }) {
    this.#post = post;
    this.#timer = setInterval(() => this.#talking.forEach((call) => this.#listenTo(call)), LISTEN);
  }

  on(name, handler) {
    this.#handlers.set(name, handler);
    if (name === "ready") queueMicrotask(handler);
  }

  /** Rings and talks as the calls say. A call in doubt goes on as it was, as on a real phone. */
  follow(calls, agent) {
    const talks = (call) => call.state === "in-progress" && call.answered_by?.id === agent.id;
    for (const key of this.#left) if (!calls.has(key) || !talks(calls.get(key))) this.#left.delete(key);
    const talking = keys(
      calls,
      (call) => talks(call) && !this.#left.has(call.call) && (!call.doubtful || this.#talking.has(call.call)),
    );
    const ringing = keys(
      calls, (call) => isRungHere(call, agent) && (!call.doubtful || this.#ringing.has(call.call)),
    );
    const before = { ringing: this.#ringing, talking: this.#talking };
    this.#ringing = ringing;
    this.#talking = talking;
    this.#emitEach("ended", before.ringing, (call) => !ringing.has(call) && !talking.has(call));
    this.#emitEach("incoming", ringing, (call) => !before.ringing.has(call));
    this.#emitEach("ended", before.talking, (call) => !talking.has(call));
    this.#emitEach("accepted", talking, (call) => !before.talking.has(call));
  }

  accept(call) {
    this.#pickUp(call, ATTEMPTS);
  }

  reject() {}

  /** Does so by itself, as a phone does that needs no server. */
  async hangUp(call) {
    try {
      await this.#post("calls/simulate/hang-up/", { call });
    } catch ({ status, message }) {
      if (status !== CONFLICT) this.#emit("error", message); // Otherwise the call has ended before.
    }
  }

  mute() {}

  digits() {}

  close() {
    clearInterval(this.#timer);
  }

  /** Notices that the line is dead, as a real phone does; the calls may not say so. */
  async #listenTo(call) {
    try {
      await this.#post("calls/simulate/listen/", { call });
    } catch ({ status }) {
      if (status !== CONFLICT || !this.#talking.delete(call)) return;
      this.#left.add(call);
      this.#emit("ended", call);
    }
  }

  async #pickUp(call, attempts) {
    try {
      await this.#post("calls/simulate/pick-up/", { call });
    } catch (error) {
      if (attempts === 1) this.#emit("error", error.message);
      else if (this.#ringing.has(call)) setTimeout(() => this.#pickUp(call, attempts - 1), PAUSE);
    }
  }

  #emitEach(name, calls, isMeant) {
    for (const call of calls) if (isMeant(call)) this.#emit(name, call);
  }

  #emit(name, detail) {
    this.#handlers.get(name)?.(detail);
  }
}

function keys(calls, rule) {
  return new Set([...calls.values()].filter(rule).map(({ call }) => call));
}
