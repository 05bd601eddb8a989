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
  const at = new Date(call.started_at).toTimeString().slice(0, 8);
  return `${at} ${call.number}: not received by ${listText(call.unreceived, names)}. ${nowText(call, names)}`;
}

function nowText(call, names) {
  if (call.ended_at) return `${outcomeText(call, { id: null })}.`;
  if (call.answered_by) return `${call.answered_by.name} talks.`;
  const others = call.ringing.filter((id) => !call.unreceived.includes(id));
  if (others.length) return `It rings at ${listText(others, names)}.`;
  return call.voicemail ? "The caller may leave a message." : "Nobody else is free.";
}

function listText(ids, names) {
  return ids.map((id) => names.get(id) ?? `agent ${id}`).join(", ");
}
