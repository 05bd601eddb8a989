/**
 * What a call is to one agent: where it belongs on the desk, and whether it rings there.
 *
 * Times are the server's, in milliseconds since 1970. Nothing here touches the page or a clock.
 */

const UNANSWERED = new Set(["queued", "initiated", "ringing"]);

/** Says whether a call has ended. */
export function isOver(call) {
  return call.state !== "in-progress" && !UNANSWERED.has(call.state);
}

/** Says whether an incoming call waits for an agent. */
export function isWaiting(call) {
  return call.direction === "inbound" && UNANSWERED.has(call.state);
}

/** Returns the agent who is about to answer; null when nobody is, or the claim has run out. */
export function claimant(call, now) {
  return call.claimed_until > now ? (call.claimed_by ?? null) : null;
}

/** Says whether another agent is handing a call over to this one. */
export function isOffered(call, agent) {
  if (call.state !== "in-progress" || call.answered_by?.id === agent.id) return false;
  return call.transfer_to?.id === agent.id;
}

/** Says whether this agent talks, or has placed a call that isn't answered yet. */
export function isMine(call, agent) {
  if (isOver(call) || isWaiting(call)) return false;
  const owner = call.answered_by ?? (call.direction === "inbound" ? null : call.placed_by);
  return owner?.id === agent.id;
}

/** Says whether this agent talks in a call; one on hold, or that may be over, keeps nobody from another. */
export function isTalking(call, agent) {
  return isMine(call, agent) && call.state === "in-progress" && !call.held && call.certain !== false;
}

/** Says where on the desk a call belongs: "active", "incoming", "others" or "last". */
export function place(call, agent) {
  if (isOver(call)) return "last";
  if (isWaiting(call) || isOffered(call, agent)) return "incoming";
  return isMine(call, agent) ? "active" : "others";
}

/** Says whether this agent's phone is among those that ring for a call. */
export function isRungHere(call, agent) {
  const rung = call.ringing?.includes(agent.id) && !call.declined?.includes(agent.id);
  return isOffered(call, agent) || (isWaiting(call) && Boolean(rung));
}

/** Says whether this agent has asked for a call, so that the agent's phone answers by itself. */
export function isWanted(call, agent, now) {
  if (call.direction !== "inbound") return UNANSWERED.has(call.state) && call.placed_by?.id === agent.id;
  return isWaiting(call) && claimant(call, now)?.id === agent.id;
}

/** Says whether a change has done what an agent asked for, or made it void. */
export function settles(before, after, agent) {
  const facts = ({ state, held, claimed_by, transfer_to, declined }) =>
    JSON.stringify([state, held, claimed_by?.id, transfer_to?.id, declined?.includes(agent.id)]);
  return facts(before) !== facts(after);
}

/** Says whether a call's state may be another one by now. */
export function isUnsure(call) {
  return Boolean(call.doubtful) || call.certain === false;
}

/** Says whether a call makes this agent's desk ring. */
export function rings(call, agent, now) {
  if (isUnsure(call) || !isRungHere(call, agent)) return false;
  return isOffered(call, agent) || (call.state === "ringing" && !claimant(call, now));
}

/** Returns the call that began to ring last, to which the keys and the title belong; null if none rings. */
export function newest(ringing) {
  return ringing.reduce((last, call) => (last && beganToRing(last) > beganToRing(call) ? last : call), null);
}

// A call that is handed over began long ago, and rings since its last change.
function beganToRing(call) {
  return call.state === "in-progress" ? call.at : call.started_at;
}
