/**
 * Lets a page call an object through a Proxy of it.
 *
 * Vue's `data()`, Alpine's `x-data` and others hand out a Proxy of what they keep. A method then
 * runs with the Proxy as its `this`, which has no private fields, and which the browser's own
 * methods refuse.
 */

const BARE = Symbol("bare");

/** Have `object` found behind each Proxy of it; for its constructor. @param {object} object */
export function findable(object) {
  // A function, since a Proxy of all that it hands out wraps objects, and leaves functions alone.
  Object.defineProperty(object, BARE, { value: () => object });
}

/**
 * Have the methods and properties of a class run on the object behind the Proxy.
 *
 * @param {{prototype: any}} of a class whose constructor calls `findable`
 * @param {readonly string[]} [inherited] names of the browser's methods, which are treated as its own
 */
export function callableThroughProxies({ prototype }, inherited = []) {
  const { constructor, ...own } = Object.getOwnPropertyDescriptors(prototype);
  for (const name of inherited) own[name] = inheritedMethod(prototype, name);
  for (const [name, { get, set, value, ...rest }] of Object.entries(own)) {
    const access = value ? { value: onBare(value), writable: true } : { get: onBare(get), set: onBare(set) };
    Object.defineProperty(prototype, name, { ...rest, ...access });
  }
  // Vue and Alpine make no Proxy of what has this: what they would track is private.
  Object.defineProperty(prototype, "__v_skip", { value: true });
}

/** Finds its method at each call: zone.js replaces those of the browser. @param {any} prototype @param {string} name */
function inheritedMethod(prototype, name) {
  /** @this {any} @param {any[]} given */
  function value(...given) {
    return Object.getPrototypeOf(prototype)[name].apply(this, given);
  }
  return { value, configurable: true, enumerable: false };
}

/** @param {Function | undefined} method */
function onBare(method) {
  if (!method) return undefined;
  /** @this {any} @param {any[]} given */
  return function (...given) {
    return method.apply(this[BARE]?.() ?? this, given);
  };
}
