/** How the views write to the page: only what has changed. */

export function element(id) {
  return document.getElementById(id);
}

export function part(row, name) {
  return row.querySelector(`[data-part=${name}]`);
}

/** Writes a text. A screen reader would read the same text again if it were written again. */
export function write(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/** Sets an attribute, or removes it for null. */
export function setAttribute(target, name, value) {
  if (value === null) target.removeAttribute(name);
  else if (target.getAttribute(name) !== String(value)) target.setAttribute(name, value);
}

/** Switches a control on, or off with the reason, which a pointer and a screen reader show. */
export function setOff(control, reason) {
  setAttribute(control, "aria-disabled", reason ? "true" : null);
  setAttribute(control, "title", reason || null);
}
