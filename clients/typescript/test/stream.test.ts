import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ClosingReason, type Event, type EventStream, EventType, InvitationEndReason, ProblemError, type RepdeskClient, type StreamUpdate, TeamRole } from '@repdesk/client';
import { openDesk, openSession, patience } from './desk.js';
import { Network } from './network.js';

const desk = await openDesk();

type Kind = StreamUpdate['kind'];
type Update<K extends Kind> = Extract<StreamUpdate, { kind: K }>;

/** Somebody who reads a stream. */
class Reader {
  /** All that was read. */
  readonly seen: StreamUpdate[] = [];
  readonly #updates: AsyncIterator<StreamUpdate>;

  constructor(stream: EventStream) {
    this.#updates = stream[Symbol.asyncIterator]();
  }

  /** Reads the next update; undefined at the end. */
  async next(): Promise<StreamUpdate | undefined> {
    const { done, value } = await this.#updates.next();
    if (done) {
      return undefined;
    }
    this.seen.push(value);
    return value;
  }

  /** Reads up to an update of a kind, which a test may want to be a certain one. */
  async until<K extends Kind>(kind: K, is: (update: Update<K>) => boolean = () => true): Promise<Update<K>> {
    for (;;) {
      const update = await this.next();
      assert(update, `the stream ended without ${kind}`);
      if (update.kind === kind && is(update as Update<K>)) {
        return update as Update<K>;
      }
    }
  }

  async event(type: string, is: (event: Event) => boolean = () => true): Promise<Event> {
    return (await this.until('event', ({ event }) => event.type === type && is(event))).event;
  }

  events(): Event[] {
    return this.seen.flatMap((update) => (update.kind === 'event' ? [update.event] : []));
  }

  kinds(): Kind[] {
    return this.seen.map(({ kind }) => kind);
  }
}

/** A reader of a new console's stream, up to date. */
async function following(rep: RepdeskClient, options?: Parameters<RepdeskClient['eventStream']>[0]): Promise<Reader> {
  const reader = new Reader(rep.eventStream(options));
  await reader.until('ready');
  return reader;
}

/** Waits until the garbage is collected, and something in it. */
async function collected(something: WeakRef<object>): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  while (something.deref() !== undefined) {
    await new Promise(setImmediate);
    collect();
  }
}

async function inviteBen(ana: RepdeskClient): Promise<{ session_id: string; invitation_id: string }> {
  const session_id = await openSession(ana);
  const { id } = await ana.invite({ path: { session_id }, body: { rep_id: '@ben' } });
  return { session_id, invitation_id: id };
}

/** Which events these are; but of the counts of a queue, whoever comes later to read them gets the last alone. */
function ids(events: Event[]): (number | undefined)[] {
  return events.filter(({ type }) => type !== EventType.queueChanged).map(({ id }) => id);
}

test('an invitation is told, accepted, talked about; another is cancelled, and the reason is told', patience, async () => {
  const [ana, ben] = [await desk.logIn('ana'), await desk.logIn('ben')];
  const reader = await following(ben);
  assert.deepEqual(reader.kinds(), ['snapshot', 'ready']);

  const { session_id, invitation_id } = await inviteBen(ana);
  const created = await reader.event(EventType.invitationCreated);
  assert.equal(created.invitation?.id, invitation_id);
  assert.equal(created.invitation?.inviter.name, 'Ana Ruiz');

  const { session } = await ben.acceptInvitation({ path: { invitation_id } });
  assert.equal(session.id, session_id);
  await ana.postMessage({ path: { session_id }, body: { text: 'Grüß dich 👩‍🔧' } });
  await reader.event(EventType.messagePosted, ({ message }) => message?.text === 'Grüß dich 👩‍🔧');

  const second = await inviteBen(ana);
  await ana.cancelInvitation({ path: { invitation_id: second.invitation_id } });
  const ended = await reader.event(EventType.invitationEnded, ({ invitation }) => invitation?.id === second.invitation_id);
  assert.equal(ended.invitation?.reason, InvitationEndReason.cancelled);
});

test('whatever becomes of the connection and the server, nothing is missed and nothing comes twice', patience, async () => {
  const network = await new Network(desk.url).open();
  const ana = await desk.logIn('ana');
  const ben = await desk.logIn('ben', { baseUrl: network.url });
  const reader = await following(ben);
  const { snapshot } = reader.seen[0] as Update<'snapshot'>;
  const told = async ({ invitation_id }: { invitation_id: string }) => {
    await reader.event(EventType.invitationCreated, ({ invitation }) => invitation?.id === invitation_id);
  };

  network.cut();
  await told(await inviteBen(ana));

  network.down = true;
  network.cut();
  const meanwhile = [await inviteBen(ana), await inviteBen(ana)];
  await reader.until('interrupted');
  await reader.until('interrupted'); // so it has tried
  network.down = false;
  for (const invitation of meanwhile) {
    await told(invitation);
  }
  await reader.until('ready');

  await desk.kill();
  await reader.until('interrupted');
  await desk.start();
  await told(await inviteBen(ana));

  const stopped = desk.stop();
  const { seconds } = await reader.until('interrupted');
  assert(seconds >= 2, `the server asks for 2 seconds, the client waits ${seconds}`);
  await stopped;
  await desk.start();
  const last = await inviteBen(ana);
  await told(last);

  const log = (await ben.listEvents({ query: { after: snapshot.cursor, limit: 200 } })).items;
  const end = log.findIndex(({ type, invitation }) => type === EventType.invitationCreated && invitation?.id === last.invitation_id);
  assert.deepEqual(ids(reader.events()), ids(log.slice(0, end + 1)));
  assert.equal(reader.kinds().filter((kind) => kind === 'snapshot').length, 1);
});

