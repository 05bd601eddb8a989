/** The agent's desk: follows the agent's stream, rings, and sends the agent's actions to the server. */

import { RealtimeClient } from "../realtime/index.js";
import "../realtime/status_element.js";
import { fetchCalls, post } from "./api.js";
import { arranged, rings } from "./call_list.js";
import { FollowedCalls } from "./followed_calls.js";
import { PendingActions } from "./pending.js";
import { RingTone } from "./ring_tone.js";
import { DeskView } from "./view.js";
import { changeText, colleaguesText, connectionText } from "./wording.js";

const NEWS_SHOWN = 12_000; // ms
const CHANGE_TIMEOUT = 10_000; // ms
const ACTIONS = { answer: "Answering", hangup: "Hanging up" };
const KEYS = { a: "answer", d: "hangup" };

const agent = onPage("agent");
const view = new DeskView(agent);
const tone = new RingTone(draw);
const client = new RealtimeClient();
const mine = client.subscribe("me");
const calls = new FollowedCalls(mine, onPage("calls"), {
  fetchList: (signal) => fetchCalls(signal, failed),
  changed,
});
const status = document.querySelector("realtime-status");
status.client = client;
status.querySelector("[part=latency]").id = "latency";

let connection = { state: client.state, wasOpen: false, deaf: false };
let retryAt = 0;
let clockAhead = null; // ms by which this machine's clock is ahead of the server's
const pending = new PendingActions();
const clearing = new Map();

function onPage(id) {
  return JSON.parse(document.getElementById(id).textContent);
}

function draw() {
  const ringing = arranged(calls.known).incoming.filter((call) => rings(call) && !pending.has(call.sid));
  view.draw({
    calls: calls.known,
    ringing,
    pending,
    complete: calls.complete,
    connection: { ...connection, trouble: trouble() },
    blocked: tone.blocked,
    now: Date.now() - (clockAhead ?? 0),
  });
  if (ringing.length > 0) tone.start();
  else tone.stop();
}

function drawColleagues(members) {
  view.announce("colleagues", colleaguesText(members, client.me));
}

function trouble() {
  return connectionText(connection, Math.ceil((retryAt - Date.now()) / 1000));
}

function announce(kind, sentence) {
  clearTimeout(clearing.get(kind));
  view.announce(kind, sentence);
  clearing.set(kind, setTimeout(() => view.announce(kind, ""), NEWS_SHOWN));
}

function changed(before) {
  for (const [sid, call] of calls.known) {
    if (before.get(sid)?.state !== call.state) pending.end(sid);
    const sentence = changeText(before.get(sid), call, agent);
    if (sentence) announce(rings(call) ? "urgent" : "news", sentence);
  }
  draw();
}

function compareClocks(call, { replayed }) {
  // No event arrives before it was sent, so the smallest difference is the most accurate one.
  if (!replayed) clockAhead = Math.min(clockAhead ?? Infinity, Date.now() - call.at);
}

/** Another agent has logged in here, so the desk has to be loaded again. */
function otherAgent() {
  client.close();
  location.reload();
}

function setDeaf(deaf) {
  connection.deaf = deaf;
  draw();
}

function connectionChanged({ state, previous, code, retryIn }) {
  connection = { state, code, wasOpen: connection.wasOpen || previous === "open", deaf: false };
  retryAt = Date.now() + (retryIn ?? 0);
  if (state === "open" && connection.wasOpen) announce("connection-news", "Connected again");
  if (previous === "open") calls.lost();
  if (previous === "open" || state === "closed") announce("connection-news", trouble());
  draw();
}

function failed(error) {
  if (error.status === 401) location.assign(document.body.dataset.login);
  announce("complaint", error.message);
}

/** Sends a request to the server; returns whether it agreed. */
async function request(path, fields) {
  view.announce("complaint", "");
  try {
    await post(path, fields);
    return true;
  } catch (error) {
    failed(error);
    return false;
  }
}

async function act(sid, verb) {
  if (!calls.known.has(sid) || pending.has(sid)) return;
  const end = pending.begin(sid, ACTIONS[verb]);
  draw();
  const agreed = await request(`calls/${calls.known.get(sid).call}/${verb}/`);
  // The change comes as an event, which may be late if the phone company is slow, or never come.
  await new Promise((resolve) => setTimeout(resolve, agreed ? CHANGE_TIMEOUT : 0));
  end();
  draw();
}

async function dial(event) {
  event.preventDefault();
  const form = event.target;
  if (await request("calls/", { to: form.elements.to.value })) form.reset();
}

function pressed(event) {
  const typing = event.target.closest("input, textarea, select");
  if (typing || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
  const [first] = arranged(calls.known).incoming;
  const verb = KEYS[event.key.toLowerCase()];
  if (verb && first) act(first.sid, verb);
}

function clicked(event) {
  const button = event.target.closest("[data-verb]");
  if (button) act(button.closest("[data-sid]").dataset.sid, button.dataset.verb);
}

mine.on("subscribed", () => setDeaf(false));
mine.on("unsubscribed", () => setDeaf(true));
mine.on("error", () => setDeaf(true));
mine.on("call.state", compareClocks);
client.subscribe("desk").presence.on("change", drawColleagues);
client.on("state", connectionChanged);
client.on("me_changed", otherAgent);
addEventListener("keydown", pressed);
addEventListener("click", clicked);
document.getElementById("dial").addEventListener("submit", dial);
document.getElementById("simulate")?.addEventListener("click", () => request("calls/simulate/"));
setInterval(draw, 1000);
draw();
