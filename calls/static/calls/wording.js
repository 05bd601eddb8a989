/** The desk's sentences about calls, their changes and the connection. */

import { place, rings } from "./call_list.js";

const OUTCOMES = {
  completed: "ended",
  busy: "busy",
  failed: "failed",
  "no-answer": "no answer",
  canceled: "ended before an answer",
};
const SIGNED_OUT = new Set([4501, 4504]);
const TOO_MANY_WINDOWS = 4505;
const MAX_NAMES = 3;
const listing = new Intl.ListFormat("en");

/** Returns the number of the other side, grouped as people write it. */
export function otherSide(call) {
  const number = call.direction === "inbound" ? call.from : call.to;
  return number.replace(/^(\+1)(\d{3})(\d{3})(\d{4})$/, "$1 $2 $3 $4");
}

/** Says whether this agent is the one who talks. */
export function isMine(call, agent) {
  return call.answered_by?.id === agent.id;
}

/** Returns the state of a call in a few words. */
export function statusText(call, agent) {
  if (call.doubtful) return doubtText(call);
  if (place(call) === "incoming") return "Incoming call";
  if (place(call) === "last") return pastText(call, agent);
  if (call.state !== "in-progress") return call.state === "ringing" ? "Ringing there" : "Calling";
  if (!call.answered_by) return "Connected";
  if (isMine(call, agent)) return "You are talking";
  const { name } = call.answered_by;
  return call.direction === "inbound" ? `Answered by ${name}` : `${name} is talking`;
}

/** Returns the news in a change of a call; "" if there is none. */
export function changeText(before, after, agent) {
  const who = otherSide(after);
  if (rings(after)) return before && rings(before) ? "" : `Incoming call from ${who}`;
  if (!before || before.state === after.state) return "";
  if (place(before) === "incoming" && after.answered_by) {
    return `Answered by ${nameOf(after.answered_by, agent)}: ${who}`;
  }
  if (after.state === "in-progress") return `Connected: ${who}`;
  return place(after) === "last" ? capitalized(`${outcome(after)}: ${who}`) : "";
}

/** Returns who else is at a desk; `me` is the agent's own stream. */
export function colleaguesText(members, me) {
  const names = members.filter(({ user }) => user !== me).map(({ meta }) => meta.name);
  if (names.length === 0) return "No one else is here";
  const more = names.length - MAX_NAMES;
  const shown = more > 1 ? [...names.slice(0, MAX_NAMES), `${more} others`] : names;
  return `${listing.format(shown)} ${names.length > 1 ? "are" : "is"} here`;
}

/**
 * Returns what is wrong with the connection; "" if nothing is.
 *
 * `wasOpen`: it was open before. `deaf`: the server has ended the desk's subscription.
 * `seconds`: until the next attempt.
 */
export function connectionText({ state, code, wasOpen, deaf }, seconds) {
  if (state === "open") return deaf ? "The server sends this desk no calls" : "";
  if (state === "closed") return closedText(code);
  if (state !== "waiting" && !wasOpen) return "";
  const what = wasOpen ? "Connection lost" : "No connection";
  return `${what}, trying again ${seconds > 0 ? `in ${seconds} s` : "now"}`;
}

/** Returns milliseconds as minutes and seconds. */
export function clockText(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const digits = [Math.floor(seconds / 60), seconds % 60];
  return digits.map((number) => String(number).padStart(2, "0")).join(":");
}

function doubtText(call) {
  return place(call) === "incoming" ? "May have been answered by now" : "May be over by now";
}

function pastText(call, agent) {
  const direction = call.direction === "inbound" ? "Incoming" : "Outgoing";
  if (call.state !== "completed" || !call.answered_by) return `${direction}, ${outcome(call)}`;
  const name = nameOf(call.answered_by, agent);
  return call.direction === "inbound" ? `Incoming, answered by ${name}` : `Outgoing, by ${name}`;
}

function outcome({ state }) {
  return OUTCOMES[state] ?? state;
}

function nameOf({ id, name }, agent) {
  return id === agent.id ? "you" : name;
}

function capitalized(text) {
  return text[0].toUpperCase() + text.slice(1);
}

function closedText(code) {
  if (SIGNED_OUT.has(code)) return "You are signed out; this desk gets no more calls";
  if (code === TOO_MANY_WINDOWS) {
    return "Your desk is open in too many windows; this one gets no more calls";
  }
  return "The server ended the connection; this desk gets no more calls";
}
