/** How calls ended, in words. */

import { clockText } from "./times.js";

const ENDINGS = {
  missed: { inbound: "Missed", outbound: "No answer" },
  declined: { inbound: "Declined", outbound: "Declined there" },
  "gave-up": { inbound: "The caller gave up", outbound: "Ended before an answer" },
  busy: { inbound: "Busy", outbound: "Busy" },
  "nobody-there": { inbound: "Nobody was there", outbound: "Nobody was there" },
  failed: { inbound: "Failed", outbound: "Failed" },
};

/** Returns an agent's name, as `agent` reads it. */
export function nameOf({ id, name }, agent) {
  return id === agent.id ? "you" : name;
}

/** Returns in a few words how a call ended, as `agent` reads it. */
export function outcomeText(call, agent) {
  if (call.outcome === "answered") return answeredText(call, agent);
  const direction = call.direction === "inbound" ? "inbound" : "outbound";
  const ending = ENDINGS[call.outcome]?.[direction] ?? "Ended";
  if (call.rejected_by) return `Rejected by ${nameOf(call.rejected_by, agent)}`;
  if (!call.declined?.includes(agent.id)) return ending;
  return call.outcome === "declined" ? "Declined by you" : `${ending}, declined by you`;
}

/** Returns the length of the talk; "" if there was none. */
export function talkText(call) {
  return call.answered_at && call.ended_at ? clockText(call.ended_at - call.answered_at) : "";
}

function answeredText(call, agent) {
  const who = call.answered_by ?? call.placed_by;
  const name = who ? ` by ${nameOf(who, agent)}` : "";
  const talk = talkText(call);
  const what = call.direction === "inbound" ? `Answered${name}` : `Called${name}`;
  return talk ? `${what}, ${talk}` : what;
}
