/** The public names: everything else in this folder may change. */

import { HeartbeatSocket } from "./heartbeat_socket.js";

export { RealtimeClient } from "./realtime_client.js";
export { CloseCode, mayReconnect } from "./protocol/close_codes.js";
export { userStreamName } from "./protocol/stream_names.js";
export { RealtimeError } from "./requests.js";
export { HeartbeatSocket } from "./heartbeat_socket.js";

/** @typedef {import("./realtime_client.js").ClientOptions} ClientOptions */
/** @typedef {import("./connection_state.js").State} State */
/** @typedef {import("./protocol/position.js").Position} Position */
/** @typedef {import("./environment.js").Environment} Environment */
/** @typedef {import("./handler_types.js").StateChange} StateChange */
/**
 * @template [Data=any]
 * @typedef {import("./handler_types.js").StreamEvent<Data>} StreamEvent
 */
/**
 * @template {Record<string, any>} [Events=Record<string, any>]
 * @template [Snapshot=any]
 * @typedef {import("./follow.js").Follow<Events, Snapshot>} Follow
 */
/**
 * @template {Record<string, any>} [Events=Record<string, any>]
 * @template [Snapshot=any]
 * @typedef {import("./follow.js").Handlers<Events, Snapshot>} Handlers
 */
/**
 * @template {Record<string, any>} [Events=Record<string, any>]
 * @template [Snapshot=any]
 * @typedef {import("./subscription.js").Subscription<Events, Snapshot>} Subscription
 */

/** @typedef {import("./subscription_presence.js").SubscriptionPresence} Presence */
/** @typedef {import("./protocol/presence.js").Member} Member */
/** @typedef {import("./protocol/presence.js").Changes} PresenceChanges */
/** @typedef {import("./follow.js").PresenceHandlers} PresenceHandlers */

// What `reconnecting-websocket` exports, so that one changed import line is enough.
/** @typedef {globalThis.Event} Event */
/** @typedef {import("./socket_events.js").SocketErrorEvent} ErrorEvent */
/** @typedef {import("./socket_events.js").SocketCloseEvent} CloseEvent */
/** @typedef {import("./socket_options.js").Options} Options */
/** @typedef {import("./reconnector.js").UrlProvider} UrlProvider */
/** @typedef {import("./outbox.js").Message} Message */
/**
 * @typedef {{[Type in "open" | "message" | "error" | "close"]:
 *   import("./socket_events.js").SocketListener<Type>[]}} ListenersMap
 */
export default HeartbeatSocket;
