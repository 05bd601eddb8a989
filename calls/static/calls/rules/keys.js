/** What the keys do: A answers the newest call that rings, D declines it. */

const VERBS = { a: "answer", d: "decline" };

/** Returns the verb of a `keydown`; null where a person types, holds a key down or means a shortcut. */
export function verbOf(event) {
  const elsewhere = event.target.closest("input, textarea, select, dialog[open]");
  if (elsewhere || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return null;
  return VERBS[event.key.toLowerCase()] ?? null;
}
