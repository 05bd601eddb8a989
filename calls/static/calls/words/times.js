/** Times as the desk shows them; all arguments are milliseconds. */

const timeOfDay = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const dayAndTime = new Intl.DateTimeFormat(undefined, {
  day: "numeric",
  month: "short",
  hour: "numeric",
  minute: "2-digit",
});

/** Returns a length of time as minutes and seconds, with hours if there are any. */
export function clockText(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (number) => String(number).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  const head = minutes < 60 ? two(minutes) : `${Math.floor(minutes / 60)}:${two(minutes % 60)}`;
  return `${head}:${two(seconds % 60)}`;
}

/** Returns an instant: the time alone if it is of today. */
export function whenText(instant, now) {
  const today = new Date(now).toDateString() === new Date(instant).toDateString();
  return (today ? timeOfDay : dayAndTime).format(instant);
}