test('a connection that falls silent is dead', patience, async () => {
  const network = await new Network(desk.url).open();
  network.rewrite = (text) => Buffer.from(text.toString('latin1').replace('"heartbeat_seconds":25', '"heartbeat_seconds": 1'), 'latin1');
  const ana = await desk.logIn('ana');
  const reader = await following(await desk.logIn('ben', { baseUrl: network.url }));
  network.silent = true;
  const { cause } = await reader.until('interrupted');
  assert.match(String(cause), /nothing was heard for 2 seconds/);
  network.silent = false;
  const { invitation_id } = await inviteBen(ana);
  await reader.event(EventType.invitationCreated, ({ invitation }) => invitation?.id === invitation_id);
});

test('a network that wants somebody to log in is left again', patience, async () => {
  const network = await new Network(desk.url).open();
  const ben = await desk.logIn('ben', { baseUrl: network.url });
  const page = 'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 7\r\nConnection: close\r\n\r\nWelcome';
  network.answer(page, page);
  const reader = await following(ben);
  assert.deepEqual(reader.kinds(), ['interrupted', 'interrupted', 'snapshot', 'ready']);
});

test('a rep who may see more gets another snapshot', patience, async () => {
  const [ana, ben] = [await desk.logIn('ana'), await desk.logIn('ben')];
  const reader = await following(ben);
  await ana.setTeamMember({ path: { team_id: '@network', rep_id: '@ben' }, body: { role: TeamRole.member } });
  await reader.until('interrupted', ({ cause }) => String(cause).includes('rights_changed'));
  const { snapshot } = await reader.until('snapshot');
  assert(snapshot.queues.some(({ name }) => name === 'Network'));
  await reader.until('ready');
});

test('a server that was set back to an earlier day makes the console load everything anew', patience, async () => {
  const restored = await openDesk();
  const [ana, ben] = [await restored.logIn('ana'), await restored.logIn('ben')];
  await restored.stop();
  const backup = mkdtempSync(join(tmpdir(), 'repdesk-backup-'));
  after(() => rmSync(backup, { recursive: true }));
  cpSync(restored.folder, backup, { recursive: true });

  await restored.start();
  const reader = await following(ben);
  const { invitation_id } = await inviteBen(ana);
  await reader.event(EventType.invitationCreated);
  await restored.stop();
  cpSync(backup, restored.folder, { recursive: true });
  await restored.start();
  await reader.until('interrupted', ({ cause }) => String(cause).includes('cursor_unknown'));
  const { snapshot } = await reader.until('snapshot');
  assert(snapshot.invitations.every(({ id }) => id !== invitation_id));
  await reader.until('ready');
});

test('a console has one stream', patience, async () => {
  const ben = await desk.logIn('ben');
  const first = await following(ben);
  await following(ben);
  assert.equal((await first.until('closed')).reason, ClosingReason.replaced);
  assert.equal(await first.next(), undefined);
});

test('when the log-in is over, the stream ends and says why, and refuses to begin again', patience, async () => {
  const ben = await desk.logIn('ben');
  const reader = await following(ben);
  await ben.logOut({ path: { console_id: 'current' } });
  const { reason } = await reader.until('closed');
  assert.equal(reason, ClosingReason.consoleRevoked);
  assert.equal(await reader.next(), undefined);
  await assert.rejects(following(ben), (error) => error instanceof ProblemError && error.problem.status === 401);
});

test('only what is asked for', patience, async () => {
  const [ana, ben] = [await desk.logIn('ana'), await desk.logIn('ben')];
  const reader = await following(ben, { types: [EventType.invitationEnded, EventType.meChanged] });
  const { invitation_id } = await inviteBen(ana);
  await ana.cancelInvitation({ path: { invitation_id } });
  await ben.updateMe({ body: { busy: true } });
  await reader.event(EventType.meChanged);
  await ben.updateMe({ body: { busy: false } });
  assert.deepEqual(reader.events().map(({ type }) => type), [EventType.invitationEnded, EventType.meChanged]);
});

test('whoever reads may stop, at once', patience, async () => {
  const ben = await desk.logIn('ben');
  const ending = new AbortController();
  const reader = await following(ben, { signal: ending.signal });
  const ended = (async () => {
    while (await reader.next()) {}
  })();
  await collected(new WeakRef({})); // with the garbage Node forgets whose body it reads
  ending.abort();
  await ended;
});
