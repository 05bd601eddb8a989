/** Follows the user's stream with a client of its own, and keeps each event that it is handed. */
(async (modules) => {
  const { RealtimeClient } = await import(modules);
  window.events = [];
  const mine = new RealtimeClient().subscribe("me");
  mine.on("*", (call, { offset }) => window.events.push([offset, call.sid, call.state]));
  mine.on("reset", ({ offset }) => window.events.push([offset, "reset", ""]));
})
