/**
 * Makes an element like another one, with as few changes as it can: what stays keeps its focus, its
 * scroll position, its listeners, and what a person has typed.
 *
 * An `id` or a `data-key` says which element is which. A form control keeps the value that a person
 * gave it, `<details>` and `<dialog>` stay open or closed, and an element with `data-keep` stays as it
 * is as long as the other side has one with its id.
 */

/** What a person has chosen: a browser keeps what was typed by itself, and of a `<select>` not all. */
const chosen = new WeakSet();
document.addEventListener("input", ({ target }) => {
  if (target instanceof HTMLSelectElement) chosen.add(target);
}, true);
document.addEventListener("reset", ({ target }) => {
  if (target instanceof HTMLFormElement) for (const control of target.elements) chosen.delete(control);
}, true);

/**
 * @param {Element} element on the page
 * @param {Element} fresh what it becomes; its nodes are used up
 */
export function morph(element, fresh) {
  keepingFocus(() => {
    if (element.localName === fresh.localName) morphElement(element, fresh);
    else element.replaceWith(fresh);
  });
}

/** @param {Element} element @param {Element | DocumentFragment} fresh whose children become those of `element` */
export function morphChildren(element, fresh) {
  keepingFocus(() => matchChildren(element, fresh));
}

/** A node that is moved loses the focus where the browser can't `moveBefore`. @param {() => void} change */
function keepingFocus(change) {
  const focused = /** @type {HTMLInputElement | null} */ (document.activeElement);
  const { selectionStart = null, selectionEnd = null, selectionDirection } = focused ?? {};
  change();
  if (!focused?.isConnected || focused === document.activeElement || focused === document.body) return;
  focused.focus({ preventScroll: true });
  if (selectionStart !== null) focused.setSelectionRange(selectionStart, selectionEnd, selectionDirection ?? undefined);
}

/** @param {Element} element @param {Element} fresh */
function morphElement(element, fresh) {
  if (element.hasAttribute("data-keep") && element.getAttribute("id") === fresh.getAttribute("id")) return;
  const selected = element instanceof HTMLSelectElement && chosen.has(element) && [...element.selectedOptions];
  matchAttributes(element, fresh);
  if (element instanceof HTMLTextAreaElement) {
    // Other text, so that its default changes and what was typed does not.
    if (element.defaultValue !== fresh.textContent) element.defaultValue = fresh.textContent ?? "";
  } else if (element instanceof HTMLTemplateElement && fresh instanceof HTMLTemplateElement) {
    element.content.replaceChildren(fresh.content);
  } else if (!hasContentsOfItsOwn(fresh)) {
    matchChildren(element, fresh);
  }
  if (selected) {
    const values = selected.map(({ value }) => value);
    const options = [.../** @type {HTMLSelectElement} */ (element).options];
    if (options.some(({ value }) => values.includes(value))) {
      for (const option of options) option.selected = values.includes(option.value);
    }
  }
}

/** @param {Element} element @param {Element} fresh */
function matchAttributes(element, fresh) {
  const isKept = (/** @type {string} */ name) =>
    (name === "open" && /^(details|dialog)$/.test(element.localName)) || isAlpines(fresh, name);
  for (const name of fresh.getAttributeNames()) {
    if (element.getAttribute(name) === fresh.getAttribute(name) || isKept(name)) continue;
    // The parser takes names such as "@click", and setAttribute doesn't.
    element.setAttributeNode(/** @type {Attr} */ (fresh.getAttributeNode(name)?.cloneNode()));
  }
  if (isCustom(element)) return;
  for (const name of element.getAttributeNames()) {
    if (!fresh.hasAttribute(name) && !isKept(name)) element.removeAttribute(name);
  }
}

/** Whether Alpine writes this into the element, from what the page knows. @param {Element} fresh @param {string} name */
function isAlpines(fresh, name) {
  if (name === "x-cloak") return true;
  if (name === "style" && fresh.hasAttribute("x-show")) return true;
  return fresh.hasAttribute(`:${name}`) || fresh.hasAttribute(`x-bind:${name}`);
}

/** Whether Alpine, or the element's class, fills it. @param {Element} fresh */
function hasContentsOfItsOwn(fresh) {
  if (isCustom(fresh)) return !fresh.hasChildNodes();
  return fresh.hasAttribute("x-text") || fresh.hasAttribute("x-html");
}

/** Whether it may have attributes that its class has set. @param {Element} element */
function isCustom(element) {
  return element.localName.includes("-");
}

/** @param {Element} parent @param {Element | DocumentFragment} fresh */
function matchChildren(parent, fresh) {
  const wanted = new Set([...fresh.childNodes].map(keyOf));
  const byKey = new Map();
  for (const child of [...parent.childNodes]) {
    const key = keyOf(child);
    if (key && wanted.has(key)) byKey.set(key, child);
    else if (key) parent.removeChild(child); // Before the others are compared, which then need not move.
  }
  /** @type {ChildNode | null} */
  let at = parent.firstChild;
  for (const node of [...fresh.childNodes]) {
    const key = keyOf(node);
    const match = key ? byKey.get(key) : unkeyedLike(node, at);
    if (!match || match.nodeName !== node.nodeName) {
      parent.insertBefore(node, at);
      continue;
    }
    byKey.delete(key);
    if (at && match === at) at = at.nextSibling;
    else move(parent, match, at);
    if (match instanceof Element) morphElement(match, /** @type {Element} */ (node));
    else if (match.nodeValue !== node.nodeValue) match.nodeValue = node.nodeValue;
  }
  while (at) {
    const next = at.nextSibling;
    parent.removeChild(at);
    at = next;
  }
}

/** The next node without a key that may become `node`. @param {Node} node @param {ChildNode | null} at */
function unkeyedLike(node, at) {
  for (let one = at; one; one = one.nextSibling) {
    if (!keyOf(one) && one.nodeName === node.nodeName) return one;
  }
  return null;
}

/** @param {Node} node */
function keyOf(node) {
  if (!(node instanceof Element)) return null;
  return node.getAttribute("id") || node.getAttribute("data-key") || null;
}

/** @param {Element} parent @param {Element} node @param {ChildNode | null} before */
function move(parent, node, before) {
  const { moveBefore } = /** @type {any} */ (parent);
  if (moveBefore) moveBefore.call(parent, node, before);
  else parent.insertBefore(node, before);
}
