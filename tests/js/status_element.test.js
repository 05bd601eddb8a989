/** `<realtime-status>`: what it says of a client. The elements here know no more than it asks of them. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { RealtimeClient } from "../../realtime/static/realtime/index.js";
import { fakeEnvironment } from "./fakes.js";

class FakeElement {
  attributes = new Map();
  children = [];
  isConnected = false;
  changes = 0;
  #text = "";

  get textContent() {
    return this.children.length ? this.children.map((child) => child.textContent ?? child).join("") : this.#text;
  }

  set textContent(text) {
    this.changes += 1;
    this.#text = text;
  }

  hasAttribute(name) {
    return this.attributes.has(name);
  }

  setAttribute(name, value) {
    this.attributes.set(name, value);
  }

  replaceChildren(...children) {
    this.children = children;
  }
}

const defined = new Map();
globalThis.HTMLElement = FakeElement;
globalThis.document = { createElement: () => new FakeElement() };
globalThis.customElements = { get: (name) => defined.get(name), define: (name, it) => defined.set(name, it) };
const { RealtimeStatus } = await import("../../realtime/static/realtime/status_element.js");

/** A client that has not connected yet. */
function page() {
  const it = fakeEnvironment();
  return { ...it, client: new RealtimeClient("ws://server/", { ...it.options, startClosed: true }) };
}

/** An element on the page, with a client that has not connected yet. */
function shown(attributes = {}) {
  const it = page();
  const { client } = it;
  const element = new RealtimeStatus();
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.client = client;
  insert(element);
  const [words, , latency] = element.children;
  return { ...it, element, words, latency };
}

function insert(element) {
  element.isConnected = true;
  element.connectedCallback();
}

function remove(element) {
  element.isConnected = false;
  element.disconnectedCallback();
}

function open({ client, last }) {
  client.connect();
  last().open();
  last().welcome();
}

function answered({ clock, last }, milliseconds) {
  clock.advance(milliseconds);
  last().frame({ type: "pong", nonce: last().frames("ping").at(-1).nonce });
}

test("it is defined under its name, once", async () => {
  assert.equal(defined.get("realtime-status"), RealtimeStatus);
  await import("../../realtime/static/realtime/status_element.js?hashed");
  assert.equal(defined.get("realtime-status"), RealtimeStatus);
});

describe("the words", () => {
  test("follow the state, and so does the attribute", () => {
    const it = shown();
    const says = (words, state) =>
      assert.deepEqual([it.words.textContent, it.element.attributes.get("state")], [words, state]);
    says("Not connected", "idle");
    it.client.connect();
    says("Connecting", "connecting");
    it.last().open();
    it.last().welcome();
    says("Connected", "open");
    it.last().end();
    says("No connection, trying again", "waiting");
    it.client.close();
    says("Disconnected", "closed");
  });

  test("stay through the attempts that fail, so that a screen reader does not say each", () => {
    const it = shown();
    open(it);
    it.last().end();
    const { changes } = it.words;
    for (let attempt = 0; attempt < 5; attempt += 1) {
      it.client.connect();
      assert.equal(it.element.attributes.get("state"), "connecting");
      it.last().end();
    }
    assert.equal(it.words.changes, changes);
    assert.equal(it.words.textContent, "No connection, trying again");
  });

  test("are for screen readers, unless the page says otherwise; the number is not", () => {
    assert.equal(shown().element.attributes.get("role"), "status");
    assert.equal(shown({ role: "none" }).element.attributes.get("role"), "none");
    assert.equal(shown().latency.attributes.get("aria-live"), "off");
  });
});

describe("the latency", () => {
  test("is there once it is measured, and goes with the connection", () => {
    const it = shown();
    open(it);
    assert.equal(it.latency.textContent, "");
    answered(it, 12);
    assert.equal(it.latency.textContent, "12 ms");
    assert.equal(it.element.textContent, "Connected 12 ms");
    it.last().end();
    assert.equal(it.latency.textContent, "");
  });

  test("is rounded", () => {
    const it = shown();
    open(it);
    Object.defineProperty(it.client, "latency", { value: 12.3456 });
    answered(it, 12);
    assert.equal(it.latency.textContent, "12 ms");
  });

  test("that is the same again is no change", () => {
    const it = shown();
    open(it);
    answered(it, 12);
    const { changes } = it.latency;
    it.page.windowEvent("online");
    answered(it, 12);
    assert.equal(it.latency.changes, changes);
  });
});

describe("the client", () => {
  test("may come after the element", () => {
    const { options, last } = fakeEnvironment();
    const element = new RealtimeStatus();
    element.client = null;
    insert(element);
    assert.equal(element.textContent, "Not connected ");
    element.client = new RealtimeClient("ws://server/", options);
    last().open();
    last().welcome();
    assert.equal(element.children[0].textContent, "Connected");
  });

  test("may be another one; the first is followed no more", () => {
    const it = shown();
    open(it);
    const other = shown();
    it.element.client = other.client;
    assert.equal(it.words.textContent, "Not connected");
    it.last().end();
    assert.equal(it.words.textContent, "Not connected");
    it.element.client = null;
    open(other);
    assert.equal(it.words.textContent, "Not connected");
  });

  test("is not followed while the element is off the page, and is when it comes back", () => {
    const it = shown();
    remove(it.element);
    open(it);
    assert.equal(it.words.textContent, "Not connected");
    insert(it.element);
    assert.equal(it.words.textContent, "Connected");
    it.last().end();
    assert.equal(it.words.textContent, "No connection, trying again");
  });

  test("is the page's newest one, if none was set", () => {
    const [first, second] = [page(), page()];
    const element = new RealtimeStatus();
    insert(element);
    open(second);
    assert.equal(element.children[0].textContent, "Connected", "as for one that htmx brings later");
    assert.equal(element.client, second.client);
    open(first);
    first.last().end();
    assert.equal(element.children[0].textContent, "Connected");
    const third = page();
    assert.equal(element.children[0].textContent, "Not connected");
    open(third);
    assert.equal(element.children[0].textContent, "Connected");
    remove(element);
    third.client.close();
    assert.equal(element.children[0].textContent, "Connected");
  });

  test("that was set stays, whichever others come", () => {
    const it = shown();
    open(it);
    page();
    assert.equal(it.words.textContent, "Connected");
  });

  test("may have been set before the element's class was there", () => {
    const it = page();
    page();
    const element = new RealtimeStatus();
    Object.defineProperty(element, "client", { value: it.client, configurable: true, writable: true });
    open(it);
    insert(element);
    assert.equal(element.children[0].textContent, "Connected");
    it.last().end();
    assert.equal(element.children[0].textContent, "No connection, trying again");
    element.client = null;
    assert.equal(element.children[0].textContent, "Not connected");
  });
});
