/**
 * Which of an agent's tabs in this browser makes the sound and has the phone: one at a time.
 *
 * The tab that holds a Web Lock has the turn; the browser passes the lock on when the tab is gone. A
 * tab that may not sound gives the turn to one that may. Where there are no Web Locks, as on a page
 * that came without HTTPS from another machine, every tab has the turn.
 */
export class Turn {
  #name;
  #locks;
  #channel;
  #maySound;
  #isBusy;
  #changed;
  #release = null;
  #asking = null;

  /**
   * `name` is that of the lock. `channel` connects the tabs; it has `send(message)` and
   * `on(kind, handler)`. `maySound()`: the browser lets this tab make sound. `isBusy()`: this tab
   * can't give the turn away, because its phone is in use. `changed()` is called when the turn has
   * come or gone.
   */
  constructor({ name, locks, channel, maySound, isBusy, changed }) {
    this.#name = name;
    this.#locks = locks;
    this.#channel = channel;
    this.#maySound = maySound;
    this.#isBusy = isBusy;
    this.#changed = changed;
    channel.on("silent-holder", () => this.#offer());
    channel.on("may-sound", () => this.#giveWay());
  }

  /** Whether this tab has the turn. */
  get isOurs() {
    return !this.#locks || this.#release !== null;
  }

  /** Takes part, after all tabs that do already. */
  begin() {
    if (!this.#locks || this.#asking) return;
    const asking = new AbortController();
    this.#asking = asking;
    const held = () => new Promise((release) => this.#come(release));
    this.#locks.request(this.#name, { signal: asking.signal }, held).catch(() => {});
    this.#offer();
  }

  /** Takes part no more, until `begin`: the page is put aside. */
  end() {
    this.#asking?.abort();
    this.#asking = null;
    const release = this.#release;
    this.#release = null;
    release?.();
    if (release) this.#changed();
  }

  /** The browser has begun or stopped to let this tab make sound. */
  soundChanged() {
    if (!this.#maySound() && this.isOurs) this.#channel.send({ kind: "silent-holder" });
    this.#offer();
  }

  #come(release) {
    this.#release = release;
    this.#changed();
    if (!this.#maySound()) this.#channel.send({ kind: "silent-holder" });
  }

  #offer() {
    if (this.#asking && !this.isOurs && this.#maySound()) this.#channel.send({ kind: "may-sound" });
  }

  #giveWay() {
    if (!this.#release || this.#maySound() || this.#isBusy()) return;
    this.end();
    this.begin();
  }
}
