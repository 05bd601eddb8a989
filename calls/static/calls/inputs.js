/** What the agent clicks, types and submits. */

import { verbOf } from "./rules/keys.js";
import { openPanel } from "./view/call_card.js";
import { element } from "./view/dom.js";

/**
 * `desk` says what each input does: `perform(verb, call, details)`, `ask(call)` before a caller is
 * rejected, `dial(number)`, which resolves to whether that was done, `setStatus(status)`,
 * `simulate(word)`, `search(query)`, `more()`, and `refuse(reason)` for a control that is off.
 * `target()` is the key of the call that the keys act on, or null.
 */
export function listenToAgent(desk) {
  addEventListener("keydown", (event) => pressed(event, desk));
  addEventListener("click", ({ target }) => {
    const button = target.closest("button");
    if (button) clicked(button, desk);
  });
  element("dial").addEventListener("submit", (event) => dialled(event, desk));
  const search = element("search");
  const searched = () => {
    const { ariaDisabled, title } = search.querySelector("button");
    if (ariaDisabled === "true") desk.refuse(title);
    else desk.search(Object.fromEntries(new FormData(search)));
  };
  search.addEventListener("submit", (event) => {
    event.preventDefault();
    searched();
  });
  search.elements.agent.addEventListener("change", searched);
}

function pressed(event, desk) {
  const verb = verbOf(event);
  const target = desk.target();
  if (verb && target !== null) desk.perform(verb, target);
}

function clicked(button, desk) {
  if (button.form) return;
  if (button.ariaDisabled === "true") return desk.refuse(button.title);
  const { verb, panel, question, word, to, digits } = button.dataset;
  const row = button.closest("[data-call]");
  const call = Number(row?.dataset.call);
  if (verb) desk.perform(verb, call, { ...(to && { to }), ...(digits && { digits }) });
  if (panel) togglePanel(row, panel);
  if (question) desk.ask(call);
  if (word) desk.simulate(`${word}/`);
  if (button.id === "simulate") desk.simulate("");
  if (button.id === "more") desk.more();
  if (button.id === "availability") desk.setStatus(button.ariaChecked === "true" ? "away" : "available");
}

function togglePanel(row, panel) {
  const open = row.querySelector(`[data-part=${panel}]`).ariaExpanded === "true";
  for (const each of ["keypad", "transfer"]) openPanel(row, each, each === panel && !open);
}

async function dialled(event, desk) {
  event.preventDefault();
  const form = event.target;
  if (element("place").ariaDisabled === "true") return desk.refuse(element("place").title);
  if (await desk.dial(form.elements.to.value)) form.reset();
}
