/**
 * Which controls a call has on this agent's desk, and which of them can't work at the moment.
 *
 * A control is absent, or an object: `off` is the reason why it can't work, "" if it can; `pressed`
 * belongs to those that stay pressed.
 */

import { claimant, isOffered, isRungHere, isWaiting, place } from "./call_rules.js";

export const NO_CONNECTION = "This needs the connection, which is lost";
export const TALKING = "You are talking. Put that call on hold first.";
export const UNANSWERED = "The phone company is still doing what you asked for";
const NOT_THIS_PHONE = "The phone of this browser isn't in this call";
const NOBODY_AVAILABLE = "Nobody else is available";

/**
 * `desk` has `agent`, `now`, whether it is `connected`, the pending action of the call as text, whether
 * the call's last request is `unanswered`, the agents who can take a call as `targets`, the keys of the
 * calls in which this agent `talks`, and the state of the `phone`: the call that it is in, and whether
 * it is muted.
 */
export function controlsOf(call, desk) {
  const where = place(call, desk.agent);
  if (where === "incoming") return incoming(call, desk);
  if (where === "active") return active(call, desk);
  return isNobodys(call, where) || isLeft(call, where, desk) ? { hangup: { off: serverOff(desk) } } : {};
}

// Who has handed a call over leaves it with her phone, if the server hasn't seen to that.
function isLeft(call, where, { phone }) {
  return where === "others" && phone.call === call.call;
}

// A claim belongs to an agent; a call that is handed over is this agent's to take, claimed or not.
function incoming(call, desk) {
  const off = serverOff(desk);
  const offered = isOffered(call, desk.agent);
  const answering = claimant(call, desk.now);
  if (answering && !offered) return answering.id === desk.agent.id ? connecting(call, desk) : {};
  return {
    answer: { off: off || talkOff(call, desk) },
    ...(isRungHere(call, desk.agent) && { decline: { off } }),
    ...(!offered && isWaiting(call) && { reject: { off } }),
  };
}

// The phone may be in the call before the server knows that.
function connecting(call, desk) {
  const hangup = hangupOf(call, desk);
  return isHere(call, desk) ? { mute: muteOf(call, desk), hangup } : { hangup };
}

function active(call, desk) {
  const off = serverOff(desk);
  const hangup = hangupOf(call, desk);
  if (call.state !== "in-progress") return { hangup };
  const changeOff = off || (desk.unanswered ? UNANSWERED : "");
  const resumeOff = call.held ? talkOff(call, desk) : "";
  return {
    hold: { off: changeOff || resumeOff, pressed: Boolean(call.held) },
    mute: muteOf(call, desk),
    keypad: { off: phoneOff(call, desk) },
    transfer: { off: changeOff || transferOff(call, desk.targets) },
    hangup,
  };
}

// The phone has a connection of its own, over which it can end its call.
function hangupOf(call, desk) {
  return { off: isHere(call, desk) && !desk.connected ? "" : serverOff(desk) };
}

function muteOf(call, desk) {
  return { off: phoneOff(call, desk), pressed: isHere(call, desk) && desk.phone.muted };
}

function phoneOff(call, desk) {
  return isHere(call, desk) ? "" : NOT_THIS_PHONE;
}

function isHere(call, { phone }) {
  return phone.call === call.call;
}

// In one of two conversations the customer would talk to nobody.
function talkOff(call, { talks }) {
  return talks.some((key) => key !== call.call) ? TALKING : "";
}

function transferOff(call, targets) {
  if (call.transfer_to) return `The phone of ${call.transfer_to.name} rings`;
  return targets.length === 0 ? NOBODY_AVAILABLE : "";
}

function serverOff({ connected, pending }) {
  return pending || (connected ? "" : NO_CONNECTION);
}

function isNobodys(call, where) {
  return where === "others" && !call.answered_by && !call.placed_by;
}
