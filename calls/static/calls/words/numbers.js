/** Telephone numbers as people read them. */

const UNKNOWN = new Set(["", "anonymous", "restricted", "unavailable", "unknown"]);

/** Returns the number of the other side, grouped as people write it. */
export function otherSide(call) {
  const number = (call.direction === "inbound" ? call.from : call.to) ?? "";
  if (UNKNOWN.has(number.toLowerCase())) return "Unknown number";
  return number.replace(/^(\+1)(\d{3})(\d{3})(\d{4})$/, "$1 $2 $3 $4");
}
