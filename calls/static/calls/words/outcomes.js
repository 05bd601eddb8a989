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
  const name = call.answered_by ? ` by ${nameOf(call.answered_by, agent)}` : "";
  const talk = talkText(call);
  const what = call.direction === "inbound" ? `Answered${name}` : calledText(call, agent);
  return talk ? `${what}, ${talk}` : what;
}

function calledText({ placed_by, answered_by }, agent) {
  const who = placed_by ?? answered_by;
  if (!who) return "Called";
  const isHandedOver = answered_by && answered_by.id !== who.id;
  const called = `Called by ${nameOf(who, agent)}`;
  return isHandedOver ? `${called}, taken over by ${nameOf(answered_by, agent)}` : called;
}
