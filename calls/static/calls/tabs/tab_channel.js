/** Messages between the tabs of one agent in one browser. */
export class TabChannel {
  #name;
  #handlers = new Map();
  #channel = null;

  constructor(name) {
    this.#name = name;
    this.open();
  }

  /** Calls `handler(message)` for each message of a kind from another tab. */
  on(kind, handler) {
    this.#handlers.set(kind, [...(this.#handlers.get(kind) ?? []), handler]);
  }

  /** Sends an object that has a `kind` to all other tabs. */
  send(message) {
    this.#channel?.postMessage(message);
  }

  open() {
    if (this.#channel || !globalThis.BroadcastChannel) return;
    this.#channel = new BroadcastChannel(this.#name);
    this.#channel.onmessage = ({ data }) => {
      for (const handler of this.#handlers.get(data.kind) ?? []) handler(data);
    };
  }

  /** Closes it until `open`: a browser keeps no page that listens. */
  close() {
    this.#channel?.close();
    this.#channel = null;
  }
}
