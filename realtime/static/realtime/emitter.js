/** Handlers by name; one that throws is reported and disturbs nobody else. */

/** @typedef {(...details: any[]) => void} Handler */

export class Emitter {
  /** @type {Map<string, Set<{handler: Handler}>>} */
  #entries = new Map();
  /** @type {(() => void)[]} */
  #due = [];
  #calling = false;

  /**
   * Call `handler` whenever `name` happens.
   *
   * @param {string} name
   * @param {Handler} handler
   * @returns {() => void} removes it
   */
  on(name, handler) {
    if (typeof handler !== "function") throw new TypeError(`the handler of ${name} is no function`);
    const entries = this.#entries.get(name) ?? new Set();
    const entry = { handler };
    this.#entries.set(name, entries.add(entry));
    return () => void entries.delete(entry);
  }

  /** Remove all handlers of `name`. @param {string} name */
  removeAll(name) {
    this.#entries.delete(name);
  }

  /** Whether nobody listens to anything. */
  get isEmpty() {
    return [...this.#entries.values()].every((entries) => entries.size === 0);
  }

  /**
   * Call the handlers of `name`, in the order in which they came.
   *
   * What a handler causes is emitted after everything that came before it.
   *
   * @param {string} name
   * @param {...any} details
   * @returns {boolean} whether there was one
   */
  emit(name, ...details) {
    const entries = this.#entries.get(name) ?? new Set();
    for (const entry of entries) {
      this.#due.push(() => entries.has(entry) && entry.handler(...details));
    }
    if (!this.#calling) this.#callAll();
    return entries.size > 0;
  }

  #callAll() {
    this.#calling = true;
    for (let call = this.#due.shift(); call; call = this.#due.shift()) {
      try {
        call();
      } catch (error) {
        report(error);
      }
    }
    this.#calling = false;
  }
}

/**
 * Report to the page's own error handling, or to the console.
 *
 * @param {unknown} error
 */
export function report(error) {
  if (typeof globalThis.reportError === "function") globalThis.reportError(error);
  else console.error(error);
}
