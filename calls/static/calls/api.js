/** The desk's requests to its server. Answers are JSON; errors are sentences to show to the agent. */

import { Tokens } from "./tokens.js";

// Milliseconds.
const POST_TIMEOUT = 10_000;
const FIRST_TIMEOUT = 3_000;
const MAX_TIMEOUT = 24_000;
const CONFLICT = 409;
const UNFETCHED = "The calls can't be fetched, trying again.";
const NO_HISTORY = "The server didn't answer; the calls can't be shown.";
const NO_PHONE = "The server didn't answer, so your phone can't ring yet. Trying again.";
const UNKNOWN = "The server didn't answer. Whether that was done isn't known until the calls here show it.";

const tokens = new Tokens();

/** A request that failed, with a sentence for the agent; `status` is 0 unless the server refused it. */
export class ApiError extends Error {
  constructor(message, status = 0) {
    super(message);
    this.status = status;
  }
}

/**
 * Asks the server to do something. `path` is relative to the desk; `fields` are sent as a form.
 *
 * The server may have carried out a request that it didn't answer, or may do so later, when a path
 * that was cut works again. So it carries a token, by which the server does it once however often
 * it comes, and is sent a second time. Without an answer to that, the error says that the outcome
 * isn't known; the next request for the same has the same token.
 */
export async function post(path, fields = {}) {
  const asked = String(new URLSearchParams(fields));
  const token = tokens.take(path, asked, Date.now());
  const send = () => request(path, postOptions({ ...fields, token }), UNKNOWN);
  const answer = await send().catch((error) => (isUnknown(error) ? again(send) : error));
  if (!isUnknown(answer)) tokens.answered(path);
  if (answer instanceof Error) throw answer;
  return answer;
}

// A conflict may be with the first request, which is still being carried out.
function again(send) {
  return send().catch((error) => (error.status === CONFLICT ? new ApiError(error.message) : error));
}

function isUnknown(answer) {
  return answer instanceof ApiError && answer.status === 0;
}

/**
 * Returns the server's list, `{calls, next}`, after as many attempts as it takes; null once `signal` aborts.
 *
 * After a cut the browser may send a request on a connection that is dead, and wait for minutes.
 * So an attempt ends early. The next one, on another connection, gets more time in case the line is
 * only slow, and the pauses grow with it. `onError` gets each error.
 */
export async function fetchCalls(signal, onError) {
  for (let timeout = FIRST_TIMEOUT; ; timeout = Math.min(2 * timeout, MAX_TIMEOUT)) {
    try {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(timeout)]);
      const list = await request("calls/", { signal: limit }, UNFETCHED);
      return signal.aborted ? null : list;
    } catch (error) {
      if (signal.aborted) return null;
      onError(error);
      await new Promise((resolve) => setTimeout(resolve, timeout / 3));
    }
  }
}

/** Returns one page of the history, `{calls, next}`; `query` has `before`, `q` and `agent`. */
export function fetchPage(query) {
  const path = `calls/?${new URLSearchParams(query)}`;
  return request(path, { signal: AbortSignal.timeout(POST_TIMEOUT) }, NO_HISTORY);
}

/** Returns which kind of phone the page is to have, with a token for Twilio's. */
export function fetchPhone() {
  return request("calls/phone/", { signal: AbortSignal.timeout(POST_TIMEOUT) }, NO_PHONE);
}

function postOptions(fields) {
  return {
    method: "POST",
    headers: { "X-CSRFToken": document.querySelector("[name=csrfmiddlewaretoken]").value },
    body: new URLSearchParams(fields),
    signal: AbortSignal.timeout(POST_TIMEOUT),
  };
}

/** `unanswered`: the error's text if the server neither agreed nor refused. */
async function request(path, options, unanswered) {
  const headers = { Accept: "application/json", ...options.headers };
  const { ok, status, body } = await answer(path, { ...options, headers });
  if (ok && body) return body;
  if (body?.error) throw new ApiError(body.error, status);
  if (status >= 400 && status < 500) throw new ApiError(`The server refused that (${status}).`, status);
  throw new ApiError(unanswered);
}

// The body of an answer may break off, too.
async function answer(path, options) {
  const response = await fetch(path, options).catch(() => null);
  const body = await response?.json().catch(() => null);
  return { ok: response?.ok, status: response?.status, body };
}
