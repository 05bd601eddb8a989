/** The desk's sentences about calls that are not over, and about what has changed. */

import { claimant, isOffered, isOver, isWaiting, place, rings } from "../rules/call_rules.js";
import { otherSide } from "./numbers.js";
import { nameOf, outcomeText } from "./outcomes.js";
import { clockText } from "./times.js";

/**
 * Returns the state of a call in a few words, as it is known. `now` is the server's time in
 * milliseconds, `phone` the state of the agent's phone.
 */
export function statusText(call, agent, now, phone = { call: null }) {
  if (isOver(call)) return outcomeText(call, agent);
  if (place(call, agent) === "incoming") return incomingText(call, agent, now);
  return call.state === "in-progress" ? talkingText(call, agent, phone) : placedText(call, agent);
}

/** Returns why a call's state may be another one by now; "" if it is certain. */
export function doubtText(call) {
  if (call.doubtful) return isWaiting(call) ? "May have been answered by now" : "May be over by now";
  return call.certain === false ? "The phone company can't be asked at the moment" : "";
}

/** Returns what rejecting a call does, and what the agent does instead. */
export function rejectWords({ voicemail }) {
  if (voicemail) return { what: "The caller can't leave a message any more, and the call ends.", instead: "Let the caller speak" };
  return { what: "It stops ringing at all desks, and the call ends.", instead: "Keep ringing" };
}

/**
 * Returns the news in a change of a call; "" if there is none. `before` is undefined for a call that
 * is new to the desk.
 */
export function changeText(before, after, agent, now) {
  const who = otherSide(after);
  if (rings(after, agent, now)) {
    return before && rings(before, agent, now) ? "" : `${ringingText(after, agent)} ${who}`;
  }
  if (!before) return "";
  if (before.state !== after.state) return stateText(before, after, agent, who);
  if (before.transfer_to && !after.transfer_to) return handoverText(before, after, agent, who);
  const answering = claimant(after, now);
  if (answering && answering.id !== agent.id && answering.id !== claimant(before, now)?.id) {
    return `${answering.name} is answering: ${who}`;
  }
  return after.message && !before.message ? `${messageText(after)}: ${who}` : "";
}

/** Returns what a caller has left; "" if there is no message. */
export function messageText({ message }) {
  return message ? `Message, ${clockText(1000 * message.seconds)}` : "";
}

function ringingText(call, agent) {
  if (isOffered(call, agent)) return `${transferrer(call)} transfers to you:`;
  return "Incoming call from";
}

function stateText(before, after, agent, who) {
  if (isWaiting(before) && isNewlyAnswered(before, after)) return `Answered by ${nameOf(after.answered_by, agent)}: ${who}`;
  if (after.state === "in-progress") return `Connected: ${who}`;
  if (!isOver(after)) return "";
  return before.state === "in-progress" ? `Ended: ${who}` : `${outcomeText(after, agent)}: ${who}`;
}

// Who waits to leave a message may have talked before.
function isNewlyAnswered(before, after) {
  return Boolean(after.answered_by) && after.answered_by.id !== before.answered_by?.id;
}

// Of interest to the agent who has handed the call over.
function handoverText(before, after, agent, who) {
  if (before.answered_by?.id !== agent.id || after.state !== "in-progress") return "";
  const isTaken = after.answered_by?.id === before.transfer_to.id;
  return `${before.transfer_to.name} ${isTaken ? "has taken" : "doesn't take"} ${who}`;
}

function incomingText(call, agent, now) {
  if (isOffered(call, agent)) return `${transferrer(call)} transfers this call to you`;
  const answering = claimant(call, now);
  if (answering) return answering.id === agent.id ? "Connecting you" : `${answering.name} is answering`;
  if (call.voicemail) return "Nobody answers; the caller may leave a message";
  if (call.declined?.includes(agent.id)) return "Declined by you, still waiting";
  if (call.ringing?.includes(agent.id)) return "Incoming call";
  return call.ringing?.length ? "Rings at other desks" : "Waiting";
}

function transferrer(call) {
  return call.answered_by?.name ?? "Another agent";
}

function talkingText(call, agent, phone) {
  const who = call.answered_by ?? call.placed_by;
  if (!who) return "Connected";
  const isMine = who.id === agent.id;
  const transfers = isMine ? "You transfer" : `${who.name} transfers`;
  if (call.transfer_to) return `${transfers} this to ${call.transfer_to.name}`;
  if (call.held) return isMine ? "On hold" : `${who.name} has this call on hold`;
  if (!isMine) return `${who.name} is talking`;
  return phone.call === null || phone.call === call.call ? "You are talking" : "Your phone is in another call";
}

function placedText(call, agent) {
  const isMine = call.placed_by?.id === agent.id;
  if (call.calling === "customer") return "Ringing there";
  if (call.calling !== "agent") return "Placing the call";
  return isMine ? "Ringing your phone" : `Ringing the phone of ${call.placed_by?.name ?? "an agent"}`;
}
