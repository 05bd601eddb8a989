/** The supervisor's page: asks who is connected, and lists calls that no desk has received. */

import { RealtimeClient } from "../realtime/index.js";
import "../realtime/status_element.js";
import { UnreceivedCalls } from "./rules/unreceived_calls.js";
import { element, setAttribute, write } from "./view/dom.js";
import { Rows } from "./view/rows.js";
import { connectionOf, latencyOf, unreceivedText } from "./words/supervision.js";

/** Milliseconds between two questions; one takes the server about a second. */
const ASK_EVERY = 3000;

const client = new RealtimeClient();
const stream = client.subscribe("supervisors");
const calls = new UnreceivedCalls();
const rows = new Rows("unreceived-row", (row, call) => write(row, unreceivedText(call, names)));
let names = new Map();

stream.on("snapshot", (snapshot) => take(() => calls.replace(snapshot.calls)));
stream.on("call.unreceived", (call) => take(() => calls.add(call)));
stream.on("subscribed", ask);
stream.on("unsubscribed", () => write(element("trouble"), "You are no supervisor any more; what is shown is old."));
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
    drawDesks(desks);
    write(element("trouble"), "");
    drawCalls();
  } catch ({ message }) {
    write(element("trouble"), message);
  }
}

function take(change) {
  change();
  for (const { call } of calls.unfollowed()) followCall(call);
  drawCalls();
}

/** Follows a call to its end, so that the list says what has become of it. */
function followCall(key) {
  const { stop } = client.follow(`call.${key}`, { snapshot: update, "call.state": update });

  function update(call) {
    calls.update(call);
    if (call.ended_at) stop();
    drawCalls();
  }
}

function drawCalls() {
  const listed = calls.listed();
  element("no-unreceived").hidden = listed.length > 0;
  rows.draw({ unreceived: listed });
}

function drawDesks(desks) {
  const body = element("desks").tBodies[0];
  while (body.rows.length > desks.length) body.deleteRow(-1);
  desks.forEach((desk, index) => fillDesk(body.rows[index] ?? newDesk(body), desk));
}

function newDesk(body) {
  const row = element("desk-row").content.firstElementChild.cloneNode(true);
  body.append(row);
  return row;
}

function fillDesk(row, desk) {
  setAttribute(row, "data-agent", desk.name);
  setAttribute(row, "data-status", desk.status);
  setAttribute(row, "data-connected", desk.windows.some(({ live }) => live));
  const texts = [desk.name, desk.status, connectionOf(desk), latencyOf(desk)];
  texts.forEach((text, index) => write(row.cells[index], text));
}
