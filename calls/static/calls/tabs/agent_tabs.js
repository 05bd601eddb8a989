/** This tab among the agent's tabs in this browser: whose turn it is, and the one phone. */

import { SharedPhone } from "./shared_phone.js";
import { TabChannel } from "./tab_channel.js";
import { Turn } from "./turn.js";

export class AgentTabs {
  #channel;
  #turn;
  #phone;

  /**
   * `openPhone(handlers)` makes an `OwnPhone`. `maySound()` says whether the browser lets this tab
   * make sound. `changed()` is called when the turn or the phone's state has changed,
   * `failed(sentence)` with an error of the phone.
   */
  constructor({ agent, openPhone, maySound, changed, failed, locks = navigator.locks }) {
    const name = `calls.desk.${agent.id}`;
    this.#channel = new TabChannel(name);
    this.#phone = new SharedPhone({ openPhone, channel: this.#channel, changed, failed });
    const turnChanged = () => {
      this.#phone.take(this.#turn.isOurs);
      changed();
    };
    const isBusy = () => this.#phone.isBusy;
    this.#turn = new Turn({ name, locks, channel: this.#channel, maySound, isBusy, changed: turnChanged });
  }

  /** The phone of all tabs. */
  get phone() {
    return this.#phone;
  }

  /** Whether this tab makes the sound. */
  get isOurs() {
    return this.#turn.isOurs;
  }

  /** The browser has begun or stopped to let this tab make sound. */
  soundChanged() {
    this.#turn.soundChanged();
  }

  /** Takes part, and steps back whenever the page is put aside. */
  begin() {
    addEventListener("pagehide", () => this.end());
    addEventListener("pageshow", ({ persisted }) => persisted && this.#enter());
    document.addEventListener("freeze", () => this.end());
    document.addEventListener("resume", () => this.#enter());
    this.#enter();
  }

  /**
   * Steps back: the page is put aside, or gets no more calls.
   *
   * The other tabs need the turn, and a browser keeps no page that holds a lock.
   */
  end() {
    this.#turn.end();
    this.#phone.take(false);
    this.#channel.close();
  }

  #enter() {
    this.#channel.open();
    this.#turn.begin();
    if (this.#turn.isOurs) this.#phone.take(true);
  }
}
