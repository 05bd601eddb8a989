/**
 * Which controls a call has on this agent's desk, and which of them can't work at the moment.
 *
 * A control is absent, or an object: `off` is the reason why it can't work, "" if it can; `pressed`
 * belongs to those that stay pressed.
 */

import { claimant, isOffered, isRungHere, isWaiting, place } from "./call_rules.js";

export const NO_CONNECTION = "This needs the connection, which is lost";
const NOT_THIS_PHONE = "The phone of this browser isn't in this call";
const NOBODY_AVAILABLE = "Nobody else is available";

/**
 * `desk` has `agent`, `now`, whether it is `connected`, the pending action of the call as text, the
 * agents who can take a call as `targets`, and the state of the `phone`: the call that it is in, and
 * whether it is muted.
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
  if (claimant(call, desk.now) && !offered) return {};
  return {
    answer: { off },
    ...(isRungHere(call, desk.agent) && { decline: { off } }),
    ...(!offered && isWaiting(call) && { reject: { off } }),
  };
}

function active(call, desk) {
  const off = serverOff(desk);
  const here = desk.phone.call === call.call;
  // The phone has a connection of its own, over which it can end its call.
  const hangup = { off: here && !desk.connected ? "" : off };
  if (call.state !== "in-progress") return { hangup };
  const phoneOff = here ? "" : NOT_THIS_PHONE;
  return {
    hold: { off, pressed: Boolean(call.held) },
    mute: { off: phoneOff, pressed: here && desk.phone.muted },
    keypad: { off: phoneOff },
    transfer: { off: off || transferOff(call, desk.targets) },
    hangup,
  };
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
