/** Where there is no page, as on a server that renders one, in a worker, or in Node. */

import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";

import { FakeWebSocket } from "./fakes.js";

for (const name of ["document", "window", "HTMLElement", "customElements", "WebSocket", "navigator", "location"]) {
  delete globalThis[name]; // Some versions of Node have some of them.
}
const { HeartbeatSocket, RealtimeClient } = await import("../../realtime/static/realtime/index.js");
await import("../../realtime/static/realtime/status_element.js");

beforeEach(() => {
  FakeWebSocket.made = [];
});

describe("without a WebSocket", () => {
  const makers = {
    "that reads the page's configuration": () => new RealtimeClient(),
    "with a relative url": () => new RealtimeClient("/realtime/"),
    "with an absolute url": () => new RealtimeClient("wss://site.example/realtime/"),
    "with a url function": () => new RealtimeClient(() => "/realtime/"),
  };
  for (const [what, make] of Object.entries(makers)) {
    test(`a client ${what} is made, and idle; only connect() throws`, () => {
      const client = make();
      assert.deepEqual([client.state, client.me, client.latency], ["idle", null, null]);
      const { stop } = client.follow("call.7", { "*": () => {} });
      stop();
      client.close();
      assert.throws(() => client.connect(), TypeError);
      assert.equal(client.state, "idle");
    });
  }

  for (const url of ["wss://site.example/chat/", () => "wss://site.example/chat/"]) {
    test(`a socket with a ${typeof url} is made, and closed; only reconnect() throws`, () => {
      const socket = new HeartbeatSocket(url, ["chat"]);
      assert.deepEqual([socket.state, socket.readyState, socket.bufferedAmount], ["idle", 3, 0]);
      socket.close();
      assert.throws(() => socket.reconnect(), /no WebSocket/);
      assert.equal(socket.state, "idle");
    });
  }
});

describe("with one", () => {
  test("a client with an absolute url connects", () => {
    const client = new RealtimeClient("https://site.example/realtime/", { WebSocket: FakeWebSocket });
    assert.deepEqual([client.state, FakeWebSocket.made[0].url], ["connecting", "wss://site.example/realtime/"]);
    client.close();
  });

  test("a client whose url is relative to nothing waits; connect() says why", () => {
    const client = new RealtimeClient("/realtime/", { WebSocket: FakeWebSocket });
    assert.equal(client.state, "idle");
    assert.throws(() => client.connect(), /URL/);
    assert.throws(() => new RealtimeClient(undefined, { WebSocket: FakeWebSocket }).connect(), /realtime-config/);
  });

  test("in a worker, a url is relative to the worker's", () => {
    const window = Object.assign(new EventTarget(), { location: { href: "https://site.example/static/worker.js" } });
    const client = new RealtimeClient("/realtime/", { WebSocket: FakeWebSocket, environment: { window } });
    assert.equal(FakeWebSocket.made[0].url, "wss://site.example/realtime/");
    client.close();
  });
});
