/** The supervisor's page: asks who is connected, and lists calls that no desk has received. */

import { RealtimeClient } from "../realtime/index.js";
import "../realtime/status_element.js";
import { UnreceivedCalls } from "./rules/unreceived_calls.js";
import { element, write } from "./view/dom.js";
import { connectionOf, latencyOf, unreceivedText } from "./words/supervision.js";

/** Milliseconds between two questions; one takes the server about a second. */
const ASK_EVERY = 3000;

const client = new RealtimeClient();
const stream = client.subscribe("supervisors");
const calls = new UnreceivedCalls();
let names = new Map();

stream.on("snapshot", (snapshot) => take(() => calls.replace(snapshot.calls)));
stream.on("call.unreceived", (call) => take(() => calls.add(call)));
stream.on("subscribed", ask);
stream.on("error", ({ message }) => write(element("trouble"), message));
client.on("state", ({ state, code }) => {
  if (state !== "open") write(element("trouble"), "No connection: what is shown may be old.");
  if (state === "closed" && (code === 4501 || code === 4504)) location.assign(document.body.dataset.login);
});
setInterval(() => stream.live && ask(), ASK_EVERY);

async function ask() {
  try {
    const { desks } = await stream.send("desks");
    names = new Map(desks.map(({ id, name }) => [id, name]));
    element("desks").tBodies[0].replaceChildren(...desks.map(deskRow));
    write(element("trouble"), "");
    drawCalls();
  } catch ({ message }) {
    write(element("trouble"), message);
  }
}

/** Follows each call to its end, so that the list says what has become of it. */
function take(change) {
  change();
  for (const call of calls.unfollowed()) {
    client.subscribe(`call.${call.call}`).on("call.state", (state) => {
      calls.update(state);
      drawCalls();
    });
  }
  drawCalls();
}

function drawCalls() {
  const listed = calls.listed();
  element("no-unreceived").hidden = listed.length > 0;
  const texts = listed.map((call) => unreceivedText(call, names));
  const list = element("unreceived");
  if (list.dataset.shown === JSON.stringify(texts)) return;
  list.dataset.shown = JSON.stringify(texts);
  list.replaceChildren(...texts.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
}

function deskRow(desk) {
  const row = document.createElement("tr");
  row.dataset.agent = desk.name;
  row.dataset.connected = desk.windows.some(({ live }) => live);
  const cells = [desk.name, desk.status, connectionOf(desk), latencyOf(desk)];
  row.append(...cells.map((textContent) => Object.assign(document.createElement("td"), { textContent })));
  row.cells[2].className = "connected";
  return row;
}
