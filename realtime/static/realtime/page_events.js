/**
 * The moments at which a page has reason to doubt its connection, and the one at which it leaves.
 *
 * No `unload` handlers: they would keep the page out of the back-forward cache.
 */

/**
 * Call `doubt` when the page is seen again, comes back from the back-forward cache or is thawed,
 * `online` when it has a network again, and `cached` when it may be put into that cache.
 *
 * @param {import("./environment.js").Environment} environment
 * @param {{doubt: () => void, online: () => void, cached: () => void}} handlers
 * @returns {() => void} ends it
 */
export function watchPage({ document, window }, { doubt, online, cached }) {
  const seen = () => {
    if (document?.visibilityState === "visible") doubt();
  };
  const left = (/** @type {Event} */ event) => {
    if (/** @type {PageTransitionEvent} */ (event).persisted) cached();
  };
  /** @type {[EventTarget | undefined, string, (event: Event) => void][]} */
  const listeners = [
    [document, "visibilitychange", seen],
    [document, "resume", doubt],
    [window, "online", online],
    [window, "pageshow", doubt],
    [window, "pagehide", left],
  ];
  // Without a signal: zone.js before 0.14 takes the page's own listeners away with ours.
  for (const [target, type, listener] of listeners) target?.addEventListener(type, listener);
  return () => {
    for (const [target, type, listener] of listeners) target?.removeEventListener(type, listener);
  };
}
