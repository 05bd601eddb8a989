/** What an agent can do with a call: each verb asks the server, the phone, or both. */

const WORDS = {
  answer: "Answering",
  decline: "Declining",
  reject: "Rejecting",
  hangup: "Hanging up",
  hold: "Changing hold",
  transfer: "Transferring",
};
// The company takes them one after the other: of two that it does together, the older might be last.
const ONE_BY_ONE = ["hold", "transfer"];
// Milliseconds. The change comes as an event, which may be late if the phone company is slow.
const CHANGE_TIMEOUT = 10_000;

/**
 * Carries out the verbs, one at a time for each call.
 *
 * `post(path, fields)` resolves to whether the server agreed. `phone` is the browser's phone.
 * `isConnected()` says whether the server can be reached. `changed()` is called when an action
 * begins or ends. `wait(ms)` is a promise of later.
 */
export class Actions {
  #calls;
  #pending;
  #phone;
  #post;
  #isConnected;
  #changed;
  #wait;

  constructor({ calls, pending, phone, post, isConnected, changed, wait = later }) {
    this.#calls = calls;
    this.#pending = pending;
    this.#phone = phone;
    this.#post = post;
    this.#isConnected = isConnected;
    this.#changed = changed;
    this.#wait = wait;
  }

  /** Does what `verb` says with the call; `details` are the fields that the verb needs. */
  async perform(verb, key, details = {}) {
    const call = this.#calls().get(key);
    if (!call) return;
    if (verb === "mute") return this.#phone.mute(!this.#phone.state.muted);
    if (verb === "digits") return this.#phone.digits(details.digits);
    if (verb === "hangup" && !this.#isConnected()) return this.#phone.hangUp();
    if (this.#pending.has(key)) return;
    if (ONE_BY_ONE.includes(verb) && this.#pending.isUnanswered(key)) return;
    const action = this.#pending.begin(key, WORDS[verb]);
    this.#changed();
    const agreed = await this.#ask(verb, call, details);
    action.answered();
    this.#changed();
    if (agreed) await this.#wait(CHANGE_TIMEOUT);
    action.end();
    this.#changed();
  }

  async #ask(verb, { call, held }, details) {
    const isRinging = this.#phone.rings(call);
    if (verb === "answer") {
      const agreed = await this.#post(`calls/${call}/answer/`, isRinging ? { phone: "ringing" } : {});
      if (agreed) this.#phone.accept(call);
      return agreed;
    }
    if (verb === "decline") {
      const agreed = await this.#post(`calls/${call}/decline/`);
      if (agreed && isRinging) this.#phone.reject(call);
      return agreed;
    }
    const fields = verb === "hold" ? { on: held ? 0 : 1 } : details;
    const agreed = await this.#post(`calls/${call}/${verb === "reject" ? "hangup" : verb}/`, fields);
    // The server may not reach the company, over which the phone has a line of its own.
    if (verb === "hangup" && this.#phone.state.call === call) this.#phone.hangUp();
    return agreed;
  }
}

function later(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
