/** The edges of the client: time, the page, the browser's WebSocket. */

/** Timers that fire when a test lets time pass, in their order. */
export class FakeClock {
  time = 1_000_000;
  timers = new Map();
  last = 0;

  now = () => this.time;

  setTimeout = (callback, milliseconds) => {
    const delay = milliseconds > 2 ** 31 - 1 ? 0 : milliseconds; // As in every browser.
    this.timers.set(++this.last, { at: this.time + delay, callback });
    return this.last;
  };

  clearTimeout = (timer) => this.timers.delete(timer);

  /** Let time pass, with every timer at its time. */
  advance(milliseconds) {
    const end = this.time + milliseconds;
    for (;;) {
      const [next] = [...this.timers].sort(([a, x], [b, y]) => x.at - y.at || a - b);
      if (!next || next[1].at > end) break;
      this.time = Math.max(this.time, next[1].at);
      this.fire(...next);
    }
    this.time = end;
  }

  /** Let time pass with no timer fired until its end, as in a stopped process or a slowed tab. */
  sleep(milliseconds) {
    this.time += milliseconds;
    for (const [timer, { at, callback }] of [...this.timers]) {
      if (at <= this.time && this.timers.has(timer)) this.fire(timer, { callback });
    }
  }

  fire(timer, { callback }) {
    this.timers.delete(timer);
    callback();
  }
}

/** The browser's socket; the test plays the network. A closed one says nothing by itself. */
export class FakeWebSocket {
  static made = [];
  readyState = 0;
  protocol = "";
  extensions = "";
  bufferedAmount = 0;
  binaryType = "blob";
  sent = [];
  closedWith = null;
  listeners = new Map([["open", new Set()], ["message", new Set()], ["error", new Set()], ["close", new Set()]]);

  constructor(url, protocols) {
    if (url.includes(" ")) throw new DOMException("invalid url", "SyntaxError");
    this.url = url;
    this.protocols = protocols;
    new.target.made.push(this);
  }

  addEventListener(type, listener) {
    this.listeners.get(type).add(listener);
  }

  removeEventListener(type, listener) {
    this.listeners.get(type).delete(listener);
  }

  send(data) {
    this.sent.push(data);
  }

  close(code, reason) {
    if (reason?.length > 123) throw new DOMException("reason too long", "SyntaxError");
    this.closedWith ??= { code, reason };
    this.readyState = Math.max(this.readyState, 2);
  }

  get listened() {
    return [...this.listeners.values()].reduce((sum, set) => sum + set.size, 0);
  }

  /** The frames sent, of one type or all. */
  frames(type) {
    const frames = this.sent.map((text) => JSON.parse(text));
    return type ? frames.filter((frame) => frame.type === type) : frames;
  }

  emit(type, details) {
    for (const listener of [...this.listeners.get(type)]) listener({ type, ...details });
  }

  open() {
    this.readyState = 1;
    this.emit("open");
  }

  /** A frame from the server: an object, or the raw data. */
  frame(data) {
    const raw = typeof data === "string" || data instanceof ArrayBuffer;
    this.emit("message", { data: raw ? data : JSON.stringify(data), origin: "ws://server" });
  }

  welcome(more = {}) {
    const heartbeat = { interval: 10, timeout: 8 };
    this.frame({ type: "welcome", version: 1, socket: "s1", me: "user.42", heartbeat, now: 1, ...more });
  }

  /** The peer's close frame is here, the end of the connection isn't. */
  closing() {
    this.readyState = 2;
  }

  /** The connection ends from outside. */
  end(code = 1006, reason = "") {
    this.readyState = 3;
    this.emit("close", { code, reason, wasClean: code !== 1006 });
  }
}

/** Counts who listens. */
class CountingTarget extends EventTarget {
  listened = 0;

  addEventListener(type, listener, options) {
    super.addEventListener(type, listener, options);
    this.listened += 1;
  }

  removeEventListener(type, listener) {
    super.removeEventListener(type, listener);
    this.listened -= 1;
  }
}

/** A document and its window. */
export class FakePage {
  window = new CountingTarget();
  document = Object.assign(new CountingTarget(), {
    visibilityState: "visible",
    baseURI: "https://site.example/desk/",
    getElementById: (id) => (id === "realtime-config" && this.config ? { textContent: this.config } : null),
    querySelectorAll: () => Array(this.tags),
  });
  config = null;
  tags = 1;

  windowEvent(type, details = {}) {
    this.window.dispatchEvent(Object.assign(new Event(type), details));
  }

  documentEvent(type, visibilityState = "visible") {
    this.document.visibilityState = visibilityState;
    this.document.dispatchEvent(new Event(type));
  }
}

/** An environment for a client: `options` for it, and the test's hands on everything else. */
export function fakeEnvironment({ random = 0.5 } = {}) {
  const clock = new FakeClock();
  const page = new FakePage();
  const made = [];
  class Native extends FakeWebSocket {
    static made = made;
  }
  const { now, setTimeout, clearTimeout } = clock;
  const environment = {
    now,
    setTimeout,
    clearTimeout,
    random: typeof random === "function" ? random : () => random,
    document: page.document,
    window: page.window,
  };
  const options = { WebSocket: Native, environment };
  return { clock, page, made, options, last: () => made.at(-1) };
}

/** Let what is promised happen. */
export const settled = () => new Promise((resolve) => setImmediate(resolve));

/** All events of the given types, as they come. */
export function recorded(target, ...types) {
  const events = [];
  for (const type of types) target.addEventListener(type, (event) => events.push(event));
  return events;
}
