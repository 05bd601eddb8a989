/**
 * Plays the server to a desk, so that a test decides what it knows; runs before the page's scripts.
 *
 * `server.posts` has what the desk asked for. `server.answer` is called for each request, and
 * returns `[status, body]`. `server.show(scene)` has the desk begin again in another state,
 * `server.change(call)` publishes a call, `server.lose()` cuts.
 */
(() => {
  const json = (id) => JSON.parse(document.getElementById(id).textContent);
  const me = () => `user.${json("agent").id}`;
  const scene = () => window.scenes(server.scene, json("agent"), Date.now());
  const isOver = ({ state }) => !["queued", "initiated", "ringing", "in-progress"].includes(state);
  const snapshot = () => ({ calls: scene().calls.filter((call) => !isOver(call)) });
  const sockets = new Set();
  let offset = 0;

  class PlayedSocket extends EventTarget {
    static CONNECTING = 0;
    static OPEN = 1;
    static CLOSING = 2;
    static CLOSED = 3;
    readyState = 0;
    protocol = "realtime.v1";
    extensions = "";
    bufferedAmount = 0;
    binaryType = "blob";

    constructor(url) {
      super();
      this.url = String(url);
      setTimeout(() => (server.lost ? this.end(1006) : this.open()));
    }

    open() {
      this.readyState = 1;
      sockets.add(this);
      this.dispatchEvent(new Event("open"));
      this.frame({ type: "welcome", version: 1, socket: "s1", me: me(), heartbeat: { interval: 10, timeout: 8 }, now: Date.now() });
    }

    send(text) {
      const frame = JSON.parse(text);
      if (frame.type === "ping") this.frame({ type: "pong", nonce: frame.nonce });
      if (frame.type === "subscribe") this.subscribed(frame);
    }

    subscribed({ ref, stream }) {
      const position = { epoch: "played", offset, recovered: false };
      const mine = stream === "me" || stream === me();
      const state = mine ? { snapshot: snapshot() } : { presence: scene().members };
      this.frame({ type: "subscribed", ref, stream: mine ? me() : stream, ...position, ...state });
    }

    frame(data) {
      setTimeout(() => this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(data) })), 2);
    }

    end(code) {
      this.readyState = 3;
      sockets.delete(this);
      this.dispatchEvent(new CloseEvent("close", { code }));
    }

    close(code = 1000) {
      if (this.readyState < 2) this.end(code);
    }
  }

  const server = {
    posts: [],
    lost: false,
    scene: new URLSearchParams(location.search).get("scene"),
    show(name) {
      server.scene = name;
      offset += 1;
      const position = { epoch: `played ${name}`, offset };
      for (const socket of sockets) {
        socket.frame({ type: "reset", stream: me(), ...position, snapshot: snapshot() });
        socket.frame({ type: "reset", stream: "desk", ...position, presence: scene().members });
      }
    },
    answer(method, path) {
      if (method === "POST") return [202, {}];
      if (path === "calls/phone/") return [200, { kind: "stand-in" }];
      return [200, { calls: scene().calls, next: path.includes("before") ? null : "c2" }];
    },
    isShown() {
      const active = scene().calls.filter((call) => !isOver(call)).map(({ call }) => call);
      const shown = [...document.querySelectorAll("ul:not(#last) > [data-call]")].map((row) => Number(row.dataset.call));
      return document.querySelector("#desk[data-complete]") !== null && active.sort().join() === shown.sort().join();
    },
    change(data) {
      offset += 1;
      for (const socket of sockets) {
        socket.frame({ type: "event", stream: me(), offset, id: `e${offset}`, name: "call.state", data, at: Date.now() });
      }
    },
    lose() {
      server.lost = true;
      for (const socket of [...sockets]) socket.end(1006);
    },
    heal() {
      server.lost = false;
    },
  };

  const played = async (path, { method = "GET", body } = {}) => {
    if (method === "POST") server.posts.push([String(path), Object.fromEntries(body)]);
    const [status, answer] = await server.answer(method, String(path));
    return new Response(JSON.stringify(answer), { status });
  };
  Object.assign(window, { server, WebSocket: PlayedSocket, fetch: played });
})();
