/** What is wrong with the connection, in words. */

const SIGNED_OUT = new Set([4501, 4504]);
const TOO_MANY_WINDOWS = 4505;

/**
 * Returns what is wrong with the connection; "" if nothing is.
 *
 * `wasOpen`: it was open before. `deaf`: the server has ended the desk's subscription.
 * `seconds`: until the next attempt.
 */
export function connectionText({ state, code, wasOpen, deaf }, seconds) {
  const short = troubleTitle({ state, wasOpen, deaf });
  if (state === "open") return short && "The server sends this desk no calls";
  if (state === "closed") return closedText(code);
  return short && `${short}, trying again ${seconds > 0 ? `in ${seconds} s` : "now"}`;
}

/** Returns the same in two words, for the tab's title. */
export function troubleTitle({ state, wasOpen, deaf }) {
  if (state === "open") return deaf ? "No calls" : "";
  if (state === "closed") return "Disconnected";
  if (state !== "waiting" && !wasOpen) return "";
  return wasOpen ? "Connection lost" : "No connection";
}

function closedText(code) {
  if (SIGNED_OUT.has(code)) return "You are signed out; this desk gets no more calls";
  if (code === TOO_MANY_WINDOWS) {
    return "Your desk is open in too many windows; this one gets no more calls";
  }
  return "The server ended the connection; this desk gets no more calls";
}
