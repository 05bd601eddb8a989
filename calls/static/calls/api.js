/** The desk's requests to its server: JSON in return, a CSRF token along, errors as a sentence to show. */

const POST_PATIENCE = 10_000;
const FIRST_PATIENCE = 3_000;
const MOST_PATIENCE = 24_000;

/** An answer that the page can't use; its message is a sentence for the agent. */
export class ApiError extends Error {
  constructor(message, status = 0) {
    super(message);
    this.status = status;
  }
}

/** Asks for something to be done: `path` is relative to the desk, `fields` go as form fields. */
export function post(path, fields = {}) {
  const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
  return request(path, {
    method: "POST",
    headers: { "X-CSRFToken": token },
    body: new URLSearchParams(fields),
    signal: AbortSignal.timeout(POST_PATIENCE),
  });
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
      const { calls } = await request("calls/", { signal: limit });
      return signal.aborted ? null : calls;
    } catch (error) {
      if (signal.aborted) return null;
      onError(error);
      await new Promise((resolve) => setTimeout(resolve, patience / 3));
    }
  }
}

async function request(path, options) {
  const headers = { Accept: "application/json", ...options.headers };
  const response = await fetch(path, { ...options, headers }).catch(unreachable);
  const body = await response.json().catch(() => null);
  if (response.ok && body) return body;
  throw new ApiError(body?.error ?? `The server can't do that (${response.status}).`, response.status);
}

function unreachable() {
  throw new ApiError("The server can't be reached.");
}
