import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after } from 'node:test';
import { RepdeskClient, type RepdeskClientOptions } from '@repdesk/client';

/** The package's folder. */
export const root = new URL('../../', import.meta.url);

/** How long a test may take on a machine that does much else, in milliseconds. */
export const patience = { timeout: 120_000 };

/** passwordHash is of this, at a cost that suits tests. */
export const password = 'correct horse';
const passwordHash = '$argon2id$v=19$m=64,t=1,p=1$R149KC/rf55c9Zd5AGK4pg$xKKm3MtIcJa6zRBu1FUaKwlNVyHD9pvDzI0ZjXyXhRQ';

const reps = [
  { username: 'ana', name: 'Ana Ruiz', role: 'administrator', teams: { printers: 'lead' } },
  { username: 'ben', name: 'Ben Okafor', teams: { printers: 'member' } },
];

const organization = {
  portals: [{ slug: 'main', name: 'Main' }],
  teams: [
    { slug: 'printers', name: 'Printers' },
    { slug: 'network', name: 'Network' },
  ],
  reps: reps.map((rep) => ({ ...rep, password_hash: passwordHash })),
};

/** A server of its own database, which goes when the file's tests are over. */
export class Desk {
  /** Where it keeps everything. */
  readonly folder = mkdtempSync(join(tmpdir(), 'repdesk-desk-'));
  /** Where it is, once it has started. */
  url = '';
  readonly #flags: string[];
  #process: ChildProcess | undefined;
  #log = '';

  /** With further flags of `repdesk serve`. */
  constructor(...flags: string[]) {
    this.#flags = flags;
  }

  /** Starts the server, at the address that it had, if it had one. */
  async start(command: 'serve' | 'demo' = 'serve'): Promise<this> {
    const listen = ['--listen', this.url === '' ? '127.0.0.1:0' : new URL(this.url).host];
    writeFileSync(join(this.folder, 'org.json'), JSON.stringify(organization)); // which is YAML too
    const where = ['--database', join(this.folder, 'repdesk.db'), '--org', join(this.folder, 'org.json'), '--log-level', 'warn', ...this.#flags];
    const binary = process.env['REPDESK_BINARY'];
    assert(binary, 'REPDESK_BINARY names no program: run npm test');
    const child = spawn(binary, [command, ...listen, ...(command === 'serve' ? where : [])], {
      env: { HOME: this.folder, TMPDIR: this.folder }, // and no setting of whoever runs the tests
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = child;
    child.stderr.on('data', (text) => (this.#log += text));
    const lines = createInterface(child.stdout);
    for await (const line of lines) {
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0];
      if (url !== undefined) {
        this.url = url;
        break;
      }
    }
    child.stdout.resume();
    assert(this.url, `the server did not start: ${this.#log}`);
    return this;
  }

  /** Ends the server without a word, as a power cut does. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Asks the server to end. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child !== undefined && child.exitCode === null) {
      const exited = once(child, 'exit');
      child.kill(signal);
      await exited;
    }
  }

  /** Ends it for good. */
  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true });
  }

  /** A client of a rep who has just logged in; of another address than the server's, if that is named. */
  async logIn(username: string, options: Partial<RepdeskClientOptions> = {}): Promise<RepdeskClient> {
    const anybody = new RepdeskClient({ baseUrl: this.url });
    const { token } = await anybody.logIn({ body: { username, password, device: { platform: 'script' } } });
    return new RepdeskClient({ baseUrl: this.url, token, ...options });
  }
}

/** A desk that runs while the file's tests do. */
export async function openDesk(...flags: string[]): Promise<Desk> {
  const desk = new Desk(...flags);
  after(() => desk.remove());
  return desk.start();
}

/** A session of the rep's own, ready to be shared; its id. */
export async function openSession(rep: RepdeskClient): Promise<string> {
  const { session } = await rep.startSession({ body: { customer: { name: 'Jo Doe' } } });
  await rep.acceptSession({ path: { session_id: session.id } });
  return session.id;
}
