import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type SentEvent, SseParser } from '@repdesk/client';
import { root } from './desk.js';

interface Vector {
  name: string;
  chunks: string[];
  events: SentEvent[];
}

const { cases } = JSON.parse(readFileSync(new URL('../testdata/stream.json', root), 'utf8')) as { cases: Vector[] };
assert(cases.length > 0);

function read(chunks: Iterable<Uint8Array>): SentEvent[] {
  const parser = new SseParser();
  return [...chunks].flatMap((chunk) => parser.feed(chunk));
}

for (const { name, chunks, events } of cases) {
  test(`event stream: ${name}`, () => {
    const encoder = new TextEncoder();
    assert.deepEqual(read(chunks.map((chunk) => encoder.encode(chunk))), events, 'as it comes');
    const bytes = encoder.encode(chunks.join(''));
    assert.deepEqual(read(Array.from(bytes, (byte) => Uint8Array.of(byte))), events, 'byte by byte');
    for (let cut = 1; cut < bytes.length; cut++) {
      assert.deepEqual(read([bytes.subarray(0, cut), bytes.subarray(cut)]), events, `cut after ${cut} bytes`);
    }
  });
}
