/**
 * The calls that the desk knows: how events and fetched lists change them, and which of them ring.
 *
 * Nothing here touches the page, the network or a clock. Calls are kept in a Map by `sid`. No function
 * changes the Map that it gets; each returns a new one.
 */

const UNANSWERED = new Set(["queued", "initiated", "ringing"]);
const MAX_LAST = 30;

/** Returns the calls updated by `news` (events or list items), except where a newer version is known. */
export function merged(calls, news) {
  const result = new Map(calls);
  for (const item of news) {
    const known = result.get(item.sid);
    if (!known || item.version >= known.version) result.set(item.sid, joined(known, item));
  }
  return result;
}

/**
 * Returns the calls updated by a fetched list, without the calls that it lacks.
 *
 * `before` is what was known when the fetch began. A call that an event changed since then may be
 * missing in the list, and stays.
 */
export function rebuilt(calls, list, before) {
  const listed = new Set(list.map((call) => call.sid));
  const stays = ([sid, { version }]) => listed.has(sid) || before.get(sid)?.version !== version;
  const kept = [...calls].filter(stays);
  return merged(new Map(kept), list);
}

/** Returns the calls after the connection was lost: the active ones may have changed since. */
export function doubted(calls) {
  return withDoubt(calls, true);
}

/** Returns the calls after all missed events have arrived. */
export function trusted(calls) {
  return withDoubt(calls, false);
}

/** Says where on the desk a call belongs: "incoming", "active" or "last". */
export function place(call) {
  if (call.state === "in-progress") return "active";
  if (!UNANSWERED.has(call.state)) return "last";
  return call.direction === "inbound" ? "incoming" : "active";
}

/** Returns true for a call that makes the desk ring. */
export function rings(call) {
  return place(call) === "incoming" && !call.doubtful;
}

/** Returns the calls of the three places, in the order in which the desk shows them. */
export function arranged(calls) {
  const places = { incoming: [], active: [], last: [] };
  for (const call of calls.values()) places[place(call)].push(call);
  places.incoming.sort((a, b) => a.started_at - b.started_at);
  places.active.sort((a, b) => a.started_at - b.started_at);
  places.last.sort((a, b) => (b.ended_at ?? b.at) - (a.ended_at ?? a.at));
  places.last.splice(MAX_LAST);
  return places;
}

/** Returns the calls that the desk shows: all active ones, and the last ones that are over. */
export function shown(calls) {
  return new Map(Object.values(arranged(calls)).flat().map((call) => [call.sid, call]));
}

// A list item carries all three times, an event only the time of its change.
function joined(known, item) {
  const at = (when) => (when ? item.at : null);
  const call = { ...known, ...item, doubtful: false };
  call.started_at = item.started_at ?? known?.started_at ?? item.at;
  call.answered_at = item.answered_at ?? known?.answered_at ?? at(item.state === "in-progress");
  call.ended_at = item.ended_at ?? known?.ended_at ?? at(place(item) === "last");
  return call;
}

function withDoubt(calls, doubtful) {
  const changed = [...calls].map(([sid, call]) =>
    place(call) === "last" || call.doubtful === doubtful ? [sid, call] : [sid, { ...call, doubtful }],
  );
  return new Map(changed);
}
