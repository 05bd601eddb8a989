/**
 * A client whose tokens end again and again: `node tickets_page.js WS_URL HTTP_URL COOKIES`.
 *
 * While it follows a stream by tokens of 2 s, a page with the cookie publishes. What the first one
 * got is the output, as JSON.
 */

import WebSocket from "../js/node_modules/ws/wrapper.mjs";
import { RealtimeClient } from "../../realtime/static/realtime/index.js";

const EVENTS = 60;
const [url, site, cookie] = process.argv.slice(2);

class PageSocket extends WebSocket {
  constructor(address, protocols) {
    super(address, protocols, { headers: { origin: site, cookie } });
  }
}

let tickets = 0;
async function ticket() {
  tickets += 1;
  const answer = await fetch(`${site}/token/`, { headers: { cookie } });
  return (await answer.json()).ticket;
}

const ends = {};
const offsets = [];
const client = new RealtimeClient(url, { WebSocket, ticket });
client.on("state", ({ code }) => code && (ends[code] = (ends[code] ?? 0) + 1));
const followed = client.subscribe("open.1");
const complete = new Promise((resolve) => {
  followed.on("n", (_, { offset }) => offsets.push(offset) === EVENTS && resolve());
});
let resets = 0;
followed.on("reset", () => (resets += 1));
await new Promise((resolve) => followed.on("subscribed", resolve));

const page = new RealtimeClient(url, { WebSocket: PageSocket });
const published = page.subscribe("open.1");
for (let event = 0; event < EVENTS; event += 1) {
  await published.send("publish", [1, 1]);
  await new Promise((resolve) => setTimeout(resolve, 75));
}
await complete;
client.close();
page.close();
console.log(JSON.stringify({ offsets, resets, tickets, expired: ends[4401], me: client.me === page.me }));
