/**
 * The page that everybody writes first: a bare `WebSocket`, connected again whenever it closes.
 *
 * It answers the server's pings, so that the server keeps it as it keeps any client. `begin()`
 * starts it again, as loading the page again would.
 */
((url) => {
  let latest = null;
  let retry = 0;
  const connect = () => {
    const socket = new WebSocket(url, "realtime.v1");
    latest = socket;
    socket.onmessage = ({ data }) => {
      const frame = JSON.parse(data);
      if (frame.type === "ping") socket.send(JSON.stringify({ type: "pong", nonce: frame.nonce }));
      if (frame.type === "welcome") socket.send('{"type": "subscribe", "stream": "me", "ref": 1}');
      if (frame.type === "subscribed") window.subscribed = true;
      if (frame.name === "call.state") window.calls[frame.data.sid] = frame.data.state;
    };
    socket.onclose = () => {
      retry = setTimeout(connect, 1000);
    };
  };
  window.begin = () => {
    clearTimeout(retry);
    if (latest) latest.onclose = latest.onmessage = null;
    latest?.close();
    window.calls = {};
    window.subscribed = false;
    connect();
  };
})
