/** Telephone numbers as people read them. */

const UNKNOWN = new Set(["", "anonymous", "restricted", "unavailable", "unknown"]);

/** Returns the number of the other side as people write it: the server's, or one that is grouped here. */
export function otherSide(call) {
  const number = (call.direction === "inbound" ? call.from : call.to) ?? "";
  if (UNKNOWN.has(number.toLowerCase())) return "Unknown number";
  return call.number || number.replace(/^(\+1)(\d{3})(\d{3})(\d{4})$/, "$1 $2 $3 $4");
}
