/** The part of the page that a `<realtime-stream>` names, as the server shows it now. */

import { welcome } from "./actions.js";
import { morph, morphChildren } from "./morph.js";

/** Answers that may be other ones soon. */
const isTransient = (/** @type {number} */ status) => status >= 500 || status === 408 || status === 429;

/**
 * Fetch the parts of several elements, each page once.
 *
 * @param {Iterable<HTMLElement>} elements
 * @returns {Promise<() => void>} shows them
 * @throws {Error} as a rejection, if it may go well later
 */
export async function fetchParts(elements) {
  /** @type {Map<string, Promise<Document | null>>} */
  const pages = new Map();
  const shows = [...elements].map(async ({ dataset: { part, refresh } }) => {
    const url = new URL(refresh ?? "", document.URL).href;
    if (!pages.has(url)) pages.set(url, fetchPage(url));
    const page = await pages.get(url);
    return page ? () => show(page, part, url) : () => {};
  });
  const all = await Promise.all(shows);
  return () => all.forEach((one) => one());
}

/** @param {string} url @returns {Promise<Document | null>} null: there is none to show */
async function fetchPage(url) {
  const answer = await fetch(url, { headers: { Accept: "text/html" }, cache: "no-store" });
  if (isTransient(answer.status)) throw new Error(`${url} could not be fetched: ${answer.status}`);
  // Where it leads to another page, such as the log-in, that is not what this one shows.
  if (answer.ok && !answer.redirected) return new DOMParser().parseFromString(await answer.text(), "text/html");
  reportError(new Error(`${url} is not there any more: ${answer.status} ${answer.url}`));
  return null;
}

/** @param {Document} page @param {string | undefined} part @param {string} url */
function show(page, part, url) {
  if (part === undefined) morphChildren(document.body, page.body);
  const [present, fresh] = [document, page].map((one) => (part ? one.getElementById(part) : null));
  if (present && fresh) morph(present, fresh);
  else if (part !== undefined) reportError(new Error(`the page, or ${url}, has no element with the id ${part}`));
  welcome(part ? document.getElementById(part) : document.body);
}
