/**
 * The calls that the desk knows: how events and fetched lists change them.
 *
 * Nothing here touches the page, the network or a clock. Calls are kept in a Map by `call`, the
 * server's key. No function changes the Map that it gets; each returns a new one.
 */

import { isOver, place } from "./call_rules.js";

const MAX_LAST = 30;

/** Returns the calls updated by `news` (events or list items), except where a newer version is known. */
export function merged(calls, news) {
  const result = new Map(calls);
  for (const item of news) {
    const known = result.get(item.call);
    if (known && item.version < known.version) continue;
    result.set(item.call, { ...known, ...item, doubtful: false });
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
  const listed = new Set(list.map(({ call }) => call));
  const stays = ([key, { version }]) => listed.has(key) || before.get(key)?.version !== version;
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

/** Returns the calls of the four places, in the order in which the agent's desk shows them. */
export function arranged(calls, agent) {
  const places = { active: [], incoming: [], others: [], last: [] };
  for (const call of calls.values()) places[place(call, agent)].push(call);
  const firstFirst = (a, b) => a.started_at - b.started_at;
  for (const name of ["active", "incoming", "others"]) places[name].sort(firstFirst);
  places.last.sort(lastEndedFirst);
  return places;
}

/** Orders calls that are over. */
export function lastEndedFirst(a, b) {
  return (b.ended_at ?? b.at) - (a.ended_at ?? a.at) || b.call - a.call;
}

/** Returns the calls that the desk keeps: all that are not over, and the last ones that are. */
export function kept(calls) {
  const over = [...calls.values()].filter(isOver).sort(lastEndedFirst);
  const dropped = new Set(over.slice(MAX_LAST).map(({ call }) => call));
  return new Map([...calls].filter(([key]) => !dropped.has(key)));
}

function withDoubt(calls, doubtful) {
  const changed = [...calls].map(([key, call]) =>
    isOver(call) || call.doubtful === doubtful ? [key, call] : [key, { ...call, doubtful }],
  );
  return new Map(changed);
}
