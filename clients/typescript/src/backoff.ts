/**
 * How long to wait before a further attempt: anything up to a bound that starts at `first` and doubles with each failed
 * attempt, up to `most`. Full jitter keeps many clients from coming back at the same instant. All in seconds.
 */
export function backoff(failed: number, first: number, most: number): number {
  return Math.random() * Math.min(most, first * 2 ** failed);
}

/** A wait that the server asks for, and up to a second more: it asks many clients for the same. In seconds. */
export function asked(seconds: number): number {
  return seconds + Math.random();
}

/** Waits for some seconds; rejects with the signal's reason when it is aborted. */
export function wait(seconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const abort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', abort);
      resolve();
    }, seconds * 1000);
    signal.addEventListener('abort', abort, { once: true });
  });
}
