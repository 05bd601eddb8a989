/** Records what a person notices on a desk; runs before the page's own scripts. */
(() => {
  const lost = [];
  const sounding = new Set();
  const tones = [];
  const page = () => document.documentElement;

  new MutationObserver(() => {
    if (page().dataset.connection !== "open") lost.push(Date.now());
  }).observe(document, { subtree: true, attributeFilter: ["data-connection"] });

  const { start } = AudioBufferSourceNode.prototype;
  AudioBufferSourceNode.prototype.start = function (...given) {
    sounding.add(this);
    tones.push(Date.now());
    return start.apply(this, given);
  };
  const { disconnect } = AudioNode.prototype;
  AudioNode.prototype.disconnect = function (...given) {
    sounding.delete(this);
    return disconnect.apply(this, given);
  };

  const shownState = ({ dataset, attributes }) =>
    "data-doubtful" in attributes ? `${dataset.state}?` : dataset.state;

  const shownCalls = () => [...document.querySelectorAll("[data-call]")];
  const named = () => shownCalls().filter(({ dataset }) => dataset.sid);
  const statusOf = (row) => row.querySelector("[data-part=status]").textContent;

  window.noticed = () => ({
    calls: Object.fromEntries(named().map((row) => [row.dataset.sid, shownState(row)])),
    says: Object.fromEntries(
      shownCalls().map((row) => [row.dataset.sid ?? row.dataset.call, statusOf(row)]),
    ),
    title: document.title,
    connection: page().dataset.connection ?? "",
    rings: page().hasAttribute("data-ringing"),
    sounds: sounding.size > 0,
    tones,
    lost,
    loaded: performance.timeOrigin,
  });
})();
