/** What the whole desk shows and sounds, from all that it knows. */

import { otherSide } from "../words/numbers.js";
import { arranged } from "./call_list.js";
import { isTalking, newest, rings } from "./call_rules.js";

/** The volume of the ring tone in the ear of an agent who talks. */
export const QUIET = 0.1;

/**
 * `calls` is the Map of calls. `trouble` is what is wrong with the connection, in two words.
 * `sound` is whether the browser lets this tab make sound, and whether it is this tab's turn.
 *
 * Returns the `places` of the calls, those that are `ringing` here, the `target` of the keys among
 * them, the keys of those in which the agent `talks`, the `volume` of the ring tone (0: none), and
 * the page's `title`.
 */
export function pictureOf({ calls, agent, pending, now, trouble, sound, phone, name }) {
  const places = arranged(calls, agent);
  const ringing = places.incoming.filter(
    (call) => rings(call, agent, now) && !pending.has(call.call) && phone.call !== call.call,
  );
  const target = newest(ringing);
  const talks = places.active.filter((call) => isTalking(call, agent)).map(({ call }) => call);
  const isInCall = phone.call !== null || places.active.some(({ state }) => state === "in-progress");
  const volume = target && sound.isOurs ? (isInCall ? QUIET : 1) : 0;
  return { places, ringing, target, talks, volume, title: titleOf({ trouble, target, sound, now, name }) };
}

// The title of a tab that may not sound changes each second, so that it is seen among others.
function titleOf({ trouble, target, sound, now, name }) {
  if (trouble) return `${trouble} – ${name}`;
  if (!target) return name;
  const call = `Call from ${otherSide(target)}`;
  return sound.blocked && Math.floor(now / 1000) % 2 ? "Ringing without sound" : call;
}
