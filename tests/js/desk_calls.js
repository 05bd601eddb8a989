/** Calls as the server's events and lists carry them, for the tests of the desk. */

export const ALICE = { id: 1, name: "alice" };
export const BOB = { id: 2, name: "bob" };
export const CAROL = { id: 3, name: "carol" };
export const NOW = 1_000_000;

/** A call that came in six seconds ago and rings at alice's and bob's phones. */
export function incoming(more = {}) {
  return {
    call: 7, sid: "CA7", state: "ringing", direction: "inbound", from: "+15550100123", to: "+15550100000",
    version: 1, at: NOW - 6000, started_at: NOW - 6000, answered_at: null, ended_at: null,
    answered_by: null, placed_by: null, claimed_by: null, claimed_until: null, rejected_by: null,
    transfer_to: null, ringing: [ALICE.id, BOB.id], declined: [], calling: null, outcome: "",
    voicemail: false, message: null, held: false, certain: true, doubtful: false, ...more,
  };
}

/** A call that alice has placed. */
export function placed(more = {}) {
  const sides = { direction: "outbound", from: "+15550100000", to: "+442079460000", placed_by: ALICE };
  return incoming({ ...sides, ringing: [], calling: "agent", ...more });
}

/** A call that came in, in which an agent has talked for a minute. */
export function talk(agent, more = {}) {
  const since = { answered_by: agent, answered_at: NOW - 60_000 };
  return incoming({ state: "in-progress", ringing: [], outcome: "answered", ...since, ...more });
}

/** A call that came in and is over. */
export function over(outcome, more = {}) {
  return incoming({ state: "completed", ringing: [], outcome, ended_at: NOW, ...more });
}

/** What a claim adds to a call. */
export function claim(agent, ms = 30_000) {
  return { claimed_by: agent, claimed_until: NOW + ms };
}
