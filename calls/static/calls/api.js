/** The desk's requests to its server: JSON in return, a CSRF token along, errors as a sentence to show. */

const POST_PATIENCE = 10_000;
const FIRST_PATIENCE = 3_000;
const MOST_PATIENCE = 24_000;
const UNFETCHED = "The calls can't be fetched, trying again.";
const UNKNOWN = "The server didn't answer. Whether that was done isn't known until the calls here show it.";

/** What to tell the agent of a request that came to nothing; `status` is 0 unless the server refused. */
export class ApiError extends Error {
  constructor(message, status = 0) {
    super(message);
    this.status = status;
  }
}

/**
 * Asks for something to be done: `path` is relative to the desk, `fields` go as form fields.
 *
 * A request that is not answered, or by a proxy or a failure alone, may have been carried out, or may
 * be yet, when a path that was cut is whole again. So it isn't sent a second time, and nothing is
 * claimed of it.
 */
export function post(path, fields = {}) {
  const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
  const options = {
    method: "POST",
    headers: { "X-CSRFToken": token },
    body: new URLSearchParams(fields),
    signal: AbortSignal.timeout(POST_PATIENCE),
  };
  return request(path, options, UNKNOWN);
}

/**
 * Returns all calls that the server lists, however many attempts it takes; null once `signal` aborts.
 *
 * After a cut the browser may send a request on a connection that is dead, and wait for minutes.
 * So an attempt is given up early, and the next one, on another connection, gets more time in case
 * the line is merely slow; the pauses grow along. `onError` is told of each failure.
 */
export async function fetchCalls(signal, onError) {
  for (let patience = FIRST_PATIENCE; ; patience = Math.min(2 * patience, MOST_PATIENCE)) {
    try {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(patience)]);
      const { calls } = await request("calls/", { signal: limit }, UNFETCHED);
      return signal.aborted ? null : calls;
    } catch (error) {
      if (signal.aborted) return null;
      onError(error);
      await new Promise((resolve) => setTimeout(resolve, patience / 3));
    }
  }
}

/** `unanswered`: what to say where the server has neither agreed nor refused. */
async function request(path, options, unanswered) {
  const headers = { Accept: "application/json", ...options.headers };
  const { ok, status, body } = await answer(path, { ...options, headers });
  if (ok && body) return body;
  if (body?.error) throw new ApiError(body.error, status);
  if (status >= 400 && status < 500) throw new ApiError(`The server refused that (${status}).`, status);
  throw new ApiError(unanswered);
}

// The answer may break off, too: its body is another wait on the same path.
async function answer(path, options) {
  const response = await fetch(path, options).catch(() => null);
  const body = await response?.json().catch(() => null);
  return { ok: response?.ok, status: response?.status, body };
}
