// What a page in TypeScript writes: all of it must compile, but for the marked mistakes.

import HeartbeatSocketAsDefault, {
  CloseCode,
  HeartbeatSocket,
  RealtimeClient,
  RealtimeError,
  mayReconnect,
  type ClientOptions,
  type Follow,
  type Handlers,
  type Member,
  type Options,
  type Position,
  type Presence,
  type PresenceChanges,
  type PresenceHandlers,
  type State,
  type StateChange,
  type StreamEvent,
  type Subscription,
} from "channels-realtime";
import { RealtimeStatus } from "channels-realtime/status_element.js";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** That a value has exactly the type, and not `any`: `is<string>()(value)`. */
const is = <Expected>() => <Actual>(_value: Actual, ..._proof: Same<Expected, Actual> extends true ? [] : [never]) => {};

// HeartbeatSocket: its forms, and its options.
const options: Options = { WebSocket, minUptime: 1, connectionTimeout: 1, maxRetries: 1, maxEnqueuedMessages: 1 };
const more: Options = { startClosed: true, debug: true, expectWelcome: true, environment: { random: () => 0 } };
const delays: Options = { minReconnectionDelay: 1, maxReconnectionDelay: 1, reconnectionDelayGrowFactor: 1 };
const socket = new HeartbeatSocket("wss://site.example/");
new HeartbeatSocket(new URL("wss://site.example/"), "chat");
new HeartbeatSocket(() => "wss://site.example/", ["chat"], options);
new HeartbeatSocket(async () => "wss://site.example/", undefined, { ...more, ...delays });
// @ts-expect-error
new HeartbeatSocket();
// @ts-expect-error
new HeartbeatSocket(() => 7);
// @ts-expect-error
new HeartbeatSocket("wss://site.example/", [], { maxRetrys: 7 });
// @ts-expect-error
new HeartbeatSocket("wss://site.example/", [], { environment: { now: () => "noon" } });

// Its properties and methods.
is<0>()(HeartbeatSocket.CONNECTING);
is<3>()(socket.CLOSED);
is<0 | 1 | 2 | 3>()(socket.readyState);
is<State>()(socket.state);
is<"idle" | "connecting" | "open" | "waiting" | "closed">()(socket.state);
is<number | null>()(socket.latency);
is<number>()(socket.retryCount);
is<number>()(socket.bufferedAmount);
is<string>()(socket.url);
is<string>()(socket.protocol);
is<string>()(socket.extensions);
is<BinaryType>()(socket.binaryType);
socket.binaryType = "arraybuffer";
socket.send("text");
socket.send(new ArrayBuffer(1));
socket.send(new Uint8Array(1));
socket.send(new Blob([]));
socket.close();
socket.close(4000, "enough");
socket.reconnect();
socket.reconnect(4000, "new login");
// @ts-expect-error
socket.readyState = 1;
// @ts-expect-error
socket.latency = 1;
// @ts-expect-error
socket.OPEN = 2;
// @ts-expect-error
socket.binaryType = "text";
// @ts-expect-error
socket.send({ text: "an object" });
// @ts-expect-error
socket.close("enough");

