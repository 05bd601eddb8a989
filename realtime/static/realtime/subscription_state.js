/**
 * The states of a subscription.
 *
 * idle: no connection, or a pause before the next try. subscribing: the server has the command, and
 * its answer is due. subscribed: events are coming. leaving: as subscribing, but the page has left
 * meanwhile. ended: for good.
 */

import { StateMachine } from "./state_machine.js";

/** @typedef {"idle" | "subscribing" | "subscribed" | "leaving" | "ended"} SubscriptionState */

/** @type {Readonly<Record<SubscriptionState, readonly SubscriptionState[]>>} */
export const MOVES = Object.freeze({
  idle: ["subscribing", "ended"],
  subscribing: ["subscribed", "leaving", "idle", "ended"],
  subscribed: ["idle", "ended"],
  leaving: ["subscribing", "ended"],
  ended: [],
});

/** @returns {StateMachine<SubscriptionState>} */
export function subscriptionState() {
  return new StateMachine(MOVES, "idle");
}
