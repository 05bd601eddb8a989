/** Shows who is at the desks, and this agent's own switch. */

import { element, setAttribute, setOff, write } from "./dom.js";

const WORDS = { available: "available", busy: "in a call", ringing: "phone rings", away: "away" };

/** `off` is the reason why the switch can't work, "" if it can. */
export function drawPeople({ people, off }) {
  const list = element("people");
  const shown = JSON.stringify(people);
  if (list.dataset.shown !== shown) {
    list.dataset.shown = shown;
    list.replaceChildren(...people.map(personRow));
  }
  const me = people.find(({ isMe }) => isMe);
  const availability = element("availability");
  setAttribute(availability, "aria-checked", me ? me.status !== "away" : false);
  setOff(availability, off || (me ? "" : "Your own status isn't known yet"));
}

function personRow({ name, status, isMe }) {
  const row = element("person-template").content.firstElementChild.cloneNode(true);
  row.dataset.status = status;
  write(row.querySelector(".person-name"), isMe ? `${name} (you)` : name);
  write(row.querySelector(".person-status"), WORDS[status] ?? status);
  return row;
}
