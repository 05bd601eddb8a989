/** Records what a person notices on a desk; runs before the page's own scripts. */
(() => {
  const lost = [];
  const sounding = new Set();
  const page = () => document.documentElement;

  new MutationObserver(() => {
    if (page().dataset.connection !== "open") lost.push(Date.now());
  }).observe(document, { subtree: true, attributeFilter: ["data-connection"] });

  const { start } = AudioBufferSourceNode.prototype;
  AudioBufferSourceNode.prototype.start = function (...given) {
    sounding.add(this);
    return start.apply(this, given);
  };
  const { disconnect } = AudioNode.prototype;
  AudioNode.prototype.disconnect = function (...given) {
    sounding.delete(this);
    return disconnect.apply(this, given);
  };

  const shownState = ({ dataset, attributes }) =>
    "data-doubtful" in attributes ? `${dataset.state}?` : dataset.state;

  window.noticed = () => ({
    calls: Object.fromEntries(
      [...document.querySelectorAll("[data-sid]")].map((row) => [row.dataset.sid, shownState(row)]),
    ),
    connection: page().dataset.connection ?? "",
    rings: page().hasAttribute("data-ringing"),
    sounds: sounding.size > 0,
    lost,
    loaded: performance.timeOrigin,
  });
})();
