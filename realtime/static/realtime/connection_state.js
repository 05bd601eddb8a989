/**
 * The states of a connection.
 *
 * idle: never asked to connect. connecting: an attempt is under way. open: in use. waiting: the
 * connection is lost, and the next attempt comes by itself. closed: stays so until the page connects.
 */

import { StateMachine } from "./state_machine.js";

/** @typedef {"idle" | "connecting" | "open" | "waiting" | "closed"} State */

/** @type {Readonly<Record<State, readonly State[]>>} */
export const MOVES = Object.freeze({
  idle: ["connecting"],
  connecting: ["open", "waiting", "closed"],
  open: ["waiting", "closed"],
  waiting: ["connecting", "closed"],
  closed: ["connecting"],
});

/** @returns {StateMachine<State>} */
export function connectionState() {
  return new StateMachine(MOVES, "idle");
}
