/** Shows which misbehaviour of the simulated company is in force. */

import { element, setAttribute, write } from "./dom.js";

/** `words` are those in force. */
export function drawInForce(words) {
  const line = element("in-force");
  if (!line) return; // A real company doesn't obey.
  write(line, words.length > 0 ? `The company misbehaves: ${words.join(", ")}.` : "");
  for (const button of document.querySelectorAll("[data-word]")) {
    setAttribute(button, "aria-pressed", words.includes(button.dataset.word) ? true : null);
  }
}
