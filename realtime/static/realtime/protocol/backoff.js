/**
 * How long to wait before the next attempt: full jitter under a ceiling that doubles.
 *
 * The random number is an argument and is drawn for each attempt: if it were drawn once for each
 * page, the pages that a restart throws off together would come back together, again and again.
 */

/** Milliseconds: the ceiling of the first delay. */
export const FIRST_CEILING = 500;

/** Milliseconds: no delay is longer. */
export const MAX_DELAY = 20_000;

/** Milliseconds: a longer timer fires immediately, in every browser. */
const MAX_TIMER = 2 ** 31 - 1;

/** By how much the ceiling grows with each attempt. */
export const GROW_FACTOR = 2;

/**
 * The bounds of the delays, named as in `reconnecting-websocket`; all in milliseconds.
 *
 * @typedef {object} Backoff
 * @property {number} [minReconnectionDelay] no delay is shorter. Without it delays start at 0 and
 *   the first ceiling is `FIRST_CEILING`; with it the first ceiling is one step above it
 * @property {number} [maxReconnectionDelay]
 * @property {number} [reconnectionDelayGrowFactor]
 */

/**
 * The milliseconds to wait before a retry.
 *
 * @param {number} retry 1 for the first after a connection that had held
 * @param {number} random from 0 to 1, drawn for this attempt
 * @param {Backoff} [bounds]
 */
export function reconnectDelay(retry, random, bounds = {}) {
  const {
    minReconnectionDelay: floor = 0,
    maxReconnectionDelay = MAX_DELAY,
    reconnectionDelayGrowFactor: grow = GROW_FACTOR,
  } = bounds;
  const longest = Math.min(maxReconnectionDelay, MAX_TIMER);
  const first = floor > 0 ? floor * grow : FIRST_CEILING;
  const ceiling = Math.min(longest, first * grow ** (retry - 1));
  return Math.min(longest, floor + random * Math.max(0, ceiling - floor));
}
