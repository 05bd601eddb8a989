/** The agents at the desks, as the presence of the stream of all desks lists them. */

export const AVAILABLE = "available";
const ORDER = { available: 0, ringing: 1, busy: 2, away: 3 };

/** Returns the agents of a list of members, this agent first, then those who can take a call. */
export function peopleOf(members, agent) {
  const people = members.map(({ user, meta }) => {
    const id = Number(user.split(".").at(-1));
    return { id, name: meta.name, status: meta.status ?? AVAILABLE, isMe: id === agent.id };
  });
  const rank = ({ isMe, status }) => (isMe ? -1 : (ORDER[status] ?? 4));
  return people.sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
}

/** Returns the agents to whom a call can be handed over. */
export function targetsOf(people) {
  return people.filter(({ isMe, status }) => !isMe && status === AVAILABLE);
}
