import { AnswerError, ProblemError } from './problem.js';
import { type SentEvent, SseParser } from './sse.js';

/** Nothing answered: the network, not the desk, is at fault. */
export class Unreachable extends Error {
  constructor(cause: unknown) {
    super('the desk cannot be reached', { cause });
  }
}

/** Tells what an answer said from what kept one from coming. */
export async function reach<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw error instanceof ProblemError || error instanceof AnswerError ? error : new Unreachable(error);
  }
}

/** One open event stream, which counts as dead when it is silent for twice its heartbeat. */
export class Connection {
  /** How often the server is heard at least, once it has said so. */
  heartbeatSeconds = 30;
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal;
  readonly #abort = () => this.#controller.abort(this.#outer.reason);
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;

  /** The connection ends when the signal is aborted. */
  constructor(outer: AbortSignal) {
    this.#outer = outer;
    outer.addEventListener('abort', this.#abort, { once: true });
  }

  /** Opens the stream and reads its events, no faster than they are taken. */
  async *read(open: (signal: AbortSignal) => Promise<ReadableStream<Uint8Array>>): AsyncGenerator<SentEvent, void, undefined> {
    const reader = (await this.#heard(open(this.#controller.signal))).getReader();
    this.#reader = reader;
    const parser = new SseParser();
    for (;;) {
      const { done, value } = await this.#heard(reader.read());
      if (done) {
        return;
      }
      yield* parser.feed(value);
    }
  }

  /** Lets go of the connection. */
  close(): void {
    this.#outer.removeEventListener('abort', this.#abort);
    this.#controller.abort();
    this.#reader?.cancel().catch(() => {});
  }

  /**
   * Waits for a sign of the server, until the connection is aborted. It looks at the signal itself: Node forgets to tell a
   * body that its request was aborted, once the request is garbage.
   */
  async #heard<T>(sign: Promise<T>): Promise<T> {
    const seconds = 2 * this.heartbeatSeconds;
    const timer = setTimeout(() => this.#controller.abort(new Error(`nothing was heard for ${seconds} seconds`)), seconds * 1000);
    const { signal } = this.#controller;
    let abort = () => {};
    const aborted = new Promise<never>((_, reject) => {
      abort = () => reject(signal.reason);
      signal.addEventListener('abort', abort, { once: true });
    });
    try {
      return await reach(Promise.race([sign, aborted]));
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    }
  }
}
