import assert from 'node:assert/strict';
import { EventEmitter, on, once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { DeliveryAck, DeliveryState, Platform, type PushData, PushInbox, PushKind, RepdeskClient } from '@repdesk/client';
import { openDesk, openSession, password, patience } from './desk.js';

/** In Firebase's place: takes messages, and hands their data over as a device would get them. */
const phone = new EventEmitter();
const firebase = createServer(async (request, answer) => {
  const { message } = (await json(request)) as { message: { data: PushData } };
  answer.setHeader('Content-Type', 'application/json').end('{"name": "projects/desk/messages/1"}');
  phone.emit('push', message.data);
});
firebase.listen(0, '127.0.0.1');
await once(firebase, 'listening');
after(() => firebase.close());

const desk = await openDesk('--fcm-project', 'desk', '--fcm-endpoint', `http://127.0.0.1:${(firebase.address() as AddressInfo).port}`);

test('a device is told of an invitation, says that it was, and is told when it is over', patience, async () => {
  const pushes = on(phone, 'push');
  const next = async () => ((await pushes.next()).value as [PushData])[0];

  const anybody = new RepdeskClient({ baseUrl: desk.url });
  const device = { platform: Platform.web, push_kind: PushKind.fcmToken, push_target: 'bens-browser' };
  const { token, rep } = await anybody.logIn({ body: { username: 'ben', password, device } });
  const ben = new RepdeskClient({ baseUrl: desk.url, token });
  const inbox = new PushInbox({ serverId: (await ben.getServer()).server_id, repId: rep.id });
  const ana = await desk.logIn('ana');
  const session_id = await openSession(ana);

  const { id } = await ana.invite({ path: { session_id }, body: { rep_id: '@ben', comment: 'Tray 2, please' } });
  const shown = inbox.receive(await next());
  assert(shown.action === 'show', shown.action);
  assert.equal(shown.notification.tag, id);
  assert.equal(shown.notification.data.comment, 'Tray 2, please');
  assert.match(shown.notification.title, /Ana Ruiz/);
  assert.deepEqual(inbox.showing(), [id]);

  assert(shown.ack);
  await ben.ackDelivery({ path: { delivery_id: shown.ack }, body: { state: DeliveryAck.received } });
  const { items } = await ana.listDeliveries({ path: { invitation_id: id } });
  assert.deepEqual(items.map(({ id, state }) => [id, state]), [[shown.ack, DeliveryState.received]]);

  await ana.cancelInvitation({ path: { invitation_id: id } });
  const cancelled = inbox.receive(await next());
  assert(cancelled.action === 'cancel', cancelled.action);
  assert.equal(cancelled.notification.tag, id);
  assert.deepEqual(inbox.showing(), []);
});
