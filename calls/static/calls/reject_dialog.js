/** The question before a caller is rejected for all agents. */

import { isWaiting } from "./rules/call_rules.js";
import { element, write } from "./view/dom.js";
import { rejectWords } from "./words/calls.js";
import { otherSide } from "./words/numbers.js";

export class RejectDialog {
  #dialog = element("reject-dialog");
  #call = null;

  /** `onReject(call)` is called with the key of a call that the agent rejects. */
  constructor(onReject) {
    this.#dialog.addEventListener("close", () => {
      if (this.#dialog.returnValue === "reject" && this.#call !== null) onReject(this.#call);
      this.#call = null;
    });
  }

  /** Asks whether a call is to be rejected. */
  ask(call) {
    this.#call = call.call;
    this.#dialog.returnValue = "";
    const { what, instead } = rejectWords(call);
    write(element("reject-question"), `Reject ${otherSide(call)} for everybody?`);
    write(element("reject-what"), what);
    write(element("reject-instead"), instead);
    this.#dialog.showModal();
  }

  /** Drops the question when its call no longer waits. */
  follow(calls) {
    const call = calls.get(this.#call);
    if (this.#dialog.open && !(call && isWaiting(call))) this.#dialog.close("");
  }
}
