/** The agent's desk: joins what it follows, its rules, its phone and its view. */

import { RealtimeClient } from "../realtime/index.js";
import "../realtime/status_element.js";
import { Actions } from "./actions.js";
import { Announcements } from "./announcements.js";
import { fetchCalls, fetchPage, post } from "./api.js";
import { ConnectionWatch } from "./connection_watch.js";
import { FollowedCalls } from "./followed_calls.js";
import { History } from "./history.js";
import { listenToAgent } from "./inputs.js";
import { LeftCalls } from "./left_calls.js";
import { makePhone } from "./phone.js";
import { RejectDialog } from "./reject_dialog.js";
import { RingTone } from "./ring_tone.js";
import { rings, settles } from "./rules/call_rules.js";
import { NO_CONNECTION, TALKING } from "./rules/controls.js";
import { PendingActions } from "./rules/pending.js";
import { peopleOf, targetsOf } from "./rules/people.js";
import { pictureOf } from "./rules/picture.js";
import { ServerClock } from "./rules/server_clock.js";
import { AgentTabs } from "./tabs/agent_tabs.js";
import { OwnPhone } from "./tabs/own_phone.js";
import { drawInForce } from "./view/demo_view.js";
import { DeskView } from "./view/desk_view.js";
import { element, setAttribute, setOff } from "./view/dom.js";
import { HistoryView } from "./view/history_view.js";
import { drawPeople } from "./view/people_view.js";
import { changeText } from "./words/calls.js";

const PLACING = "Placing the call";

const agent = onPage("agent");
const name = document.title;
const clock = new ServerClock();
const announcements = new Announcements({
  changed: draw,
  signedOut: () => location.assign(document.body.dataset.login),
});
const pending = new PendingActions();
const view = new DeskView();
const historyView = new HistoryView();
const tone = new RingTone(soundChanged);
const client = new RealtimeClient();
const mine = client.subscribe("me");
const desks = client.subscribe("desk");
const calls = new FollowedCalls(mine, onPage("calls"), {
  fetchList,
  changed,
});
const connection = new ConnectionWatch(client, mine, {
  lost: () => calls.lost(),
  changed: connectionChanged,
});
const leftCalls = new LeftCalls({
  calls: () => calls.known,
  agent,
  ask: (call) => post(`calls/${call}/ask/`),
});
const tabs = new AgentTabs({
  agent,
  openPhone: (handlers) =>
    new OwnPhone(makePhone({ agent, post }), { ...handlers, left: (call) => leftCalls.add(call) }),
  maySound: () => !tone.blocked,
  changed: draw,
  failed: (sentence) => announcements.take(sentence, "phone"),
});
const { phone } = tabs;
const actions = new Actions({
  calls: () => calls.known,
  pending,
  phone,
  post: asked,
  isConnected: () => connection.isOpen,
  changed: draw,
});
const history = new History({ fetchPage, changed: draw, isAll: onPage("next") === null });
const rejecting = new RejectDialog((call) => actions.perform("reject", call));
const status = document.querySelector("realtime-status");
let picture = null;
let placing = false;

function onPage(id) {
  return JSON.parse(document.getElementById(id).textContent);
}

function draw() {
  const now = clock.at(Date.now());
  const people = peopleOf(desks.presence.members, agent);
  const off = connection.isOpen ? "" : NO_CONNECTION;
  const sound = { blocked: tone.blocked, isOurs: tabs.isOurs };
  const trouble = connection.title;
  picture = pictureOf({ calls: calls.known, agent, pending, now, trouble, sound, phone: phone.state, name });
  view.draw({
    picture,
    notices: { ...announcements.shown, trouble: connection.trouble },
    connection: { state: connection.state, complete: calls.complete },
    sound: { blocked: tone.blocked, mute: tone.mute },
    off,
    desk: {
      agent, now, pending, connected: connection.isOpen, phone: phone.state, targets: targetsOf(people),
    },
    drawHistory: (last) => historyView.draw(history, { last, agent, now, off }),
  });
  drawPeople({ people, off });
  historyView.offerAgents(people);
  setAttribute(element("place"), "data-pending", placing ? PLACING : null);
  setOff(element("place"), off || (placing && PLACING) || (picture.talks.length > 0 && TALKING));
  tone.volume = picture.volume;
}

function changed(before) {
  const now = clock.at(Date.now());
  for (const [key, call] of calls.known) {
    const known = before.get(key);
    if (!known || settles(known, call, agent)) pending.end(key);
    const sentence = changeText(known, call, agent, now);
    if (sentence) announcements.tell(rings(call, agent, now) ? "urgent" : "news", sentence);
  }
  rejecting.follow(calls.known);
  phone.follow(calls.known, agent, now);
  draw();
}

function connectionChanged(news) {
  if (news) announcements.tell("connection-news", news);
  if (news && connection.isOpen) announcements.tell("complaint", "");
  if (connection.state === "closed") tabs.end();
  draw();
}

function soundChanged() {
  tabs.soundChanged();
  draw();
}

/** Sends a request to the server; returns its answer, null if it didn't agree. */
async function asked(path, fields) {
  announcements.tell("complaint", "");
  try {
    const answer = await post(path, fields);
    if (answer.unknown) announcements.complain(answer.unknown);
    return answer;
  } catch (error) {
    announcements.failed(error);
    return null;
  }
}

async function simulate(path) {
  const answer = await asked(`calls/simulate/${path}`);
  if (answer?.in_force) drawInForce(answer.in_force);
}

async function dial(to) {
  if (placing) return false;
  placing = true;
  draw();
  const agreed = await asked("calls/", { to });
  placing = false;
  draw();
  return agreed;
}

async function fetchList(signal) {
  const failed = (error) => announcements.failed(error, "calls");
  const list = await announcements.done("calls", fetchCalls(signal, failed));
  if (list) history.listed(list);
  return list?.calls;
}

function shown(pages) {
  announcements.done("history", pages).catch((error) => announcements.failed(error, "history"));
}

/** Another agent has logged in here, so the desk has to be loaded again. */
function otherAgent() {
  client.close();
  location.reload();
}

status.client = client;
status.querySelector("[part=latency]").id = "latency";
mine.on("call.state", (_, { at, replayed }) => replayed || clock.take(at, Date.now()));
desks.presence.on("change", draw);
client.on("me_changed", otherAgent);
listenToAgent({
  target: () => picture.target?.call ?? null,
  perform: (...given) => actions.perform(...given),
  ask: (call) => rejecting.ask(calls.known.get(call)),
  dial,
  setStatus: (wanted) => asked("calls/status/", { status: wanted }),
  simulate,
  search: (query) => shown(history.search(query)),
  more: () => shown(history.more()),
  refuse: (reason) => announcements.complain(reason),
});
setInterval(draw, 1000);
tabs.begin();
drawInForce(onPage("in-force"));
draw();
