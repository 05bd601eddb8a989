/** The options of a `HeartbeatSocket`, and what holds where one is not given. */

import { environmentWith } from "./environment.js";

/**
 * The options of `reconnecting-websocket`, with the same meaning, and two more. Times in ms.
 *
 * @typedef {object} OwnOptions
 * @property {any} [WebSocket] the constructor of the native sockets
 * @property {number} [minUptime] after it the count of retries starts again; 5000
 * @property {number} [connectionTimeout] 8000: four round trips of 1 s (TCP, TLS, handshake) and loss
 * @property {number} [maxRetries] without limit
 * @property {number} [maxEnqueuedMessages] kept while there is no connection; 100
 * @property {boolean} [startClosed] wait for `reconnect()`
 * @property {boolean} [debug] log each event to the console
 * @property {boolean} [expectWelcome] the server speaks the heartbeat for certain: a connection
 *   without its `welcome` within `connectionTimeout` is dead
 * @property {Partial<import("./environment.js").Environment>} [environment] for tests
 */
/** @typedef {OwnOptions & import("./protocol/backoff.js").Backoff} Options */

/** The options as a `Reconnector` takes them. @param {Options} options */
export function reconnectorSettings(options) {
  return {
    environment: environmentWith(options.environment),
    connectionTimeout: options.connectionTimeout ?? 8000,
    expectWelcome: options.expectWelcome ?? false,
    minUptime: options.minUptime ?? 5000,
    maxRetries: options.maxRetries ?? Infinity,
    backoff: options,
  };
}
