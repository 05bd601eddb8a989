/** The public names: everything else in this folder may change. */

export { RealtimeClient } from "./client.js";
export { CloseCode, mayReconnect } from "./close_codes.js";
export { RealtimeError } from "./requests.js";
export { HeartbeatSocket } from "./socket.js";
