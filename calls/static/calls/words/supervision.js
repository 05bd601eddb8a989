/** The supervisor's sentences. */

import { outcomeText } from "./outcomes.js";

/** Returns how an agent's desk is connected. */
export function connectionOf({ windows }) {
  const live = windows.filter(({ live }) => live).length;
  if (windows.length === 0) return "not connected";
  if (live === 0) return "connected, gets no calls";
  return live === 1 ? "connected" : `connected in ${live} windows`;
}

/** Returns the shortest round trip of a desk's windows. */
export function latencyOf({ windows }) {
  const known = windows.map(({ latency }) => latency).filter((latency) => latency !== null);
  return known.length ? `${Math.min(...known)} ms` : "";
}

/** Returns what is known of a call that no desk received; `names` are those of agents, by id. */
export function unreceivedText(call, names) {
  const missed = call.unreceived.map((id) => names.get(id) ?? `agent ${id}`).join(", ");
  const at = new Date(call.started_at).toTimeString().slice(0, 8);
  return `${at} ${call.number}: not received by ${missed}. ${nowText(call)}`;
}

function nowText(call) {
  if (call.ended_at) return outcomeText(call, { id: null });
  if (call.answered_by) return `${call.answered_by.name} talks.`;
  return "It rings at the next desks.";
}
