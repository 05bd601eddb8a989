/** The overlay: it shows a journal, and its buttons disturb a line. */

import { MAX_LATENCIES } from "./journal.js";

/** @typedef {import("./journal.js").Journal} Journal */
/** @typedef {import("./line.js").Line} Line */

/** Milliseconds that a frame takes longer on a line that is delayed. */
const DELAY = 1000;
/** Milliseconds between two measurements, while the overlay is open. */
const MEASURE_EVERY = 2000;
const CHART = { width: 240, height: 48 };
const SVG = "http://www.w3.org/2000/svg";

// A sheet that is made by a script is allowed by every Content-Security-Policy.
const STYLE = `
  :host { all: initial; position: fixed; right: 8px; bottom: 8px; z-index: 2147483647; color-scheme: light dark; }
  details { font: 12px/1.4 system-ui, sans-serif; width: min(440px, calc(100vw - 16px)); border: 1px solid #777;
    border-radius: 6px; background: Canvas; color: CanvasText; box-shadow: 0 2px 8px #0006; }
  details:not([open]) { width: auto; }
  summary { padding: 4px 8px; cursor: pointer; }
  .body { padding: 0 8px 8px; display: grid; gap: 6px; }
  .buttons { display: flex; flex-wrap: wrap; gap: 4px; }
  button { font: inherit; }
  button[aria-pressed=true] { font-weight: bold; }
  table { border-collapse: collapse; width: 100%; }
  th, td { text-align: left; padding: 0 6px 0 0; font-weight: normal; }
  td:nth-child(-n+2) { overflow-wrap: anywhere; }
  th { opacity: .75; }
  ol { list-style: none; margin: 0; padding: 0; max-height: 200px; overflow: auto; font-family: ui-monospace, monospace; font-size: 11px; }
  li { white-space: nowrap; }
  svg { display: block; width: 100%; height: ${CHART.height}px; border-bottom: 1px solid #777; }
  polyline { fill: none; stroke: currentColor; stroke-width: 1.5; vector-effect: non-scaling-stroke; }
`;

/** The names of the arrows before a frame. */
const ARROWS = { in: "←", out: "→", state: "•" };

export class Panel {
  /** Stands on the page, with a shadow that no style of the page reaches. */
  element = document.createElement("realtime-devtools");
  #line;
  #journal;
  #state = make("span", { id: "state" });
  #streams = make("tbody");
  #frames = make("ol", { id: "frames", tabIndex: 0, ariaLabel: "Frames" });
  #latency = make("span", { id: "latency" });
  #curve = document.createElementNS(SVG, "polyline");
  /** @type {Record<string, HTMLButtonElement>} */
  #buttons = {};
  #isDue = false;

  /** @param {Line} line @param {Journal} journal */
  constructor(line, journal) {
    this.#line = line;
    this.#journal = journal;
    this.#build();
    journal.onChange = () => this.#soon();
    this.#show();
  }

  #build() {
    const shadow = this.element.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    shadow.adoptedStyleSheets = [sheet];
    const chart = document.createElementNS(SVG, "svg");
    chart.setAttribute("viewBox", `0 0 ${CHART.width} ${CHART.height}`);
    chart.setAttribute("preserveAspectRatio", "none");
    chart.setAttribute("role", "img");
    chart.setAttribute("aria-label", "Latency over time");
    chart.append(this.#curve);
    const table = make("table");
    const head = make("tr");
    head.append(...["Stream", "Position", "Events", "Replayed", ""].map((text) => make("th", { textContent: text })));
    const top = make("thead");
    top.append(head);
    table.append(top, this.#streams);
    const body = make("div", { className: "body" });
    body.append(this.#buttonRow(), this.#latency, chart, table, this.#frames);
    const details = make("details");
    const summary = make("summary");
    summary.append("Realtime: ", this.#state);
    details.append(summary, body);
    details.addEventListener("toggle", () => this.#soon());
    setInterval(() => details.open && this.#line.measure(), MEASURE_EVERY);
    shadow.append(details);
  }

  #buttonRow() {
    const line = this.#line;
    const row = make("div", { className: "buttons" });
    row.append(
      this.#button("lose", "Lose", "End the connection, as a server does that dies.", () => line.lose()),
      this.#button("freeze", "Freeze", "Let nothing pass, as a pulled cable.", () =>
        line.isFrozen ? line.thaw() : line.freeze(),
      ),
      this.#button("delay", "Delay", "Hold each frame up for a second.", () => {
        line.delay = line.delay ? 0 : DELAY;
      }),
      this.#button("replay", "Miss events", "Keep events from the page, then have them replayed.", () =>
        line.isMissing ? line.lose() : line.miss(),
      ),
    );
    return row;
  }

