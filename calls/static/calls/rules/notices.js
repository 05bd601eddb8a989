/** The sentences that the desk shows for a while, and which of all notices has the place for them. */

// Milliseconds.
const SHOWN = 12_000;

/** Sentences by kind, each until its time is over or another of its kind comes. */
export class Notices {
  #shown = new Map();

  /** Takes a sentence of a kind at the time `now`; "" removes the one before. */
  take(kind, sentence, now) {
    this.#shown.set(kind, { sentence, until: now + SHOWN });
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
 * `isOver`: the connection doesn't come back by itself, and the trouble has a way out.
 */
export function topNotice({ complaint, trouble, isOver, blocked, news }) {
  if (trouble && isOver) return "trouble";
  if (complaint) return "complaint";
  if (trouble) return "trouble";
  if (blocked) return "sound";
  return news ? "news" : "";
}