// Its events, by each of the ways to hear them.
socket.addEventListener("open", (event) => is<Event>()(event));
socket.addEventListener("message", (event) => is<MessageEvent<any>>()(event), { once: true });
socket.addEventListener("connecting", (event) => is<Event>()(event));
socket.addEventListener("latency", (event) => is<number>()(event.detail));
socket.addEventListener("welcome", ({ detail }) => is<number>()(detail.heartbeat.interval));
socket.addEventListener("error", (event) => {
  is<string>()(event.message);
  is<Error>()(event.error);
});
socket.addEventListener("close", (event) => {
  is<number>()(event.code);
  is<string>()(event.reason);
  is<boolean>()(event.wasClean);
  is<number | null>()(event.retryIn);
});
socket.addEventListener("close", { handleEvent: (event) => is<number | null>()(event.retryIn) });
socket.addEventListener("open", function () {
  this.send("hello");
});
const heard = (event: Event) => event.type;
socket.addEventListener("close", heard, { signal: new AbortController().signal });
socket.removeEventListener("close", heard);
socket.dispatchEvent(new Event("open"));
socket.onopen = function (event) {
  is<Event>()(event);
  this.send("hello");
};
socket.onmessage = ({ data }) => JSON.parse(data);
socket.onerror = (event) => is<Error>()(event.error);
socket.onclose = (event) => is<number | null>()(event.retryIn);
socket.onclose = null;
// @ts-expect-error
socket.addEventListener("clsoe", heard);
// @ts-expect-error
socket.addEventListener("latency", ({ detail }) => detail.toUpperCase());
// @ts-expect-error
socket.addEventListener("close", "a string");
// @ts-expect-error
socket.onclose = (event) => event.retryAfter;
// @ts-expect-error
socket.onlatency = heard;
// @ts-expect-error
socket.dispatchEvent({ type: "open" });

// It goes wherever a WebSocket goes.
const taken: WebSocket = socket;
const implementation: { new (url: string | URL, protocols?: string | string[]): WebSocket } = HeartbeatSocket;
const target: EventTarget = socket;
is<typeof HeartbeatSocket>()(HeartbeatSocketAsDefault);
class Chat extends HeartbeatSocket {
  say(text: string) {
    this.send(JSON.stringify({ text }));
  }
}
new Chat("wss://site.example/").say("hello");

// RealtimeClient.
const position: Position = { epoch: "k3x9", offset: 17 };
const settings: ClientOptions = { ...options, me: "user.42", positions: { "user.42": position } };
new RealtimeClient("wss://site.example/", { ticket: async () => "ticket" });
// @ts-expect-error
new RealtimeClient("wss://site.example/", { ticket: "used once" });
const client = new RealtimeClient();
new RealtimeClient("/realtime/", settings);
new RealtimeClient(async () => "/realtime/");
// @ts-expect-error
new RealtimeClient("/realtime/", { positions: { "user.42": 17 } });
is<State>()(client.state);
is<number | null>()(client.latency);
is<string | null>()(client.me);
client.connect();
client.close();
const off = client.on("state", (change) => {
  is<StateChange>()(change);
  is<State>()(change.previous);
  if (change.state === "waiting") is<number>()(change.retryIn);
  if (change.state === "closed") is<null>()(change.retryIn);
  // @ts-expect-error
  if (change.state === "opened") return;
});
is<() => void>()(off);
client.on("state", ({ state, retryIn }) => {
  if (state === "waiting") is<number>()(retryIn);
});
client.on("latency", (milliseconds) => is<number>()(milliseconds));
client.on("me_changed", ({ me, previous }) => {
  is<string | null>()(me);
  is<string>()(previous);
});
client.on("error", (error) => is<RealtimeError>()(error));
// @ts-expect-error
client.on("latencies", () => {});
// @ts-expect-error
client.on("latency", (milliseconds: string) => milliseconds);
// @ts-expect-error
client.state = "open";

// A subscription whose events nobody has declared.
const mine = client.subscribe();
is<Subscription>()(client.subscribe("call.7"));
is<string>()(mine.stream);
is<string | null>()(mine.name);
is<boolean>()(mine.live);
is<boolean>()(mine.caughtUp);
is<Position | null>()(mine.position);
mine.on("call.state", (data, event) => {
  is<any>()(data);
  is<StreamEvent>()(event);
  is<number | undefined>()(event.offset);
  is<number>()(event.at);
  is<string | undefined>()(event.traceparent);
});
mine.on("*", (_data, { name }) => is<string>()(name));
mine.on("event:error", (data) => is<any>()(data));
mine.on("subscribed", ({ epoch, offset, recovered }) => {
  is<string>()(epoch);
  is<number>()(offset);
  is<boolean>()(recovered);
});
mine.on("reset", ({ offset }) => is<number>()(offset));
mine.on("snapshot", (_snapshot, at) => is<Position>()(at));
mine.on("unsubscribed", ({ reason }) => is<string>()(reason));
mine.on("error", (error) => is<string>()(error.code))();
mine.send("hold", { call: 7 }).then((reply) => is<any>()(reply));
mine.unsubscribe();
// @ts-expect-error
mine.on("reset", ({ recovered }) => recovered);
// @ts-expect-error
mine.live = true;
// @ts-expect-error
mine.stream = "call.8";
// @ts-expect-error
mine.start();

