export { RepdeskClient, type RepdeskClientOptions } from './client.js';
export type { Options } from './generated/sdk.gen.js';
export * from './generated/types.gen.js';
export { AnswerError, ProblemError } from './problem.js';
export { type EventStream, type EventStreamOptions, type StreamUpdate } from './stream.js';
export { type SentEvent, SseParser } from './sse.js';
export * from './push.js';
