/** What the desk tells its agent: complaints, which go when their cause goes, and news. */

import { Notices } from "./rules/notices.js";

const KINDS = ["complaint", "news", "urgent", "connection-news"];

export class Announcements {
  #notices = new Notices();
  #changed;
  #signedOut;
  #now;

  /**
   * `changed()` is called when there is another complaint, `signedOut()` when a request was refused
   * for want of a login. `now()` is this machine's time in milliseconds.
   */
  constructor({ changed, signedOut, now = Date.now }) {
    this.#changed = changed;
    this.#signedOut = signedOut;
    this.#now = now;
  }

  /** The sentences to show, by kind. */
  get shown() {
    return Object.fromEntries(KINDS.map((kind) => [kind, this.#notices.text(kind, this.#now())]));
  }

  /** Tells a sentence of a kind; "" takes the one before back. */
  tell(kind, sentence, about) {
    this.#notices.take(kind, sentence, this.#now(), about);
  }

  /** `about` is what went wrong: once that goes well, the complaint goes. */
  complain(sentence, about) {
    this.tell("complaint", sentence, about);
    this.#changed();
  }

  /** Takes what is wrong with something, "" if nothing is any more. */
  take(sentence, about) {
    if (sentence) this.complain(sentence, about);
    else this.settle(about);
  }

  /** Takes an error of a request. */
  failed(error, about) {
    if (error.status === 401) this.#signedOut();
    this.complain(error.message, about);
  }

  /** Takes the complaint back whose cause has gone. */
  settle(about) {
    this.#notices.settle("complaint", about);
  }

  /** Returns what is asked for; when it comes, the complaint that it didn't has no cause any more. */
  async done(about, answer) {
    const result = await answer;
    if (result !== null) this.settle(about);
    return result;
  }
}
