/**
 * A page that asks for more than the server allows: `node eager_page.js WS_URL ORIGIN COOKIES`.
 *
 * It follows one stream too many, sends twice what may be sent in a second, loses its
 * connection and comes back. What came of it is its output, as JSON.
 */

import WebSocket from "../js/node_modules/ws/wrapper.mjs";
import { RealtimeClient } from "../../realtime/static/realtime/index.js";

const STREAMS = 40; // as low_limits.py has it
const SENDS = 80;
const [url, origin, cookie] = process.argv.slice(2);

let native;
class PageSocket extends WebSocket {
  constructor(address, protocols) {
    super(address, protocols, { headers: { origin, cookie } });
    native = this;
  }
}

const client = new RealtimeClient(url, { WebSocket: PageSocket });
const ends = [];
client.on("state", ({ code }) => code && ends.push(code));
const streams = Array.from({ length: STREAMS + 1 }, (_, number) => client.subscribe(`open.${number}`));
const refused = new Promise((resolve) => streams.at(-1).on("error", ({ code }) => resolve(code)));

/** All that may be followed are. */
function allLive() {
  return Promise.all(
    streams.slice(0, STREAMS).map((stream) => new Promise((resolve) => stream.on("subscribed", resolve))),
  );
}

const outcome = (sent) => sent.then((reply) => reply.n !== undefined && "done", ({ code }) => code);
await allLive();
const large = outcome(streams[0].send("large", "x".repeat(2000)));
const sends = await Promise.all(Array.from({ length: SENDS }, (_, n) => outcome(streams[0].send("n", { n }))));
const lost = new Promise((resolve) => client.on("state", resolve));
native.terminate();
await lost;
await allLive();
const last = await outcome(streams[0].send("n", { n: SENDS }));
client.close();

const counts = {};
for (const one of sends) counts[one] = (counts[one] ?? 0) + 1;
console.log(JSON.stringify({ sends: counts, refused: await refused, large: await large, last, ends }));
