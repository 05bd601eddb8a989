/** One phone for all tabs of an agent in this browser: one tab has it, the others ask that one. */

const NO_PHONE = Object.freeze({ ready: false, ringing: [], call: null, muted: false });

/**
 * `openPhone({ changed, failed })` makes the phone of the tab whose turn it is: an `OwnPhone`.
 * `channel` connects the tabs. `changed()` is called when the state has changed, `failed(sentence)`
 * with an error.
 */
export class SharedPhone {
  #openPhone;
  #channel;
  #changed;
  #failed;
  #phone = null;
  #state = NO_PHONE;
  #followed = [new Map(), null, 0];

  constructor({ openPhone, channel, changed, failed }) {
    this.#openPhone = openPhone;
    this.#channel = channel;
    this.#changed = changed;
    this.#failed = failed;
    channel.on("phone", ({ state }) => !this.#phone && this.#become(state));
    channel.on("phone?", () => this.#phone && this.#report());
    channel.on("ask-phone", ({ method, given }) => this.#phone?.[method](...given));
    channel.send({ kind: "phone?" });
  }

  /** `ready`, the calls that are `ringing`, the `call` that it is in, whether it is `muted`. */
  get state() {
    return this.#state;
  }

  /** Says whether the phone rings for a call. */
  rings(call) {
    return this.#state.ringing.includes(call);
  }

  /** Whether this tab's own phone is in use. */
  get isBusy() {
    return this.#phone !== null && (this.#state.call !== null || this.#state.ringing.length > 0);
  }

  /** Takes the phone or drops it, with the turn. */
  take(isOurs) {
    if (isOurs === (this.#phone !== null)) return;
    this.#phone?.close();
    const handlers = { changed: (state) => this.#become(state), failed: this.#failed };
    this.#phone = isOurs ? this.#openPhone(handlers) : null;
    this.#become(this.#phone?.state ?? NO_PHONE);
    this.#phone?.follow(...this.#followed);
  }

  /** The calls have changed, of which a stand-in reads what rings and who talks. */
  follow(calls, agent, now) {
    this.#followed = [calls, agent, now];
    this.#phone?.follow(calls, agent, now);
  }

  accept(call) {
    this.#do("accept", call);
  }

  reject(call) {
    this.#do("reject", call);
  }

  hangUp() {
    this.#do("hangUp");
  }

  mute(on) {
    this.#do("mute", on);
  }

  digits(text) {
    this.#do("digits", text);
  }

  #do(method, ...given) {
    if (this.#phone) this.#phone[method](...given);
    else this.#channel.send({ kind: "ask-phone", method, given });
  }

  #become(state) {
    this.#state = state;
    if (this.#phone) this.#report();
    this.#changed();
  }

  #report() {
    this.#channel.send({ kind: "phone", state: this.#state });
  }
}
