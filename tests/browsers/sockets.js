/** Counts the sockets of a page, and keeps each frame that came to the tab: its type, the page's user, the stream. */
(() => {
  const owner = () => `user.${JSON.parse(document.getElementById("agent").textContent).id}`;

  window.attempts = 0;
  window.received = () => JSON.parse(sessionStorage.getItem("received") ?? "[]");
  window.WebSocket = class extends WebSocket {
    constructor(...given) {
      super(...given);
      window.attempts += 1;
      this.addEventListener("message", ({ data }) => {
        const { type, stream = "" } = JSON.parse(data);
        sessionStorage.setItem("received", JSON.stringify([...window.received(), [type, owner(), stream]]));
      });
    }
  };
})();
