/** One component's part in a subscription: its handlers, which go together. */

/**
 * @typedef {{[Name in keyof import("./handler_types.js").PresenceNotifications]?:
 *   (...details: import("./handler_types.js").PresenceNotifications[Name]) => void}} PresenceHandlers
 */

/**
 * @template {Record<string, any>} [Events=Record<string, any>]
 * @template [Snapshot=any]
 * @typedef {{[Name in import("./handler_types.js").HandlerName<Events>]?:
 *   import("./handler_types.js").Handler<Events, Snapshot, Name>}} Handlers
 */
/**
 * @template {Record<string, any>} [Events=Record<string, any>]
 * @template [Snapshot=any]
 * @typedef {object} Follow
 * @property {import("./subscription.js").Subscription<Events, Snapshot>} subscription
 * @property {() => void} stop removes the handlers and unsubscribes; it can be passed on as it is
 */

/**
 * @template {Record<string, any>} Events
 * @template Snapshot
 * @param {import("./subscription.js").Subscription<Events, Snapshot>} subscription that the caller has
 *   joined
 * @param {Handlers<Events, Snapshot>} handlers
 * @param {PresenceHandlers} presenceHandlers
 * @returns {Follow<Events, Snapshot>}
 * @throws {TypeError} if one is no function; then nothing is left behind
 */
export function followWith(subscription, handlers, presenceHandlers) {
  const undo = [() => subscription.unsubscribe()];
  const stop = () => {
    for (const one of undo.splice(0)) one();
  };
  /** @param {{on: (name: any, handler: any) => () => void}} source @param {object} its */
  const add = (source, its) => {
    for (const [name, handler] of Object.entries(its)) undo.push(source.on(name, handler));
  };
  try {
    add(subscription, handlers);
    add(subscription.presence, presenceHandlers);
  } catch (error) {
    stop();
    throw error;
  }
  return { subscription, stop };
}