  /** @param {string} id @param {string} textContent @param {string} title @param {() => void} act */
  #button(id, textContent, title, act) {
    const button = make("button", { id, textContent, title, type: "button" });
    button.addEventListener("click", () => {
      act();
      this.#show();
    });
    this.#buttons[id] = button;
    return button;
  }

  /** Once a frame of the screen, however much happens. */
  #soon() {
    if (this.#isDue) return;
    this.#isDue = true;
    requestAnimationFrame(() => {
      this.#isDue = false;
      this.#show();
    });
  }

  #show() {
    this.#showLine();
    this.#showLatency();
    this.#streams.replaceChildren(...[...this.#journal.streams].map(([name, stream]) => row(name, stream)));
    this.#showFrames();
  }

  #showLine() {
    const { isFrozen, isMissing, delay, missed } = this.#line;
    const held = [isFrozen && "frozen", delay && "delayed", isMissing && `${missed} events missed`];
    this.#state.textContent = [this.#journal.state, ...held.filter(Boolean)].join(", ");
    press(this.#buttons.freeze, isFrozen, isFrozen ? "Thaw" : "Freeze");
    press(this.#buttons.delay, delay > 0, "Delay");
    press(this.#buttons.replay, isMissing, isMissing ? `Replay ${missed}` : "Miss events");
  }

  #showLatency() {
    const { latencies } = this.#journal;
    const last = latencies.at(-1)?.took;
    const most = Math.max(1, ...latencies.map(({ took }) => took));
    this.#latency.textContent =
      last === undefined ? "No round trip yet" : `Latency ${Math.round(last)} ms, at most ${Math.round(most)} ms`;
    const points = latencies.map(({ took }, place) => {
      const x = (place / (MAX_LATENCIES - 1)) * CHART.width;
      return `${x.toFixed(1)},${(CHART.height * (1 - took / most)).toFixed(1)}`;
    });
    this.#curve.setAttribute("points", points.join(" "));
  }

  #showFrames() {
    const list = this.#frames;
    const isAtEnd = list.scrollTop + list.clientHeight >= list.scrollHeight - 4;
    list.replaceChildren(
      ...this.#journal.entries.map(({ at, socket, direction, text }) =>
        make("li", { textContent: `${time(at)} #${socket} ${ARROWS[direction]} ${text}` }),
      ),
    );
    if (isAtEnd) list.scrollTop = list.scrollHeight;
  }
}

/** @param {string} name @param {import("./journal.js").StreamState} stream */
function row(name, { epoch, offset, events, replayed, state }) {
  const cells = [name, offset === null ? "" : `${epoch} ${offset}`, events, replayed, state];
  const line = make("tr");
  line.append(...cells.map((text) => make("td", { textContent: String(text) })));
  return line;
}

/** @param {HTMLButtonElement} button @param {boolean} isPressed @param {string} text */
function press(button, isPressed, text) {
  button.setAttribute("aria-pressed", String(isPressed));
  if (button.textContent !== text) button.textContent = text;
}

/** @param {number} at milliseconds since 1970 */
function time(at) {
  return new Date(at).toTimeString().slice(0, 8) + `.${String(at % 1000).padStart(3, "0")}`;
}

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Partial<HTMLElementTagNameMap[Tag]>} [properties]
 * @returns {HTMLElementTagNameMap[Tag]}
 */
function make(tag, properties = {}) {
  return Object.assign(document.createElement(tag), properties);
}
