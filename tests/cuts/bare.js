/**
 * The page that everybody writes first: a bare `WebSocket`, connected again whenever it closes.
 *
 * It answers the server's pings, so that the server keeps it as it keeps any client. `begin()`
 * starts it again, as loading the page again would.
 */
((url) => {
  let socket = null;
  const connect = () => {
    socket = new WebSocket(url, "realtime.v1");
    socket.onmessage = ({ data }) => {
      const frame = JSON.parse(data);
      if (frame.type === "ping") socket.send(JSON.stringify({ type: "pong", nonce: frame.nonce }));
      if (frame.type === "welcome") socket.send('{"type": "subscribe", "stream": "me", "ref": 1}');
      if (frame.type === "subscribed") window.subscribed = true;
      if (frame.name === "call.state") window.calls[frame.data.sid] = frame.data.state;
    };
    socket.onclose = () => setTimeout(connect, 1000);
  };
  window.begin = () => {
    if (socket) socket.onclose = socket.onmessage = null;
    socket?.close();
    window.calls = {};
    window.subscribed = false;
    connect();
  };
})
