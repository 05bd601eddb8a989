/** Writes a call that is over into its row of the history. */

import { messageText } from "../words/calls.js";
import { otherSide } from "../words/numbers.js";
import { outcomeText } from "../words/outcomes.js";
import { whenText } from "../words/times.js";
import { part, setAttribute, write } from "./dom.js";

export function fillPast(row, call, { agent, now }) {
  setAttribute(row, "data-outcome", call.outcome || null);
  write(part(row, "direction"), call.direction === "inbound" ? "Incoming" : "Outgoing");
  write(part(row, "number"), otherSide(call));
  write(part(row, "status"), outcomeText(call, agent));
  write(part(row, "when"), whenText(call.started_at, now));
  const message = part(row, "message");
  message.hidden = !call.message;
  if (call.message) fillMessage(message, call);
}

function fillMessage(message, call) {
  write(part(message, "length"), messageText(call));
  const player = part(message, "player");
  setAttribute(player, "aria-label", `Message from ${otherSide(call)}`);
  setAttribute(player, "src", `calls/${call.call}/message/`);
}
