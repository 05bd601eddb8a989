/**
 * What the client takes from the browser: a clock, timers, random numbers, the page.
 *
 * All of it can be replaced, so that tests need no sleeping and no browser.
 */

/**
 * @typedef {object} Environment
 * @property {() => number} now milliseconds of a clock that never goes back and counts sleep
 * @property {(callback: () => void, milliseconds: number) => any} setTimeout
 * @property {(timer: any) => void} clearTimeout
 * @property {() => number} random from 0 to 1
 * @property {Document | undefined} document
 * @property {EventTarget | undefined} window
 */

/** Milliseconds by which the two clocks must part before it is called sleep. */
const SLEEP = 1000;

/**
 * A clock that never goes back and counts the time that the machine slept.
 *
 * `performance.now()` stands still while some systems sleep, and `Date.now()` is set back and
 * forth. A wall clock that leaps ahead counts as sleep; that costs no more than one ping.
 *
 * @param {() => number} steady milliseconds
 * @param {() => number} wall milliseconds
 * @returns {() => number} milliseconds
 */
export function sleepAwareClock(steady, wall) {
  let lead = wall() - steady();
  let slept = 0;
  return () => {
    const now = steady();
    const leap = wall() - now - lead;
    if (Math.abs(leap) > SLEEP) {
      lead += leap;
      slept += Math.max(0, leap);
    }
    return now + slept;
  };
}

/** @returns {Environment} The browser's own; in a worker there is no document. */
export function browserEnvironment() {
  return {
    now: sleepAwareClock(() => performance.now(), () => Date.now()),
    setTimeout: (callback, milliseconds) => globalThis.setTimeout(callback, milliseconds),
    clearTimeout: (timer) => globalThis.clearTimeout(timer),
    random: () => Math.random(),
    document: globalThis.document,
    window: "addEventListener" in globalThis ? globalThis : undefined,
  };
}
