/** Follows the user's stream with a client of its own, and keeps the offset of each event; a reset counts as -1. */
(async (modules) => {
  const { RealtimeClient } = await import(modules);
  window.offsets = [];
  const mine = new RealtimeClient().subscribe("me");
  mine.on("*", (_, { offset }) => window.offsets.push(offset));
  mine.on("reset", () => window.offsets.push(-1));
})
