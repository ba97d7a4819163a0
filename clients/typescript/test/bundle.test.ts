import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { patience, root } from './desk.js';

test('a bundler takes it for browsers, with nothing from elsewhere', patience, async () => {
  const { metafile, warnings } = await build({
    entryPoints: [fileURLToPath(new URL('dist/index.js', root))],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    minify: true,
    write: false,
    metafile: true,
  });
  assert.deepEqual(warnings, []);
  assert(Object.keys(metafile.inputs).every((file) => file.includes('dist/')), 'it needs another package');
});
