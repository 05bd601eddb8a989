/**
 * The frames of `realtime.v1`: reading what a server sent, and writing the heartbeat's own.
 *
 * The section "Heartbeat alone" of the protocol says which frames are the heartbeat's. All others
 * belong to the application and stay as they are. `frames.py` and `reading.py` are the server's
 * half.
 */

import { mayReconnect } from "./close_codes.js";

export const SUBPROTOCOL = "realtime.v1";

/** Announces to the server that the first frame has a ticket. */
export const TICKET_PROTOCOL = "realtime.ticket";

/** Characters; a longer frame belongs to the application, and needs no parsing to know that. */
export const MAX_CONTROL_FRAME = 4096;

/** @typedef {{type: "ping" | "pong", nonce: string}} Beat */
/** @typedef {{frames_per_second: number, frame_bytes: number, streams: number}} Limits */
/** @typedef {{type: "welcome", version: number, heartbeat: {interval: number, timeout: number},
 *   me?: string | null, socket?: string, now?: number, limits?: Partial<Limits>}} Welcome */
/** @typedef {{type: "bye", code: number, reason: string, retry: boolean, after?: number}} Bye */

/** The JSON object in `data`; null for everything else. @param {unknown} data @returns {any} */
export function decode(data) {
  if (typeof data !== "string") return null;
  try {
    const frame = JSON.parse(data);
    return typeof frame === "object" && !Array.isArray(frame) ? frame : null;
  } catch {
    return null;
  }
}

/**
 * Read a frame as one of the heartbeat's.
 *
 * @param {any} frame what `decode` returned
 * @returns {Beat | Welcome | Bye | null} null for a frame of the application
 */
export function controlFrame(frame) {
  if (isBeat(frame) || isWelcome(frame)) return frame;
  return isBye(frame) ? readBye(frame) : null;
}

/**
 * The limits in a `welcome`; a server that names none is taken to have none.
 *
 * @param {Welcome} welcome
 * @returns {Limits}
 */
export function limitsOf({ limits }) {
  const limit = (/** @type {unknown} */ value) => (isPositive(value) ? value : Number.MAX_SAFE_INTEGER);
  return {
    frames_per_second: limit(limits?.frames_per_second),
    frame_bytes: limit(limits?.frame_bytes),
    streams: limit(limits?.streams),
  };
}

/** Write the frame that signs the client in. @param {string} ticket */
export function authenticate(ticket) {
  return JSON.stringify({ type: "authenticate", ticket });
}

/** Write a ping. @param {string} nonce */
export function ping(nonce) {
  return JSON.stringify({ type: "ping", nonce });
}

/** Write the answer to the server's ping with that nonce. @param {string} nonce */
export function pong(nonce) {
  return JSON.stringify({ type: "pong", nonce });
}

/** @param {any} frame @returns {frame is Beat} */
function isBeat(frame) {
  return (
    (frame?.type === "ping" || frame?.type === "pong") &&
    typeof frame.nonce === "string" &&
    Object.keys(frame).length === 2
  );
}

/** @param {any} frame @returns {frame is Welcome} */
function isWelcome(frame) {
  return (
    frame?.type === "welcome" &&
    Number.isInteger(frame.version) &&
    isPositive(frame.heartbeat?.interval) &&
    isPositive(frame.heartbeat?.timeout)
  );
}

/** @param {any} frame */
function isBye(frame) {
  return frame?.type === "bye" && frame.code >= 4400 && frame.code <= 4999;
}

/** @param {any} frame @returns {Bye} */
function readBye({ code, reason, retry = true, after }) {
  return {
    type: "bye",
    code,
    reason: typeof reason === "string" ? reason : "",
    retry: retry && mayReconnect(code),
    after: after === 0 || isPositive(after) ? after : undefined,
  };
}

/** @param {unknown} value @returns {value is number} */
function isPositive(value) {
  return typeof value === "number" && Number.isFinite(value) && value > 0;
}
