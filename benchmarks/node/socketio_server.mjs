// socket.io with its Redis adapter: each socket is in its user's room and in a shared one.
import { createAdapter } from "@socket.io/redis-adapter";
import { Redis } from "ioredis";
import { createServer } from "node:http";
import { Server } from "socket.io";

const { HEARTBEAT, PORT, REDIS_URL } = process.env;
const publishing = new Redis(REDIS_URL);
const subscribing = publishing.duplicate();

const server = createServer();
const io = new Server(server, {
  adapter: createAdapter(publishing, subscribing),
  transports: ["websocket"],
  pingInterval: Number(HEARTBEAT) * 1000,
});
io.on("connection", (socket) => {
  socket.join([`user.${socket.handshake.query.user}`, "room.1"]);
});
server.listen({ host: "127.0.0.1", port: Number(PORT), backlog: 4096 });
