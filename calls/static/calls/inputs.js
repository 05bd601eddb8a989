/** What the agent clicks, types and submits. */

import { verbOf } from "./rules/keys.js";
import { openPanel, showDigits } from "./view/call_card.js";
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
    const button = search.querySelector("button");
    if (isOff(button)) refuse(button, desk);
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
  if (verb && target !== null) clicked(document.querySelector(`.call[data-call="${target}"] [data-verb=${verb}]`), desk);
}

function isOff({ ariaDisabled }) {
  return ariaDisabled === "true";
}

// Who presses a second time what is being done already need not hear that it is.
function refuse(button, desk) {
  const pending = button.closest("[data-pending]")?.dataset.pending;
  if (button.title !== pending) desk.refuse(button.title);
}

function clicked(button, desk) {
  if (button.form) return;
  if (isOff(button)) return refuse(button, desk);
  const { verb, panel, question, word, to, digits } = button.dataset;
  const row = button.closest("[data-call]");
  const call = Number(row?.dataset.call);
  if (verb) desk.perform(verb, call, { ...(to && { to }), ...(digits && { digits }) });
  if (digits) showDigits(row, digits);
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
  if (isOff(element("place"))) return refuse(element("place"), desk);
  if (await desk.dial(form.elements.to.value)) form.reset();
}
