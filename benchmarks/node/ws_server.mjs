// The floor for Node: a bare `ws` server that sends ready-made text.
import { Redis } from "ioredis";
import { WebSocketServer } from "ws";

const { HEARTBEAT, PORT, REDIS_URL } = process.env;
const byStream = new Map();

const server = new WebSocketServer({ host: "127.0.0.1", port: Number(PORT), backlog: 4096 });
server.on("connection", (socket, request) => {
  const stream = request.url.slice(1);
  byStream.set(stream, socket);
  socket.isAlive = true;
  socket.on("pong", () => (socket.isAlive = true));
  socket.on("close", () => byStream.delete(stream));
});

setInterval(() => {
  for (const socket of server.clients) {
    if (!socket.isAlive) {
      socket.terminate();
    }
    socket.isAlive = false;
    socket.ping();
  }
}, Number(HEARTBEAT) * 1000);

const redis = new Redis(REDIS_URL);
await redis.subscribe("events");
redis.on("message", (channel, message) => {
  const end = message.indexOf("\n");
  const stream = message.slice(0, end);
  const text = message.slice(end + 1);
  for (const socket of stream === "room.1" ? server.clients : [byStream.get(stream)]) {
    socket.send(text);
  }
});
