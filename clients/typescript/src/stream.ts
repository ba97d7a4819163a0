import { asked, backoff, wait } from './backoff.js';
import { Connection, reach, Unreachable } from './connection.js';
import { type ClosingReason, type Event, type EventType, ProblemCode, Retry, type Snapshot, type StreamClosing, type StreamReady } from './generated/types.gen.js';
import { AnswerError, ProblemError } from './problem.js';

/** The longest wait before the first and before any further attempt to connect again, in seconds. */
const firstWait = 1;
const longestWait = 60;

/** What an {@link EventStream} tells. */
export type StreamUpdate =
  /** Everything that a console shows, at one moment. It comes first, and again where all has to be loaded anew, in place of what came before. */
  | { kind: 'snapshot'; snapshot: Snapshot }
  /** What happened after that. Its type may be one that `EventType` does not name yet. */
  | { kind: 'event'; event: Event }
  /** What was missed has been told: what the console shows is up to date. */
  | { kind: 'ready' }
  /** The connection is lost, or the server asks to come again, as the cause says; it is tried again after these seconds. */
  | { kind: 'interrupted'; seconds: number; cause: unknown }
  /** The server has closed the stream for good, as when the log-in is over or another stream took its place. It is the last. */
  | { kind: 'closed'; reason: ClosingReason };

/** How to follow what happens. */
export interface EventStreamOptions {
  /** Ends the stream, and the iteration with it. */
  signal?: AbortSignal;
  /** Only events of these types; left out, all but `rep.presence_changed`. */
  types?: readonly EventType[];
}

/** What a stream is made of: the client. */
interface Source {
  snapshot(signal: AbortSignal): Promise<Snapshot>;
  open(position: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array>>;
}

/**
 * What happens at the desk, to be read with `for await`. It begins with a snapshot and goes on with the events after
 * it. When the connection is lost it connects again where it was: at most a second later at first, and then with doubled
 * bounds up to a minute. It throws a {@link ProblemError} when the desk refuses it for good, as with a token that is
 * no good any more.
 *
 * It reads no faster than its updates are taken. Whoever takes none for some 10 seconds is cut off by the server, and goes
 * on where they were.
 */
export class EventStream implements AsyncIterable<StreamUpdate> {
  readonly #source: Source;
  readonly #signal: AbortSignal;

  /** @internal Use `eventStream()` of the client. */
  constructor(source: Source, options: EventStreamOptions) {
    this.#source = source;
    this.#signal = options.signal ?? new AbortController().signal;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<StreamUpdate, void, undefined> {
    const place: Place = { position: undefined, failed: 0 };
    while (!this.#signal.aborted) {
      let end: End;
      try {
        end = yield* this.#connect(place);
      } catch (error) {
        if (this.#signal.aborted) {
          return;
        }
        end = afterFailure(error, place);
      }
      if ('closed' in end) {
        yield { kind: 'closed', reason: end.closed };
        return;
      }
      const seconds = end.after === undefined ? backoff(place.failed++, firstWait, longestWait) : asked(end.after);
      yield { kind: 'interrupted', seconds, cause: end.cause };
      await wait(seconds, this.#signal).catch(() => {}); // aborted: the loop ends
    }
  }

  /** One connection, from the snapshot, where one is needed, to its end. */
  async *#connect(place: Place): AsyncGenerator<StreamUpdate, End, undefined> {
    if (place.position === undefined) {
      const snapshot = await reach(this.#source.snapshot(this.#signal));
      place.position = snapshot.cursor;
      yield { kind: 'snapshot', snapshot };
    }
    const position = place.position;
    const connection = new Connection(this.#signal);
    try {
      for await (const { id, event, data } of connection.read((signal) => this.#source.open(position, signal))) {
        place.position = id ?? place.position;
        switch (event) {
          case 'ready': {
            const ready = JSON.parse(data) as StreamReady;
            place.position = ready.cursor;
            place.failed = 0;
            connection.heartbeatSeconds = ready.heartbeat_seconds;
            yield { kind: 'ready' };
            break;
          }
          case 'reset':
            place.position = undefined;
            return { cause: new Error(`reset: ${data}`) };
          case 'closing':
            return afterClosing(JSON.parse(data) as StreamClosing);
          default:
            yield { kind: 'event', event: JSON.parse(data) as Event };
        }
      }
      return { cause: new Error('the connection has ended') };
    } finally {
      connection.close();
    }
  }
}

/** How far a stream has come. */
interface Place {
  /** Where it goes on; undefined: with a snapshot. */
  position: string | undefined;
  /** How many connections in a row were lost before they were ready. */
  failed: number;
}

/** How a connection ended: for good, or until after the seconds that the server asks for, or until a back-off is over. */
type End = { closed: ClosingReason } | { after?: number | undefined; cause: unknown };

function afterClosing({ reason, retry_after_seconds }: StreamClosing): End {
  if (retry_after_seconds === undefined) {
    return { closed: reason };
  }
  return { after: retry_after_seconds, cause: new Error(`closing: ${reason}`) };
}

/** What follows when the snapshot or the stream could not be had; throws the error where it would be the same again. */
function afterFailure(error: unknown, place: Place): End {
  if (error instanceof Unreachable) {
    return { cause: error.cause };
  }
  if (error instanceof ProblemError && error.code === ProblemCode.cursorTooOld) {
    place.position = undefined;
    return { cause: error };
  }
  const refused = error instanceof ProblemError && error.retry !== Retry.never ? error.problem.status : undefined;
  const status = error instanceof AnswerError ? error.status : refused;
  if (status === 200 || status === 429 || (status !== undefined && status >= 500)) { // 200: a page, of a network that wants somebody to log in
    return { after: (error as ProblemError | AnswerError).retryAfterSeconds, cause: error };
  }
  throw error;
}
