/** The states of a desk that its tests look at: by name, the calls and who is here. */
window.scenes = (() => {
  const BOB = { id: 902, name: "Bob Marley" };
  const CAROL = { id: 903, name: "Carol" };
  const NOTHING = {
    direction: "inbound", from: "+15550100123", to: "+15550100000", version: 1, answered_at: null,
    ended_at: null, answered_by: null, placed_by: null, claimed_by: null, claimed_until: null,
    rejected_by: null, transfer_to: null, ringing: [], declined: [], calling: null, outcome: "",
    voicemail: false, message: null, held: false, certain: true,
  };
  const MINUTE = 60_000;

  function call(key, state, now, ago, more) {
    const started = now - ago;
    return { ...NOTHING, call: key, sid: `CA${key}`, state, started_at: started, at: started, ...more };
  }

  function past(key, now, ago, outcome, more) {
    const ended = { ended_at: now - ago + 20_000, state: "completed", outcome };
    return call(key, "completed", now, ago, { ...ended, ...more });
  }

  function history(me, now) {
    const talk = (by, ago, ms) => ({ answered_by: by, answered_at: now - ago, ended_at: now - ago + ms });
    return [
      past(1, now, 9 * MINUTE, "answered", talk(BOB, 9 * MINUTE, 192_000)),
      past(2, now, 15 * MINUTE, "missed", { from: "+442079460321" }),
      past(3, now, 22 * MINUTE, "declined", { rejected_by: me }),
      past(4, now, 31 * MINUTE, "gave-up", { from: "anonymous" }),
      past(5, now, 40 * MINUTE, "nobody-there", { message: { seconds: 17 } }),
      past(6, now, 55 * MINUTE, "busy", { direction: "outbound", placed_by: me, to: "+15550100666" }),
      past(7, now, 70 * MINUTE, "answered", { direction: "outbound", placed_by: me, ...talk(me, 70 * MINUTE, 65_000) }),
      past(8, now, 1500 * MINUTE, "failed", { direction: "outbound", placed_by: CAROL }),
      past(9, now, 1600 * MINUTE, "missed", { declined: [me.id] }),
    ];
  }

  const talking = (me, now, more) =>
    call(20, "in-progress", now, 4 * MINUTE, { answered_by: me, answered_at: now - 192_000, outcome: "answered", ...more });
  const ringing = (me, now, key = 21, more = {}) =>
    call(key, "ringing", now, 6_000 + 100 * key, { ringing: [me.id, BOB.id], ...more });
  const colleagues = (now) =>
    call(22, "in-progress", now, 12 * MINUTE, { from: "+442079460321", answered_by: BOB, answered_at: now - 11 * MINUTE });

  const SCENES = {
    quiet: () => [],
    ringing: (me, now) => [ringing(me, now), colleagues(now)],
    "two ring": (me, now) => [ringing(me, now), ringing(me, now, 19, { from: "+442079460999" })],
    "somebody answers": (me, now) => [ringing(me, now, 21, { claimed_by: BOB, claimed_until: now + 30_000 })],
    declined: (me, now) => [ringing(me, now, 21, { declined: [me.id] })],
    voicemail: (me, now) => [ringing(me, now, 21, { ringing: [], voicemail: true })],
    uncertain: (me, now) => [ringing(me, now, 21, { certain: false })],
    talking: (me, now) => [talking(me, now), colleagues(now)],
    "talking and ringing": (me, now) => [talking(me, now), ringing(me, now)],
    held: (me, now) => [talking(me, now, { held: true }), ringing(me, now)],
    transfer: (me, now) => [talking(me, now, { transfer_to: CAROL })],
    offered: (me, now) => [talking(BOB, now, { transfer_to: me, ringing: [me.id] })],
    "ringing my phone": (me, now) => [
      call(23, "ringing", now, 3_000, { direction: "outbound", placed_by: me, calling: "agent", to: "+442079460321" }),
    ],
    "ringing there": (me, now) => [
      call(23, "ringing", now, 8_000, { direction: "outbound", placed_by: me, calling: "customer", to: "+442079460321" }),
    ],
  };

  return (name, me, now) => ({
    calls: [...(SCENES[name] ?? SCENES.quiet)(me, now), ...history(me, now)],
    members: [
      { user: `user.${me.id}`, meta: { name: me.name, status: name?.startsWith("talking") ? "busy" : "available" }, since: 1 },
      { user: "user.902", meta: { name: BOB.name, status: "busy", call: 22 }, since: 2 },
      { user: "user.903", meta: { name: CAROL.name, status: "available" }, since: 3 },
      { user: "user.904", meta: { name: "Dan", status: "away" }, since: 4 },
    ],
  });
})();
