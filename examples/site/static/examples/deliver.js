/** Sends a message to a stream until the server has answered. */

/**
 * If the connection breaks before the answer, nobody knows whether the message has arrived. It is sent
 * again when the subscription is back, so the server has to know it again: give it a key.
 *
 * @param {{send: Function, on: Function}} subscription
 * @param {string} name
 * @param {unknown} data
 * @returns {Promise<any>} the reply's data
 * @throws {Error} if the server has refused it
 */
export async function deliver(subscription, name, data) {
  for (;;) {
    try {
      return await subscription.send(name, data);
    } catch (error) {
      if (!["unknown_outcome", "not_connected"].includes(error.code)) throw error;
      await subscribed(subscription);
    }
  }
}

function subscribed(subscription) {
  return new Promise((resolve) => {
    const remove = subscription.on("subscribed", () => {
      remove();
      resolve();
    });
  });
}
