/**
 * Which frames of a server are the heartbeat's, and which belong to the application.
 *
 * The section "Heartbeat alone" of the protocol: what isn't exactly ours is left untouched.
 */

import { mayReconnect } from "./close_codes.js";

/** Characters; a longer frame is the application's, and needn't be parsed to know that. */
const LONGEST = 4096;

/** @typedef {{type: "ping" | "pong", nonce: string}} Beat */
/** @typedef {{type: "welcome", version: number, heartbeat: {interval: number, timeout: number},
 *   me?: string | null, socket?: string, now?: number}} Welcome */
/** @typedef {{type: "bye", code: number, reason: string, retry: boolean, after?: number}} Bye */

/**
 * Read a frame as one of the heartbeat's.
 *
 * @param {unknown} data what a message event carries
 * @returns {Beat | Welcome | Bye | null} null for everything else
 */
export function readControlFrame(data) {
  const frame = parse(data);
  if (isBeat(frame) || isWelcome(frame)) return frame;
  return isBye(frame) ? readBye(frame) : null;
}

/** @param {unknown} data @returns {any} */
function parse(data) {
  if (typeof data !== "string" || data.length > LONGEST) return null;
  try {
    return JSON.parse(data);
  } catch {
    return null;
  }
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
    isDuration(frame.heartbeat?.interval) &&
    isDuration(frame.heartbeat?.timeout)
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
    after: after === 0 || isDuration(after) ? after : undefined,
  };
}

/** @param {unknown} value @returns {value is number} */
function isDuration(value) {
  return typeof value === "number" && Number.isFinite(value) && value > 0;
}
