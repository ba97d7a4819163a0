import { $, defineConfig } from '@hey-api/openapi-ts';

const contract = process.env['CONTRACT'];
if (contract === undefined) {
  throw new Error('CONTRACT names no document: run ../generate typescript');
}

type Alias = ReturnType<typeof $.type.alias>;

/**
 * Values may be added to any enumeration, so its type takes other strings beside those that its constants name. The
 * empty object keeps the two apart: editors go on offering the known ones.
 */
function open(alias: Alias): void {
  const known = alias['value'] as ReturnType<typeof $.type.query> | undefined;
  if (alias.symbol?.meta?.resource === 'definition' && known?.['~dsl'] === 'TypeQueryTsDsl') {
    alias.type($.type.or(known, $.type.and('string', $.type.object())));
  }
}

export default defineConfig({
  input: contract,
  output: { path: 'src/generated', module: { extension: '.js' } },
  parser: {
    patch: {
      // What would be generated for streams neither begins with a snapshot nor knows a reset; EventStream does.
      input: ({ paths }) => {
        delete paths?.['/v1/events'];
        delete paths?.['/v1/guest/events'];
      },
    },
  },
  plugins: [
    { name: '@hey-api/client-fetch', throwOnError: true },
    {
      name: '@hey-api/typescript',
      enums: { mode: 'javascript', case: 'camelCase' },
      '~hooks': {
        events: {
          'node:set:before': ({ node }) => {
            if (node?.['~dsl'] === 'TypeAliasTsDsl') {
              open(node as Alias);
            }
          },
        },
      },
    },
    {
      name: '@hey-api/sdk',
      client: false,
      operations: { strategy: 'single', containerName: 'Operations' },
      responseStyle: 'data',
    },
  ],
});
