import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { EventEmitter, on } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual, promisify } from 'node:util';
import { showInvitations } from '../examples/waiting-invitations.js';
import { Desk, openDesk, openSession, patience, root } from './desk.js';

test('the first invitation, as the README shows it', patience, async () => {
  const demo = new Desk();
  after(() => demo.remove());
  await demo.start('demo');
  const program = fileURLToPath(new URL('build/examples/first-invitation.js', root));
  const { stdout } = await promisify(execFile)(process.execPath, [program], { env: { REPDESK_URL: demo.url }, timeout: patience.timeout });
  assert.equal(stdout, 'Ben has joined Ana Ruiz, who said: Could you look at the tray with me?\n');
});

test('the list of invitations, as the README shows it', patience, async () => {
  const desk = await openDesk();
  const [ana, ben] = [await desk.logIn('ana'), await desk.logIn('ben')];
  const screen = new EventEmitter();
  const lists = on(screen, 'shown');
  const shown = async (...ids: string[]) => {
    while (!isDeepStrictEqual((await lists.next()).value, [ids])) {}
  };
  const ending = new AbortController();
  const showing = showInvitations(ben, (waiting) => screen.emit('shown', waiting.map(({ id }) => id)), ending.signal);
  await shown();
  const { id } = await ana.invite({ path: { session_id: await openSession(ana) }, body: { rep_id: '@ben' } });
  await shown(id);
  await ana.cancelInvitation({ path: { invitation_id: id } });
  await shown();
  ending.abort();
  await showing;
});

test('the README shows the examples as they are', () => {
  const readme = readFileSync(new URL('README.md', root), 'utf8');
  for (const file of readdirSync(new URL('examples/', root))) {
    const example = readFileSync(new URL(`examples/${file}`, root), 'utf8');
    assert(readme.includes(`\`\`\`ts\n${example}\`\`\`\n`), file);
  }
});
