/** Drives the client's end of one heartbeat: owns the clock and the timer that the rules lack. */

import { ping, pong } from "./protocol/frames.js";
import { Heartbeat } from "./protocol/heartbeat.js";

/** The heartbeat of one connection, from `welcome` to its end. */
export class Keepalive {
  #environment;
  #on;
  #heartbeat;
  #pings = 0;
  /** @type {number | null} */
  #greetedAt;
  /** @type {any} */
  #timer;

  /**
   * @param {{interval: number, timeout: number}} heartbeat seconds, as the server announced them
   * @param {import("./environment.js").Environment} environment
   * @param {{send: (text: string) => void, stale: () => void,
   *   latency: (milliseconds: number) => void}} on
   */
  constructor({ interval, timeout }, environment, on) {
    this.#environment = environment;
    this.#on = on;
    const now = this.#now();
    this.#greetedAt = now;
    this.#heartbeat = new Heartbeat("client", interval, timeout, { now });
    this.#arm();
    // The greeting shows the server that this client answers, and measures. It is no probe: there is
    // no doubt yet, and on a slow line that loses a packet its pong takes longer than a probe may.
    this.#on.send(ping("0"));
  }

  /** Note that a frame of any kind came. */
  received() {
    this.#heartbeat.received(this.#now());
  }

  /**
   * Answer the server's ping.
   *
   * @param {string} nonce
   */
  answer(nonce) {
    this.#on.send(pong(nonce));
    // Browsers slow down timers of hidden pages that were set by timers, to one a minute; those set
    // while a message is handled they leave alone.
    this.#arm();
  }

  /**
   * Take a pong.
   *
   * @param {string} nonce
   */
  pong(nonce) {
    const now = this.#now();
    const seconds = this.#greeted(nonce, now) ?? this.#heartbeat.pong(nonce, now);
    if (seconds === null) return;
    this.#arm();
    this.#on.latency(Math.round(seconds * 1000));
  }

  /** Send a ping now; without its pong in time the server is stale. */
  probe() {
    const nonce = String(++this.#pings);
    this.#heartbeat.ping(nonce, this.#now());
    this.#arm();
    this.#on.send(ping(nonce));
  }

  stop() {
    this.#environment.clearTimeout(this.#timer);
  }

  /** @param {string} nonce @param {number} now */
  #greeted(nonce, now) {
    if (nonce !== "0" || this.#greetedAt === null) return null;
    const seconds = now - this.#greetedAt;
    this.#greetedAt = null;
    return seconds;
  }

  #now() {
    return this.#environment.now() / 1000;
  }

  #arm() {
    this.stop();
    const milliseconds = Math.max(0, Math.ceil((this.#heartbeat.wakeAt - this.#now()) * 1000));
    this.#timer = this.#environment.setTimeout(() => this.#wake(), milliseconds);
  }

  #wake() {
    const verdict = this.#heartbeat.wake(this.#now());
    if (verdict === "stale") this.#on.stale();
    else if (verdict === "ping") this.probe();
    else this.#arm();
  }
}
