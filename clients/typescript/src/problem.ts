import type { Problem, ProblemCode, Retry } from './generated/types.gen.js';

/**
 * A refusal by the desk: an answer of `application/problem+json` (RFC 9457). Decide by {@link ProblemError.code}, which
 * never changes its meaning; the message is English, for developers. The desk's page `/docs/problems` lists all codes.
 */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  /** The whole answer: which fields are wrong, what stands in the way, the `request_id` for the server's log. */
  readonly problem: Problem;
  /** What the problem is; compare it with the constants of `ProblemCode`. A newer server may know codes that are not there. */
  readonly code: ProblemCode;
  /** Whether repeating the request can help: `never`, `safe` (nothing was done), or `same_key` (with the same Idempotency-Key). */
  readonly retry: Retry;
  /** After how many seconds to repeat it, where the server says so. */
  readonly retryAfterSeconds: number | undefined;

  constructor(problem: Problem, headers: Headers) {
    super(`${problem.code}: ${problem.detail ?? problem.title}`);
    this.problem = problem;
    this.code = problem.code;
    this.retry = problem.retry;
    this.retryAfterSeconds = problem.retry_after_seconds ?? retryAfter(headers);
  }
}

/** An answer that is neither what was asked for nor a problem, as a proxy in front of the desk gives it. */
export class AnswerError extends Error {
  override readonly name = 'AnswerError';
  /** The HTTP status. */
  readonly status: number;
  /** After how many seconds to repeat the request, where the answer says so. */
  readonly retryAfterSeconds: number | undefined;

  constructor(response: Response) {
    super(`the answer has status ${response.status} and is no problem of the desk's`);
    this.status = response.status;
    this.retryAfterSeconds = retryAfter(response.headers);
  }
}

/** Whether an answer says that it is a problem of the desk's. */
export function isProblem(response: Response): boolean {
  return response.headers.get('Content-Type')?.startsWith('application/problem+json') ?? false;
}

/** Whether the body of such an answer is one: it may have been cut off, or lost. */
export function isWhole(body: unknown): body is Problem {
  return typeof body === 'object' && body !== null && 'code' in body && 'retry' in body;
}

/** Whether an answer is a page, as a network gives in place of anything else that wants somebody to log in. */
export function isPage(response: Response): boolean {
  return response.headers.get('Content-Type')?.startsWith('text/html') ?? false;
}

/** The seconds that Retry-After asks for: it holds a number of them, or (from a proxy) a date. */
export function retryAfter(headers: Headers): number | undefined {
  const text = headers.get('Retry-After')?.trim();
  if (!text) {
    return undefined;
  }
  const seconds = /^\d+$/.test(text) ? Number(text) : (Date.parse(text) - Date.now()) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.max(0, Math.ceil(seconds));
}
