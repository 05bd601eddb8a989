/** A server of real sockets, on a port of its own, that does what the path of the url says. */

import { once } from "node:events";
import { createServer } from "node:http";

import { WebSocketServer } from "ws";

/** `/`: says everything back. `/refuse`: no handshake. `/mute`: no answer to the handshake. */
export class Server {
  /** The sockets of all connections, oldest first. */
  sockets = [];
  /** How many handshakes were tried. */
  attempts = 0;
  #http = createServer();
  #port;
  #webSockets = new WebSocketServer({ noServer: true, perMessageDeflate: true });
  #raw = new Set();

  async start() {
    this.#http.on("connection", (raw) => this.#raw.add(raw));
    this.#http.on("upgrade", (...handshake) => this.#upgrade(...handshake));
    this.#http.listen(0, "127.0.0.1");
    await once(this.#http, "listening");
    this.#port = this.#http.address().port;
    return this;
  }

  stop() {
    for (const raw of this.#raw) raw.destroy();
    this.#http.close();
  }

  url(path = "/") {
    return `ws://127.0.0.1:${this.#port}${path}`;
  }

  get last() {
    return this.sockets.at(-1);
  }

  /** The next connection that is made. */
  async next() {
    const [socket] = await once(this.#webSockets, "connection");
    return socket;
  }

  #upgrade(request, raw, head) {
    this.attempts += 1;
    if (request.url === "/mute") return;
    if (request.url === "/refuse") return raw.end("HTTP/1.1 401 Unauthorized\r\n\r\n");
    this.#webSockets.handleUpgrade(request, raw, head, (socket) => this.#opened(socket, request));
  }

  #opened(socket, request) {
    socket.path = request.url;
    socket.received = [];
    socket.ending = once(socket, "close").then(([code, reason]) => [code, String(reason)]);
    socket.on("message", (data, binary) => {
      socket.received.push(binary ? data : String(data));
      socket.send(data, { binary });
    });
    this.sockets.push(socket);
    this.#webSockets.emit("connection", socket);
  }
}
