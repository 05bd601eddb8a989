/** Draws the desk: its state for the page's styles, its title, its notices and its calls. */

import { topNotice } from "../rules/notices.js";
import { fillCard } from "./call_card.js";
import { element, setOff, write } from "./dom.js";
import { keepingFocus, Rows } from "./rows.js";

const SILENT = "This tab is silent. Click anywhere to hear calls ring.";
const MUTE = "This machine plays no sound. Calls ring on the screen alone.";

export class DeskView {
  #page = document.documentElement;
  #cards = new Rows("call-template", fillCard);

  /**
   * Shows the present state. `picture` is what `pictureOf` returns, `notices` the sentences by kind,
   * `connection` its state and whether all calls are known, `sound` whether it is `blocked` and
   * whether the machine is `mute`, `off` the reason why the server can't be
   * asked, `desk` what a card needs.
   */
  draw({ picture, notices, connection, sound, off, desk, drawHistory }) {
    const { active, incoming, others } = picture.places;
    this.#page.dataset.connection = connection.state;
    this.#page.toggleAttribute("data-ringing", picture.ringing.length > 0);
    if (document.title !== picture.title) document.title = picture.title;
    element("desk").toggleAttribute("data-complete", connection.complete);
    const isOver = connection.state === "closed";
    this.#drawNotices({ ...notices, isOver, ...sound, urgent: picture.target ? notices.urgent : "" });
    for (const control of document.querySelectorAll("[data-server]")) setOff(control, off);
    element("reload").hidden = !isOver;
    keepingFocus(() => {
      this.#cards.draw({ active, incoming, others }, { ...desk, ...picture });
      drawHistory(picture.places.last);
    });
    element("others-section").hidden = others.length === 0;
    element("active-section").hidden = active.length === 0;
  }

  #drawNotices(notices) {
    for (const kind of ["complaint", "news", "urgent", "connection-news"]) {
      write(element(kind), notices[kind] ?? "");
    }
    write(element("trouble-text"), notices.trouble);
    element("trouble").hidden = notices.trouble === "";
    element("sound-hint").hidden = !notices.blocked;
    write(element("sound-hint"), notices.mute ? MUTE : SILENT);
    element("notices").dataset.top = topNotice(notices);
  }
}
