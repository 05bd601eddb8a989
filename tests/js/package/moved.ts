// A site's file, written for the package that stands in its first line.
import ReconnectingWebSocket, { type CloseEvent, type ErrorEvent, type Event, type Message, type Options, type UrlProvider } from "reconnecting-websocket";

const url: UrlProvider = async () => "wss://site.example/chat/";
const options: Options = {
  WebSocket,
  maxReconnectionDelay: 10_000,
  minReconnectionDelay: 1000,
  reconnectionDelayGrowFactor: 1.3,
  minUptime: 5000,
  connectionTimeout: 4000,
  maxRetries: Infinity,
  maxEnqueuedMessages: Infinity,
  startClosed: false,
  debug: false,
};
const socket: ReconnectingWebSocket = new ReconnectingWebSocket(url, ["chat"], options);

const closed = (event: CloseEvent) => console.log(event.type, event.code, event.reason, event.wasClean);
const failed = (event: ErrorEvent) => console.log(event.message, event.error.stack);
const opened = (event: Event) => console.log(event.type, event.target);
const received = (event: MessageEvent) => JSON.parse(event.data);
const say = (message: Message) => socket.send(message);

socket.addEventListener("open", opened);
socket.addEventListener("message", received);
socket.addEventListener("error", failed);
socket.addEventListener("close", closed);
socket.removeEventListener("close", closed);
socket.onopen = () => say("hello");
socket.onmessage = received;
socket.onerror = failed;
socket.onclose = closed;
socket.binaryType = "arraybuffer";
if (socket.readyState === ReconnectingWebSocket.OPEN || socket.readyState === socket.CLOSED) socket.reconnect();
socket.close(4000, `${socket.retryCount} ${socket.bufferedAmount} ${socket.extensions} ${socket.protocol} ${socket.url}`);
