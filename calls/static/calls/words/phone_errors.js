/**
 * What the agent reads when the phone fails: a sentence for each of Twilio's codes, of which
 * https://www.twilio.com/docs/voice/sdks/error-codes has the list.
 */

const KEY = "Twilio doesn't accept this site's key for phones; the site's administrator has to mend it.";
const LOST = "The phone has lost Twilio, and tries to get it back.";
const BLOCKED = "No sound gets through: a firewall may be in the way.";
const MICROPHONE = "The browser may not use the microphone. Allow it beside the page's address, or nobody hears you.";
const NO_MICROPHONE = "No microphone works here. Plug one in, or end the program that uses it.";

const SENTENCES = {
  20101: KEY,
  20151: KEY,
  31000: "The phone has failed. Reload the page if it doesn't ring.",
  31001: "Twilio doesn't know the site's TwiML app; the site's administrator has to mend it.",
  31002: "Twilio has refused the call.",
  31003: LOST,
  31005: LOST,
  31009: LOST,
  31201: KEY,
  31202: KEY,
  31203: "The site's account at Twilio is closed or out of money.",
  31204: KEY,
  31206: "Twilio has too many requests from this account now. Try it again in a moment.",
  31207: KEY,
  31401: MICROPHONE,
  31402: NO_MICROPHONE,
  31404: "Nobody has this number.",
  31480: "The other phone can't be reached now.",
  31486: "The other phone is busy.",
  31603: "The other side has declined.",
  53000: LOST,
  53001: LOST,
  53400: BLOCKED,
  53402: BLOCKED,
  53405: BLOCKED,
};

// 20104 and 31205: the token has ended, and a new one is fetched. 31008: the caller has gone first.
const LOGIN_LOST = new Set([20104, 31205]);
const SILENT = new Set([31008]);

// The names are the browser's own, of getUserMedia.
const BROWSERS = {
  NotAllowedError: MICROPHONE,
  NotFoundError: NO_MICROPHONE,
  NotReadableError: NO_MICROPHONE,
};

/** Says whether the phone only needs a new token. */
export function isLoginLost(error) {
  return LOGIN_LOST.has(error.code);
}

/** Returns the sentence for an error; "" for one that the agent need not know. */
export function phoneError(error) {
  if (SILENT.has(error.code)) return "";
  if (SENTENCES[error.code]) return SENTENCES[error.code];
  if (BROWSERS[error.name]) return BROWSERS[error.name];
  return typeof error.code === "number" ? `The phone has failed (${error.code}).` : error.message;
}
