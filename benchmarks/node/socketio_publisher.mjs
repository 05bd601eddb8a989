// Publishes each line of its input to a room of socket.io, from outside the server.
import { Emitter } from "@socket.io/redis-emitter";
import { Redis } from "ioredis";
import { createInterface } from "node:readline";

const emitter = new Emitter(new Redis(process.env.REDIS_URL));
for await (const line of createInterface({ input: process.stdin })) {
  const [stream, data] = line.split("\t");
  emitter.to(stream).emit("call.state", JSON.parse(data));
}
process.exit();
