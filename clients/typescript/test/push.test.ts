import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type PushAction, type PushData, PushInbox, type PushInboxOptions } from '@repdesk/client';
import { root } from './desk.js';

interface Inbox {
  name: string;
  server_id: string;
  rep_id: string;
  shows: string[];
}

interface Expected {
  action: string;
  why?: string;
  tag?: string;
  title?: string;
  body?: string;
  ack: boolean;
}

interface Case extends Inbox {
  steps: { at: string; data: PushData; expect: Expected }[];
}

interface AnyOrder extends Inbox {
  at: string;
  messages: PushData[];
}

const vectors = JSON.parse(readFileSync(new URL('../testdata/push.json', root), 'utf8')) as { cases: Case[]; any_order: AnyOrder[] };
assert(vectors.cases.length > 0 && vectors.any_order.length > 0);

function inbox({ server_id, rep_id }: Inbox, saved?: string): PushInbox {
  const options: PushInboxOptions = { serverId: server_id, repId: rep_id };
  return new PushInbox(saved === undefined ? options : { ...options, saved });
}

/** What was decided, in the words of the vectors. */
function decided(action: PushAction, data: PushData): Expected {
  const ack = action.ack !== undefined;
  if (ack) {
    assert.equal(action.ack, data['delivery_id']);
  }
  if (action.action === 'ignore') {
    return { action: action.action, why: action.why, ack };
  }
  const { tag, title, body } = action.notification;
  return action.action === 'cancel' ? { action: action.action, tag, ack } : { action: action.action, tag, title, body, ack };
}

for (const vector of vectors.cases) {
  for (const saving of [false, true]) {
    test(`push: ${vector.name}${saving ? ', each time saved and loaded' : ''}`, () => {
      let device = inbox(vector);
      for (const { at, data, expect } of vector.steps) {
        assert.deepEqual(decided(device.receive(data, new Date(at)), data), expect, `at ${at}`);
        if (saving) {
          device = inbox(vector, device.save());
        }
      }
      assert.deepEqual(device.showing(new Date(vector.steps.at(-1)!.at)).sort(), vector.shows.toSorted());
    });
  }
}

function* orders<T>(things: T[]): Generator<T[]> {
  if (things.length === 0) {
    yield [];
  }
  for (const [i, thing] of things.entries()) {
    for (const rest of orders(things.toSpliced(i, 1))) {
      yield [thing, ...rest];
    }
  }
}

for (const vector of vectors.any_order) {
  test(`push: ${vector.name}`, () => {
    const at = new Date(vector.at);
    for (const doubled of [undefined, ...vector.messages]) {
      for (const order of orders(doubled === undefined ? vector.messages : [...vector.messages, doubled])) {
        const device = inbox(vector);
        order.forEach((data) => device.receive(data, at));
        assert.deepEqual(device.showing(at).sort(), vector.shows.toSorted(), JSON.stringify(order));
      }
    }
  });
}

test('push: what was kept of another rep, or cannot be read, is left', () => {
  const at = new Date('2026-11-22T12:00:01Z');
  const data = { v: '1', type: 'invitation', key: 'inv_1', rev: '1', server_id: 'srv_1', rep_id: 'rep_ben', sent_at: '2026-11-22T12:00:00Z' };
  const ben = new PushInbox({ serverId: 'srv_1', repId: 'rep_ben' });
  ben.receive(data, at);
  assert.equal(new PushInbox({ serverId: 'srv_1', repId: 'rep_ben', saved: ben.save() }).receive(data, at).action, 'ignore');
  assert.deepEqual(new PushInbox({ serverId: 'srv_1', repId: 'rep_cem', saved: ben.save() }).showing(at), []);
  const whose = '{"server_id": "srv_1", "rep_id": "rep_ben", "kept": ';
  const damaged = ['{"inv_1": null}', '{"inv_1": {"rev": "x", "came_at": 1763812800000}}', '{"inv_1": {"rev": 9}}', '{"inv_2": 7}', '[1]', '"text"'].map((kept) => `${whose}${kept}}`);
  for (const saved of ['', '{', 'null', '{"kept": 7}', ...damaged]) {
    assert.equal(new PushInbox({ serverId: 'srv_1', repId: 'rep_ben', saved }).receive(data, at).action, 'show', saved);
  }
});
