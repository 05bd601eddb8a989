/**
 * The calls that the desk knows: what an event or a fetched list changes in them, and which of them ring.
 *
 * Nothing here touches the page, the network or a clock. Calls are kept in a Map by `sid` that is
 * never changed in place; each function returns a new one.
 */

const WAITING = new Set(["queued", "initiated", "ringing"]);
const LAST_SHOWN = 30;

/** Returns the calls with what `news` (events or list items) says, unless something newer is known. */
export function merged(calls, news) {
  const result = new Map(calls);
  for (const told of news) {
    const known = result.get(told.sid);
    if (!known || told.version >= known.version) result.set(told.sid, joined(known, told));
  }
  return result;
}

/**
 * Returns the calls after a fetched list, which also says which calls are gone.
 *
 * `before` is what was known when the fetch began: what an event has changed since then may be
 * missing in the list and stays.
 */
export function rebuilt(calls, list, before) {
  const listed = new Set(list.map((call) => call.sid));
  const stays = ([sid, { version }]) => listed.has(sid) || before.get(sid)?.version !== version;
  const kept = [...calls].filter(stays);
  return merged(new Map(kept), list);
}

/** Returns the calls after the connection was lost: those not over may have moved on unseen. */
export function doubted(calls) {
  return withDoubt(calls, true);
}

/** Returns the calls after all that was missed has arrived. */
export function trusted(calls) {
  return withDoubt(calls, false);
}

/** Says where on the desk a call belongs: "incoming", "active" or "last". */
export function place(call) {
  if (call.state === "in-progress") return "active";
  if (!WAITING.has(call.state)) return "last";
  return call.direction === "inbound" ? "incoming" : "active";
}

/** Returns true for a call that makes the desk ring. */
export function rings(call) {
  return place(call) === "incoming" && !call.doubtful;
}

/** Returns the calls of the three places, each in the order in which the desk shows it. */
export function arranged(calls) {
  const places = { incoming: [], active: [], last: [] };
  for (const call of calls.values()) places[place(call)].push(call);
  places.incoming.sort((a, b) => a.started_at - b.started_at);
  places.active.sort((a, b) => a.started_at - b.started_at);
  places.last.sort((a, b) => (b.ended_at ?? b.at) - (a.ended_at ?? a.at));
  places.last.splice(LAST_SHOWN);
  return places;
}

/** Returns the calls that the desk shows: of those that are over, the last ones. */
export function shown(calls) {
  return new Map(Object.values(arranged(calls)).flat().map((call) => [call.sid, call]));
}

// A list item carries all three times, an event only the instant of its change.
function joined(known, told) {
  const at = (when) => (when ? told.at : null);
  const call = { ...known, ...told, doubtful: false };
  call.started_at = told.started_at ?? known?.started_at ?? told.at;
  call.answered_at = told.answered_at ?? known?.answered_at ?? at(told.state === "in-progress");
  call.ended_at = told.ended_at ?? known?.ended_at ?? at(place(told) === "last");
  return call;
}

function withDoubt(calls, doubtful) {
  const changed = [...calls].map(([sid, call]) =>
    place(call) === "last" || call.doubtful === doubtful ? [sid, call] : [sid, { ...call, doubtful }],
  );
  return new Map(changed);
}
