/** Asks for calls that the agent's phone has left, and that still seem to be the agent's. */

import { isMine } from "./rules/call_rules.js";

// Milliseconds. Usually the event says the same as the phone, a moment later.
const PAUSES = [3_000, 6_000, 12_000];

/**
 * The phone has a line of its own to the company. So it knows of an end that no webhook has brought.
 *
 * `calls()` returns the Map of calls. `ask(call)` has the server ask the company, and is a promise.
 * `wait(ms)` is a promise of later.
 */
export class LeftCalls {
  #calls;
  #agent;
  #ask;
  #wait;

  constructor({ calls, agent, ask, wait = later }) {
    this.#calls = calls;
    this.#agent = agent;
    this.#ask = ask;
    this.#wait = wait;
  }

  /** Asks for a call until it isn't the agent's any more, three times at most. */
  async add(call) {
    for (const pause of PAUSES) {
      await this.#wait(pause);
      if (!this.#isStillMine(call)) return;
      await this.#ask(call).catch(() => {}); // The server asks by itself, too, but later.
    }
  }

  #isStillMine(key) {
    const call = this.#calls().get(key);
    return Boolean(call) && isMine(call, this.#agent);
  }
}

function later(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
