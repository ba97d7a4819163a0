import { asked, backoff, wait } from './backoff.js';
import { type Problem, Retry } from './generated/types.gen.js';
import { isProblem, isWhole, retryAfter } from './problem.js';

/** How often a request is repeated at most. */
const repeats = 3;
/** The first and the longest wait between attempts, where the server asks for none; in seconds. */
const firstWait = 0.5;
const longestWait = 8;
/** Who is asked to wait for longer than this, in seconds, gets the answer instead, and can tell the user. */
const patience = 10;

/**
 * A fetch that repeats requests where that does nothing twice: after a network fault, and where the server says that the
 * same request may succeed a little later. A POST is repeated with the Idempotency-Key that it carries, and never
 * without one; a PATCH only where the desk says that nothing was done.
 */
export function repeating(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    for (let failed = 0; ; failed++) {
      const attempt = await tryOnce(fetch, request);
      const seconds = failed < repeats ? await pause(request, attempt, failed) : undefined;
      if (seconds === undefined) {
        if ('fault' in attempt) {
          throw attempt.fault;
        }
        return attempt.response;
      }
      if ('response' in attempt) {
        await attempt.response.body?.cancel();
      }
      await wait(seconds, request.signal);
    }
  };
}

type Attempt = { response: Response } | { fault: unknown };

async function tryOnce(fetch: typeof globalThis.fetch, request: Request): Promise<Attempt> {
  try {
    return { response: await fetch(request.clone()) };
  } catch (fault) {
    return { fault };
  }
}

/** How many seconds to wait before the next attempt; undefined: there is none. */
async function pause(request: Request, attempt: Attempt, failed: number): Promise<number | undefined> {
  if (request.signal.aborted) {
    return undefined;
  }
  if ('fault' in attempt) {
    return mayRepeat(request) ? backoff(failed, firstWait, longestWait) : undefined;
  }
  if (!(await maySucceedLater(request, attempt.response))) {
    return undefined;
  }
  const seconds = retryAfter(attempt.response.headers);
  if (seconds === undefined) {
    return backoff(failed, firstWait, longestWait);
  }
  return seconds <= patience ? asked(seconds) : undefined;
}

/** Whether doing it twice is doing it once. */
function mayRepeat(request: Request): boolean {
  switch (request.method) {
    case 'POST':
      return request.headers.has('Idempotency-Key');
    case 'PATCH':
      return false;
    default:
      return true;
  }
}

async function maySucceedLater(request: Request, response: Response): Promise<boolean> {
  if (response.status !== 429 && response.status < 500) {
    return false;
  }
  const problem = isProblem(response) ? await read(response.clone()) : undefined;
  if (problem === undefined) {
    return mayRepeat(request) && [429, 502, 503, 504].includes(response.status);
  }
  const nothingDone = response.status === 429 || response.status === 503;
  return problem.retry !== Retry.never && (mayRepeat(request) || nothingDone);
}

async function read(response: Response): Promise<Problem | undefined> {
  try {
    const body: unknown = await response.json();
    return isWhole(body) ? body : undefined;
  } catch {
    return undefined; // cut off
  }
}
