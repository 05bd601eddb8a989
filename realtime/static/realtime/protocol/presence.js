/**
 * Who follows a stream, as a client knows it: a list, and the differences that come after it.
 *
 * The differences are events of the stream. A list is read after the position that comes with it, so
 * it may have some of the later differences already; each is therefore harmless where it comes twice.
 * `presence.py` holds the same rules; `tests/vectors/presence.json` runs on both.
 */

/** The name of the events that carry the differences. */
export const PRESENCE_EVENT = "realtime.presence";

/**
 * A user who follows the stream, with any number of sockets. `user` is the name of the user's own
 * stream; `since` is in milliseconds since 1970, and tells two stays of one user apart.
 *
 * @typedef {{readonly user: string, readonly meta: Record<string, any>, readonly since: number}} Member
 */
/**
 * What a list or a difference has changed; each in the order of `Presence.members`.
 *
 * @typedef {{join: Member[], leave: Member[], update: Member[]}} Changes
 */

/** The members of one stream; each method that takes something returns what it has changed. */
export class Presence {
  /** @type {Map<string, Member>} */
  #byUser = new Map();
  #offset = 0;

  /** Those who are there, the first to come first. */
  get members() {
    return inOrder(this.#byUser.values());
  }

  /** @param {string | null} user @returns {Member | undefined} */
  get(user) {
    return this.#byUser.get(user ?? "");
  }

  /**
   * Take a list that has all differences up to `offset`.
   *
   * What it has in common with the one before is no change: nobody leaves and joins again.
   *
   * @param {Iterable<Member>} members
   * @param {number} offset
   */
  replace(members, offset) {
    this.#offset = offset;
    return this.#become(new Map([...members].map((member) => [member.user, member])));
  }

  /**
   * Take the data of an event; it has no `offset` where events are not kept.
   *
   * @param {Partial<Changes>} difference
   * @param {number | null} [offset]
   * @returns {Changes}
   */
  apply({ join = [], leave = [], update = [] }, offset) {
    if (offset != null && offset <= this.#offset) return { join: [], leave: [], update: [] };
    const byUser = new Map(this.#byUser);
    const isOld = (/** @type {Member} */ { user, since }) => since < (byUser.get(user)?.since ?? -Infinity);
    for (const one of leave) if (!isOld(one)) byUser.delete(one.user);
    for (const one of join) if (!isOld(one)) byUser.set(one.user, one);
    for (const one of update) if (byUser.has(one.user) && !isOld(one)) byUser.set(one.user, one);
    return this.#become(byUser);
  }

  /** @param {Map<string, Member>} byUser @returns {Changes} */
  #become(byUser) {
    const before = this.#byUser;
    this.#byUser = byUser;
    const after = [...byUser.values()];
    return {
      join: inOrder(after.filter(({ user }) => !before.has(user))),
      leave: inOrder([...before.values()].filter(({ user }) => !byUser.has(user))),
      update: inOrder(after.filter((one) => before.has(one.user) && !isSame(before.get(one.user), one))),
    };
  }
}

/**
 * Whether two values are the same JSON; a store may have turned the keys round.
 *
 * @param {any} one
 * @param {any} other
 * @returns {boolean}
 */
export function isSame(one, other) {
  if (typeof one !== "object" || typeof other !== "object" || !one || !other) return one === other;
  const keys = Object.keys(one);
  if (Array.isArray(one) !== Array.isArray(other) || keys.length !== Object.keys(other).length) return false;
  return keys.every((key) => Object.hasOwn(other, key) && isSame(one[key], other[key]));
}

/** @param {Iterable<Member>} members */
function inOrder(members) {
  return [...members].sort((a, b) => a.since - b.since || (a.user < b.user ? -1 : 1));
}
