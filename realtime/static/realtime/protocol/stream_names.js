/**
 * The name of a user's own stream. `stream_names.py` has the same rule; they share test vectors.
 */

/** Where the signature of a name begins; no name has one. */
export const MARK = "~";

const STREAM_NAME = /^[A-Za-z0-9_.-]{1,80}$/;

/**
 * Return the name of the stream of the user with a primary key, to compare it with `client.me` or
 * the `stream` of an event. To follow one's own stream, subscribe to `"me"`.
 *
 * @param {string | number | bigint} pk As Python prints it: a UUID with its hyphens, a decimal
 *   number as text.
 * @returns {string}
 * @throws {RangeError} for a key so long that its name has a hash, which the server alone makes.
 */
export function userStreamName(pk) {
  const plain = `user.${pk}`;
  if (STREAM_NAME.test(plain)) return plain;
  const escaped = `user-.${encodeURIComponent(String(pk)).replace(/[-_.!~*'()]/g, percentEncoded).replaceAll("%", "-")}`;
  if (STREAM_NAME.test(escaped)) return escaped;
  throw new RangeError('A primary key as long as this has a name that only the server makes: use "me", or client.me.');
}

/**
 * What `encodeURIComponent` leaves as it is, all of it ASCII.
 *
 * @param {string} character
 */
function percentEncoded(character) {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

/**
 * The name of the stream that a name stands for: of a signed one, what is before its mark.
 *
 * @param {string} stream as the page has it
 */
export function plainName(stream) {
  return stream.split(MARK, 1)[0];
}
