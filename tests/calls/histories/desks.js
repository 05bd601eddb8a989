/**
 * Desks without a page: the client of realtime and the desk's own rules, in one process.
 *
 * Each line that comes in is `[desk, command, details]`; each is answered with one line.
 */

import readline from "node:readline";

import { FollowedCalls } from "../../../calls/static/calls/followed_calls.js";
import { rings } from "../../../calls/static/calls/rules/call_rules.js";
import { RealtimeClient } from "../../../realtime/static/realtime/index.js";
import { fakeEnvironment, settled } from "../../js/fakes.js";

class Desk {
  #it = fakeEnvironment();
  #agent;
  #calls;
  #fetching = null;

  constructor({ agent, stream, position, calls }) {
    this.#agent = agent;
    const client = new RealtimeClient("/realtime/", { ...this.#it.options, me: stream, positions: { [stream]: position } });
    this.#calls = new FollowedCalls(client.subscribe("me"), calls, {
      fetchList: () => new Promise((resolve) => (this.#fetching = resolve)),
      changed: () => {},
    });
    client.on("state", ({ previous }) => previous === "open" && this.#calls.lost());
  }

  /** Connects, and returns after which position it asks for events; null for none. */
  connect({ stream }) {
    while (this.#it.last()?.readyState !== 0) this.#it.clock.advance(500);
    this.#it.last().open();
    this.#it.last().welcome({ me: stream });
    const { ref, after } = this.#it.last().frames("subscribe").at(-1);
    return { ref, after: after ?? null };
  }

  /** Takes frames of the server; says whether it waits for the list then. */
  frames({ frames }) {
    for (const frame of frames) this.#it.last().frame(frame);
    return this.#fetching !== null;
  }

  cut() {
    this.#it.last().end();
  }

  /** Hands over the list that it waits for. */
  fetched({ calls }) {
    this.#fetching(calls);
    this.#fetching = null;
  }

  shows({ now }) {
    const known = [...this.#calls.known.values()];
    const ringing = known.filter((call) => rings(call, this.#agent, now)).map(({ call }) => call);
    return { calls: known, ringing, complete: this.#calls.complete };
  }
}

const desks = new Map();

for await (const line of readline.createInterface({ input: process.stdin })) {
  const [name, command, details] = JSON.parse(line);
  if (command === "open") desks.set(name, new Desk(details));
  const answer = command === "open" ? null : (desks.get(name)[command](details) ?? null);
  await settled();
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
