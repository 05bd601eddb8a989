/**
 * The close codes, and which of them let a client come back.
 *
 * 4400 to 4499: come back. 4500 to 4999: stay away until something changes. Private codes start at
 * 4000 (RFC 6455, section 7.4.2). `close_codes.py` holds the same table; a test compares them.
 */

/** Codes of ours; programs decide on the number, the reason is for people. */
export const CloseCode = Object.freeze({
  /** The ticket has expired or was used. The client comes back with a new one. */
  EXPIRED: 4401,
  /** The application ended this socket. The client comes back, after the usual wait. */
  DISCONNECTED_FOR_NOW: 4406,
  /** The peer did not answer a ping in time. The client comes back immediately. */
  STALE: 4408,
  /** The server stops, or a replay failed. The client comes back, after the wait that `bye` names. */
  RESTARTING: 4412,
  /** The client takes less than it is sent. It comes back, and resumes where it was. */
  TOO_SLOW: 4413,
  /** The user was not known in time. The client comes back, after the usual wait. */
  LATE_SIGN_IN: 4414,
  /** The client sent more frames than it may. It comes back, after the usual wait. */
  TOO_MANY_FRAMES: 4429,
  /** The process lets no more in for now. The client comes back, after the wait that `bye` names. */
  TOO_MANY_CONNECTIONS: 4430,
  /** The address has as many as it may. The client comes back, after the wait that `bye` names. */
  TOO_MANY_VISITORS: 4431,
  /** The server has a fault that will not go away by itself. The client stays away. */
  SERVER_ERROR: 4500,
  /** The server takes no visitors. The client stays away: the page has the user log in. */
  NOT_SIGNED_IN: 4501,
  /** The client broke the protocol. It stays away: a newer client is needed. */
  PROTOCOL_ERROR: 4502,
  /** The client offers only versions that the server lacks. It stays away: reload the page. */
  UNSUPPORTED_VERSION: 4503,
  /** The login has ended. The client stays away: the page has the user log in again. */
  SIGNED_OUT: 4504,
  /** The user has newer sockets, as many as are allowed. This one stays away. */
  TOO_MANY_SOCKETS: 4505,
  /** The application ended this socket. It stays away until the page calls `connect()`. */
  DISCONNECTED: 4506,
});

/** @type {Readonly<Record<number, string>>} The reason that goes with each code, in words. */
export const REASONS = Object.freeze({
  [CloseCode.EXPIRED]: "expired",
  [CloseCode.DISCONNECTED_FOR_NOW]: "disconnected by the application for now",
  [CloseCode.STALE]: "stale",
  [CloseCode.RESTARTING]: "restarting",
  [CloseCode.TOO_SLOW]: "too slow",
  [CloseCode.LATE_SIGN_IN]: "signing in took too long",
  [CloseCode.TOO_MANY_FRAMES]: "too many frames",
  [CloseCode.TOO_MANY_CONNECTIONS]: "too many new connections",
  [CloseCode.TOO_MANY_VISITORS]: "too many visitors at this address",
  [CloseCode.SERVER_ERROR]: "server error",
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
