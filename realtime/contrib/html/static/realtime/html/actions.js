/**
 * What an event named `html` does to the page.
 *
 * A control hides a property of its form: with `<button name="remove">` in it, `form.remove` is the
 * button. So names that a control may well have are not read here and in `morph.js`.
 */

import { morph, morphChildren } from "./morph.js";

/**
 * One of a model's `row` has its `version`.
 *
 * @typedef {{action: string, target: string, html?: string, row?: string, version?: number}} Change
 */

/** @type {Record<string, (target: Element, fresh: DocumentFragment) => void>} */
const ACTIONS = {
  append: (target, fresh) => add(target, fresh, (child) => target.insertBefore(child, null)),
  prepend(target, fresh) {
    const first = target.firstChild;
    add(target, fresh, (child) => target.insertBefore(child, first));
  },
  before: (target, fresh) => add(target.parentElement, fresh, (child) => target.parentNode?.insertBefore(child, target)),
  after(target, fresh) {
    const next = target.nextSibling;
    add(target.parentElement, fresh, (child) => target.parentNode?.insertBefore(child, next));
  },
  replace(target, fresh) {
    const [only, ...others] = fresh.children;
    if (only && !others.length) morph(target, only);
    else target.replaceWith(fresh);
  },
  update: morphChildren,
  remove: (target) => target.parentNode?.removeChild(target),
};

/**
 * Change the element with the id `target`; a page that has none is left as it is.
 *
 * A browser runs no `<script>` of HTML that it gets in this way.
 *
 * @param {Change} change
 */
export function apply({ action, target, html = "" }) {
  const element = document.getElementById(target);
  if (!element || !Object.hasOwn(ACTIONS, action)) return;
  const parent = element.parentElement;
  const template = document.createElement("template");
  template.innerHTML = html;
  ACTIONS[action](element, template.content);
  const isBeside = action === "before" || action === "after" || !element.isConnected;
  welcome(isBeside ? parent : element);
}

/**
 * Have the libraries of the page see to what has come; they know what they have seen to before.
 *
 * An element with the id "up" is a global variable, too.
 *
 * @param {Element | null} element
 */
export function welcome(element) {
  if (!element) return;
  const { htmx, Alpine, up } = /** @type {any} */ (globalThis);
  htmx?.process?.(element);
  Alpine?.initTree?.(element);
  up?.hello?.(element);
}

/**
 * Insert children, of which one that is there already is changed: what comes twice stands there once.
 *
 * @param {Element | null} parent
 * @param {DocumentFragment} fresh
 * @param {(child: ChildNode) => void} insert
 */
function add(parent, fresh, insert) {
  for (const child of [...fresh.childNodes]) {
    const id = child instanceof Element && child.getAttribute("id");
    const present = id ? document.getElementById(id) : null;
    if (present && present.parentElement === parent) morph(present, /** @type {Element} */ (child));
    else insert(child);
  }
}
