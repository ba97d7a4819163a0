import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { openDesk, password, patience, root } from './desk.js';

/** A test's page, as a bundler makes it for browsers. */
async function bundle(): Promise<string> {
  const { outputFiles, warnings } = await build({
    entryPoints: [fileURLToPath(new URL('build/test/page.js', root))],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    write: false,
  });
  assert.deepEqual(warnings, []);
  return outputFiles[0]!.text;
}

test('a bundler takes it for browsers', patience, async () => {
  assert.match(await bundle(), /Idempotency-Key/);
});

const chromium = spawnSync('chromium', ['--version']).error === undefined || process.env['CI'] ? false : 'there is no Chromium';

test('it works in a browser', { ...patience, skip: chromium }, async () => {
  const desk = await openDesk();
  const script = await bundle();
  let said: (outcome: string) => void;
  const outcome = new Promise<string>((resolve) => (said = resolve));

  /** The page, its outcome, and the desk behind it, all of one origin. */
  const origin = createServer(async (asked: IncomingMessage, answer: ServerResponse) => {
    if (asked.url === '/') {
      answer.setHeader('Content-Type', 'text/html').end(`<body data-password="${password}"><script type="module">${script}</script>`);
    } else if (asked.url === '/outcome') {
      said(await text(asked));
      answer.end();
    } else {
      const passed = request(desk.url + asked.url, { method: asked.method, headers: asked.headers, agent: false }, (answered) => {
        answer.writeHead(answered.statusCode!, answered.headers);
        answered.pipe(answer);
      });
      asked.pipe(passed).on('error', () => answer.destroy());
      answer.on('close', () => passed.destroy());
    }
  });
  origin.listen(0, '127.0.0.1');
  await once(origin, 'listening');
  const home = mkdtempSync(join(tmpdir(), 'repdesk-browser-'));
  const address = `http://127.0.0.1:${(origin.address() as AddressInfo).port}/`;
  const browser = spawn('chromium', ['--headless', '--no-sandbox', '--disable-gpu', `--user-data-dir=${home}`, address], { stdio: 'ignore' });
  const exited = once(browser, 'exit');
  after(async () => {
    browser.kill();
    await exited;
    origin.closeAllConnections();
    origin.close();
    rmSync(home, { recursive: true, maxRetries: 30 }); // its helpers may write a little longer
  });
  assert.equal(await outcome, 'accepted by Ben Okafor');
});
