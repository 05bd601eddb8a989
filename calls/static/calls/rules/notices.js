/** The sentences that the desk shows for a while, and which of all notices has the place for them. */

// Milliseconds.
const SHOWN = 12_000;

/** Sentences by kind, each until its time is over or another of its kind comes. */
export class Notices {
  #shown = new Map();

  /** Takes a sentence of a kind at the time `now`; "" removes the one before. `about` names its cause. */
  take(kind, sentence, now, about = "") {
    this.#shown.set(kind, { sentence, about, until: now + SHOWN });
  }

  /** Removes the sentence of a kind, if its cause is this one, which has gone. */
  settle(kind, about) {
    if (this.#shown.get(kind)?.about === about) this.#shown.delete(kind);
  }

  /** Returns the sentence of a kind, "" if there is none. */
  text(kind, now) {
    const { sentence = "", until = 0 } = this.#shown.get(kind) ?? {};
    return now < until ? sentence : "";
  }
}

/**
 * Returns which notice has the place: the one that matters most; "" if there is none.
 *
 * `isOver`: the connection doesn't come back by itself, and the trouble has a way out. `mute`: this
 * machine plays no sound, which the agent can't change here. The page shows the trouble in any case.
 */
export function topNotice({ complaint, trouble, isOver, blocked, mute, news }) {
  if (trouble && isOver) return "trouble";
  if (complaint) return "complaint";
  if (trouble) return "trouble";
  if (blocked && !(mute && news)) return "sound";
  return news ? "news" : "";
}
