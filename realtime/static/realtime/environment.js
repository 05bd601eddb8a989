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
 * @property {(EventTarget & {location?: {href: string}}) | undefined} window
 * @property {{userAgent: string} | undefined} navigator
 */

/** Milliseconds: a longer timer fires immediately, in every browser. */
const MAX_TIMER = 2 ** 31 - 1;

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

/**
 * The browser's own, with what is given in place of it; its timers may be of any length.
 *
 * In a worker there is no document, and on a server that renders the page no window either.
 *
 * @param {Partial<Environment>} [given]
 * @returns {Environment}
 */
export function environmentWith(given) {
  const environment = { ...browserEnvironment(), ...given };
  return { ...environment, ...longTimers(environment) };
}

/**
 * Timers that last as long as they should, `Infinity` too.
 *
 * @param {Pick<Environment, "setTimeout" | "clearTimeout">} short
 * @returns {Pick<Environment, "setTimeout" | "clearTimeout">}
 */
export function longTimers({ setTimeout, clearTimeout }) {
  return {
    setTimeout(callback, milliseconds) {
      /** @type {{current?: any}} */
      const timer = {};
      const wait = (/** @type {number} */ left) => {
        const step = Math.min(left, MAX_TIMER);
        const next = () => (left > step ? wait(left - step) : callback());
        timer.current = setTimeout(next, step);
      };
      wait(milliseconds);
      return timer;
    },
    clearTimeout: (timer) => clearTimeout(timer?.current),
  };
}

/** The address to which others on the page are relative. @param {Environment} environment */
export function baseUrl({ document, window }) {
  return document?.baseURI ?? window?.location?.href;
}

/** @returns {Environment} */
function browserEnvironment() {
  return {
    now: sleepAwareClock(() => performance.now(), () => Date.now()),
    setTimeout: (callback, milliseconds) => globalThis.setTimeout(callback, milliseconds),
    clearTimeout: (timer) => globalThis.clearTimeout(timer),
    random: () => Math.random(),
    document: globalThis.document,
    window: "addEventListener" in globalThis ? globalThis : undefined,
    navigator: globalThis.navigator,
  };
}
