/**
 * The close codes, and which of them let a client come back.
 *
 * 4400 to 4499: come back. 4500 to 4999: stay away until something changes. Private codes start at
 * 4000 (RFC 6455, section 7.4.2). `close_codes.py` holds the same table; a test compares them.
 */

/** Codes of ours; programs decide on the number, the reason is for people. */
export const CloseCode = Object.freeze({
  STALE: 4408,
  RESTARTING: 4412,
  TOO_SLOW: 4413,
  TOO_MANY_FRAMES: 4429,
  NOT_SIGNED_IN: 4501,
  PROTOCOL_ERROR: 4502,
  UNSUPPORTED_VERSION: 4503,
  SIGNED_OUT: 4504,
  TOO_MANY_SOCKETS: 4505,
  DISCONNECTED: 4506,
});

/** @type {Readonly<Record<number, string>>} The reason that goes with each code, in words. */
export const REASONS = Object.freeze({
  [CloseCode.STALE]: "stale",
  [CloseCode.RESTARTING]: "restarting",
  [CloseCode.TOO_SLOW]: "too slow",
  [CloseCode.TOO_MANY_FRAMES]: "too many frames",
  [CloseCode.NOT_SIGNED_IN]: "not signed in",
  [CloseCode.PROTOCOL_ERROR]: "protocol error",
  [CloseCode.UNSUPPORTED_VERSION]: "unsupported version",
  [CloseCode.SIGNED_OUT]: "signed out",
  [CloseCode.TOO_MANY_SOCKETS]: "one socket too many for this user",
  [CloseCode.DISCONNECTED]: "disconnected by the application",
});

/**
 * Tell whether a client that was closed with `code` should come back by itself.
 *
 * @param {number} code
 */
export function mayReconnect(code) {
  return !(code >= 4500 && code <= 4999);
}
