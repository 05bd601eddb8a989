/** Writes a call that is not over into its card. */

import { isUnsure, place } from "../rules/call_rules.js";
import { controlsOf } from "../rules/controls.js";
import { doubtText, statusText } from "../words/calls.js";
import { otherSide } from "../words/numbers.js";
import { clockText } from "../words/times.js";
import { part, setAttribute, setOff, write } from "./dom.js";

const CONTROLS = ["answer", "decline", "hold", "mute", "keypad", "transfer", "hangup", "reject"];

/** `desk` is what `controlsOf` needs; `pending` and `targets` belong to all calls. */
export function fillCard(row, call, desk) {
  const { agent, now, pending, target } = desk;
  const action = pending.get(call.call);
  row.toggleAttribute("data-unsure", isUnsure(call));
  row.toggleAttribute("data-rings", desk.ringing.includes(call));
  row.toggleAttribute("data-keys", target === call);
  row.toggleAttribute("data-held", Boolean(call.held));
  setAttribute(row, "data-pending", action ?? null);
  const doubt = doubtText(call);
  const isOwn = place(call, agent) === "active";
  const status = action ?? statusText(call, agent, now, desk.phone);
  write(part(row, "status"), !isOwn && doubt ? doubt : status);
  write(part(row, "doubt"), isOwn ? doubt : "");
  write(part(row, "number"), otherSide(call));
  write(part(row, "clock"), isUnsure(call) && !isOwn ? "" : clockOf(call, agent, now));
  setAttribute(part(row, "buttons"), "aria-label", otherSide(call));
  fillControls(row, controlsOf(call, { ...desk, pending: action, unanswered: pending.isUnanswered(call.call) }));
  fillTargets(row, desk.targets);
}

function fillControls(row, controls) {
  for (const name of CONTROLS) {
    const button = part(row, name);
    const control = controls[name];
    button.hidden = !control;
    if (!control) continue;
    setOff(button, control.off);
    if ("pressed" in control) setAttribute(button, "aria-pressed", control.pressed);
  }
  for (const name of ["keypad", "transfer"]) {
    const usable = controls[name] && !controls[name].off;
    if (!usable) openPanel(row, name, false);
  }
}

/** Opens or closes the panel below the buttons that belongs to the control `name`. */
export function openPanel(row, name, open) {
  part(row, `${name}-panel`).hidden = !open;
  setAttribute(part(row, name), "aria-expanded", open);
}

/** Shows that a digit was sent. */
export function showDigits(row, digits) {
  const sent = part(row, "digits");
  write(sent, sent.textContent + digits);
}

function fillTargets(row, targets) {
  const list = part(row, "targets");
  const wanted = targets.map(({ id, name }) => `${id} ${name}`).join("\n");
  if (list.dataset.targets === wanted) return;
  list.dataset.targets = wanted;
  list.replaceChildren(...targets.map(targetButton));
}

function targetButton({ id, name }) {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "button", textContent: name });
  Object.assign(button.dataset, { verb: "transfer", to: id });
  return button;
}

function clockOf(call, agent, now) {
  if (call.answered_at) return clockText(now - call.answered_at);
  return place(call, agent) === "incoming" ? clockText(now - call.started_at) : "";
}
