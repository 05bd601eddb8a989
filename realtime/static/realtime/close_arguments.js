/**
 * Check what is given to `close()`, as a browser does, before anything has changed.
 *
 * @param {number} code 1000, or 3000 to 4999
 * @param {string} reason at most 123 bytes
 * @throws {DOMException} if one of them is not allowed
 */
export function checkCloseArguments(code, reason) {
  if (code !== 1000 && !(code >= 3000 && code <= 4999)) {
    throw new DOMException("the code must be 1000, or 3000 to 4999", "InvalidAccessError");
  }
  if (new TextEncoder().encode(reason).length > 123) {
    throw new DOMException("the reason must not be longer than 123 bytes", "SyntaxError");
  }
}