// One whose events are declared.
type Events = { "call.state": { sid: string }; error: { text: string } };
const declared = client.subscribe<Events, { calls: string[] }>("me");
declared.on("call.state", (data, event) => {
  is<{ sid: string }>()(data);
  is<{ sid: string }>()(event.data);
});
declared.on("event:error", ({ text }) => is<string>()(text));
declared.on("error", (error) => is<RealtimeError>()(error));
declared.on("snapshot", ({ calls }) => is<string[]>()(calls));
declared.on("reset", ({ snapshot }) => is<{ calls: string[] } | undefined>()(snapshot));
// @ts-expect-error
declared.on("call.sate", () => {});
// @ts-expect-error
declared.on("call.state", ({ sdi }) => sdi);
const handlers: Handlers<Events> = { "*": () => {}, reset: ({ offset }) => is<number>()(offset) };
is<Follow<Events>>()(client.follow<Events>("me", handlers));
const { subscription, stop } = client.follow<Events, { calls: string[] }>("me", {
  "call.state": ({ sid }) => is<string>()(sid),
  "event:error": ({ text }) => is<string>()(text),
  error: (error) => is<RealtimeError>()(error),
  snapshot: ({ calls }, at) => [is<Position>()(at), is<string[]>()(calls)],
});
is<Subscription<Events, { calls: string[] }>>()(subscription);
is<() => void>()(stop);
client.follow("call.7", { "*": (data, event) => [is<StreamEvent>()(event), is<any>()(data)] });
// @ts-expect-error
client.follow<Events>("me", { "call.sate": () => {} });
// @ts-expect-error
client.follow<Events>("me", { "call.state": ({ sdi }) => sdi });
// @ts-expect-error
client.subscribe(7);

// Who follows a stream.
is<Presence>()(mine.presence);
is<readonly Member[]>()(mine.presence.members);
const unheard = mine.presence.on("join", ({ user, since }) => [is<string>()(user), is<number>()(since)]);
is<() => void>()(unheard);
mine.presence.on("change", (members, changes) => {
  is<readonly Member[]>()(members);
  is<PresenceChanges>()(changes);
});
mine.presence.set({ state: "busy" }).then((meta) => is<Record<string, any>>()(meta));
const presenceHandlers: PresenceHandlers = { leave: ({ meta }) => is<Record<string, any>>()(meta) };
client.follow("call.7", {}, { presence: presenceHandlers });
// @ts-expect-error
mine.presence.on("joined", () => {});
// @ts-expect-error
mine.presence.on("join", ({ name }) => name);
// @ts-expect-error
mine.presence.set("busy");
// @ts-expect-error
mine.presence.members.push({ user: "user.1", meta: {}, since: 1 });
// @ts-expect-error
client.follow("call.7", {}, { presence: { joined: () => {} } });

// The rest.
is<boolean>()(mayReconnect(CloseCode.STALE));
is<4412>()(CloseCode.RESTARTING);
is<string>()(new RealtimeError("refused").code);
// @ts-expect-error
CloseCode.STALE = 1;
const status = document.createElement("realtime-status");
is<RealtimeStatus>()(status);
status.client = client;
status.client = null;
is<RealtimeStatus | null>()(document.querySelector("realtime-status"));
// @ts-expect-error
status.client = socket;

export { implementation, taken, target };
