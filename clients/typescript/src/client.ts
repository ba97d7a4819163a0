import { type Client, createClient, createConfig } from './generated/client/index.js';
import { Operations } from './generated/sdk.gen.js';
import { AnswerError, isPage, isProblem, isWhole, ProblemError } from './problem.js';
import { repeating } from './repeat.js';
import { EventStream, type EventStreamOptions } from './stream.js';

/** Where the desk is, and who calls. */
export interface RepdeskClientOptions {
  /** Where the desk is, up to and without `/v1`: `https://desk.example.com`. */
  baseUrl: string;
  /**
   * The bearer token, or a function that gives it anew for each request: of a console (`logIn` answers with it), of a
   * program, or of a guest. Operations that need none are called without.
   */
  token?: string | (() => string | undefined | Promise<string | undefined>);
  /** What sends the requests, each attempt of them. Left out: the platform's own fetch. */
  fetch?: typeof globalThis.fetch;
}

/**
 * The desk's operations, a method for each, named as in the contract. What they answer is the object itself. They throw a
 * {@link ProblemError} when the desk refuses, an {@link AnswerError} when something else than the desk answered, and what
 * fetch throws when nothing did.
 *
 * Every POST carries an Idempotency-Key, its own where the call gives none, and requests are repeated up to three times
 * where that does nothing twice. Fields that the server does not know are left out rather than refused, since an app may
 * be newer than its server.
 */
export class RepdeskClient extends Operations {
  readonly #fetch: typeof globalThis.fetch;

  constructor(options: RepdeskClientOptions) {
    const fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
    super({ client: transport(options, fetch) });
    this.#fetch = fetch;
  }

  /**
   * What happens at the desk, from a snapshot on: nothing is missed and nothing comes twice, whatever becomes of the
   * connection. A console has one stream, and a second closes the first.
   */
  eventStream(options: EventStreamOptions = {}): EventStream {
    return new EventStream(
      {
        snapshot: (signal) => this.getSnapshot({ signal }),
        open: (position, signal) => this.#open(position, options.types, signal),
      },
      options,
    );
  }

  /** Opens the stream after a position. The EventStream repeats that by itself, so the plain fetch sends it. */
  async #open(position: string, types: readonly string[] | undefined, signal: AbortSignal) {
    return await this.client.get<{ 200: ReadableStream<Uint8Array> }, unknown, true, 'data'>({
      url: '/v1/events',
      headers: { Accept: 'text/event-stream', 'Last-Event-ID': position },
      ...(types && { query: { types: types.join(',') } }),
      security: [{ type: 'http', scheme: 'bearer' }],
      parseAs: 'stream',
      responseStyle: 'data',
      throwOnError: true,
      fetch: this.#fetch,
      signal,
    });
  }
}

function transport({ baseUrl, token }: RepdeskClientOptions, fetch: typeof globalThis.fetch): Client {
  const client = createClient(
    createConfig({
      baseUrl: baseUrl.replace(/\/+$/, ''),
      auth: token,
      fetch: repeating(fetch),
      headers: { Prefer: 'handling=lenient' },
      throwOnError: true,
    }),
  );
  client.interceptors.request.use((request) => {
    if (request.method === 'POST' && !request.headers.has('Idempotency-Key')) {
      request.headers.set('Idempotency-Key', newKey());
    }
    return request;
  });
  client.interceptors.response.use((response) => {
    if (response.ok && isPage(response)) {
      throw new AnswerError(response);
    }
    return response;
  });
  client.interceptors.error.use((error, response) => {
    if (response === undefined || response.ok || error instanceof Error) {
      return error;
    }
    return isProblem(response) && isWhole(error) ? new ProblemError(error, response.headers) : new AnswerError(response);
  });
  return client;
}

/** A random UUID; made by hand, because crypto.randomUUID is there on secure pages alone. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, '$1-$2-$3-$4-$5');
}
