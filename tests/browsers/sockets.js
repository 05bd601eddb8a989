/** Counts the sockets of a page, and keeps what the tab was sent: for which page, of which stream. */
(() => {
  const owner = () => `user.${JSON.parse(document.getElementById("agent").textContent).id}`;

  window.attempts = 0;
  window.sent = () => JSON.parse(sessionStorage.getItem("sent") ?? "[]");
  window.WebSocket = class extends WebSocket {
    constructor(...given) {
      super(...given);
      window.attempts += 1;
      this.addEventListener("message", ({ data }) => {
        const { type, stream = "" } = JSON.parse(data);
        sessionStorage.setItem("sent", JSON.stringify([...window.sent(), [type, owner(), stream]]));
      });
    }
  };
})();
