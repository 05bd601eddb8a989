/** What the handlers of a client and of its subscriptions get. Types only; no page loads it. */

export {};

/** @typedef {import("./connection_state.js").State} State */
/** @typedef {import("./protocol/position.js").Position} Position */
/** @typedef {import("./protocol/presence.js").Member} Member */
/** @typedef {import("./requests.js").RealtimeError} RealtimeError */
/**
 * A change of `state`; `code`, `reason` and `retryIn` are of the connection or attempt that ended.
 *
 * @typedef {{previous: State} & (
 *   {state: "connecting" | "open", code?: undefined, reason?: undefined, retryIn?: undefined} |
 *   {state: "waiting", code: number, reason: string, retryIn: number} |
 *   {state: "closed", code: number, reason: string, retryIn: null}
 * )} StateChange
 */
/**
 * What the handlers of a client's notifications get.
 *
 * @typedef {object} Notifications
 * @property {[change: StateChange]} state
 * @property {[milliseconds: number]} latency
 * @property {[change: {me: string | null, previous: string}]} me_changed
 * @property {[error: RealtimeError]} error
 */
/**
 * What the handlers of a subscription's presence get.
 *
 * @typedef {object} PresenceNotifications
 * @property {[member: Member]} join
 * @property {[member: Member]} leave
 * @property {[member: Member]} update
 * @property {[members: readonly Member[], changes: import("./protocol/presence.js").Changes]} change
 */
/**
 * An event as its handlers get it; without `offset` it is ephemeral, and kept nowhere.
 * `traceparent` is that of W3C Trace Context, where what published the event is traced.
 *
 * @template [Data=any]
 * @typedef {{stream: string, offset?: number, id: string, name: string, data: Data, at: number,
 *   replayed?: boolean, traceparent?: string}} StreamEvent
 */
/**
 * What the handlers of `LIFECYCLE` get.
 *
 * @template Snapshot
 * @typedef {object} Lifecycle
 * @property {[made: Position & {recovered: boolean, snapshot?: Snapshot}]} subscribed
 * @property {[start: Position & {snapshot?: Snapshot}]} reset
 * @property {[snapshot: Snapshot, at: Position]} snapshot
 * @property {[ended: {reason: string}]} unsubscribed
 * @property {[error: RealtimeError]} error
 */
/**
 * @template Events
 * @typedef {keyof Events & string} EventName
 */
/**
 * What `on` of a subscription takes as names.
 *
 * @template Events
 * @typedef {keyof Lifecycle<any> | "*" | EventName<Events> | `event:${EventName<Events>}`} HandlerName
 */
/**
 * A handler of `Name`, which is `LIFECYCLE`'s or an event's.
 *
 * @template Events
 * @template Snapshot
 * @template Name
 * @typedef {(...details:
 *   Name extends keyof Lifecycle<Snapshot> ? Lifecycle<Snapshot>[Name]
 *   : Name extends `event:${infer Event}` ? EventDetails<Events, Event>
 *   : EventDetails<Events, Name>) => void} Handler
 */
/**
 * @template Events
 * @template Name
 * @typedef {Name extends keyof Events ? [data: Events[Name], event: StreamEvent<Events[Name]>]
 *   : [data: any, event: StreamEvent]} EventDetails
 */
