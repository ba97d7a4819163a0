// Runs the tests against the server's program: the one that REPDESK_BINARY names, or one that is built here.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const sources = fileURLToPath(new URL('../../test/', import.meta.url));
const repository = fileURLToPath(new URL('../../../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'repdesk-client-'));
try {
  let binary = process.env['REPDESK_BINARY'];
  if (binary === undefined) {
    binary = join(folder, 'repdesk');
    execFileSync('go', ['build', '-o', binary, './cmd/repdesk'], { cwd: repository, stdio: 'inherit' });
  }
  const named = process.argv.slice(2); // parts of files' names; none: all
  const files = readdirSync(sources).filter((file) => file.endsWith('.test.ts') && (named.length === 0 || named.some((part) => file.includes(part))));
  const tests = spawnSync(process.execPath, ['--test', ...files.map((file) => join(here, file.replace(/ts$/, 'js')))], {
    env: { ...process.env, REPDESK_BINARY: binary },
    stdio: 'inherit',
  });
  process.exitCode = tests.status ?? 1;
} finally {
  rmSync(folder, { recursive: true });
}
