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
  const watching = new AbortController();
  const { signal } = watching;
  const seen = () => {
    if (document?.visibilityState === "visible") doubt();
  };
  const left = (/** @type {Event} */ event) => {
    if (/** @type {PageTransitionEvent} */ (event).persisted) cached();
  };
  document?.addEventListener("visibilitychange", seen, { signal });
  document?.addEventListener("resume", doubt, { signal });
  window?.addEventListener("online", online, { signal });
  window?.addEventListener("pageshow", doubt, { signal });
  window?.addEventListener("pagehide", left, { signal });
  return () => watching.abort();
}
