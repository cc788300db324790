/** The import rule of docs/decisions/0001: one-way imports between rooms. */
const npmAllowedInEngine = '^node_modules/(kysely|yjs|lib0|hash-wasm|fflate)/';
module.exports = {
  forbidden: [
    {
      name: 'engine-is-pure',
      comment: 'The engine sees the world only through engine/ports.ts.',
      severity: 'error',
      from: { path: '^src/lib/engine' },
      to: { pathNot: `^src/lib/engine|${npmAllowedInEngine}` },
    },
    {
      name: 'storage-knows-ports-only',
      severity: 'error',
      from: { path: '^src/lib/storage' },
      to: {
        path: '^src/',
        pathNot: '^src/lib/storage|^src/lib/engine/(ports|errors)\\.ts$',
      },
    },
    {
      name: 'formats-know-ports-only',
      severity: 'error',
      from: { path: '^src/lib/formats' },
      to: { path: '^src/', pathNot: '^src/lib/formats|^src/lib/engine/(ports|errors)\\.ts$' },
    },
    {
      name: 'statements-are-pure',
      comment:
        'What a statement over files means, the same for the page and for Node: no engine, worker or platform.',
      severity: 'error',
      from: { path: '^src/lib/statements' },
      to: { path: '^src/', pathNot: '^src/lib/(statements|formats)|^src/lib/engine/(ports|errors)\\.ts$' },
    },
    {
      name: 'ui-through-client',
      comment: 'Screens reach the engine only through client/; types may be imported.',
      severity: 'error',
      from: { path: '^src/(routes|lib/components)' },
      to: { path: '^src/lib/(engine|storage|workers|formats|statements)', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'client-takes-types-only',
      severity: 'error',
      from: { path: '^src/lib/client' },
      to: {
        path: '^src/lib/(engine|storage|formats)',
        pathNot: '^src/lib/engine/errors\\.ts$',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'sdk-knows-the-wire',
      comment: '`ln` is built on the API that a worker offers, so that it runs wherever that does.',
      severity: 'error',
      from: { path: '^src/lib/sdk' },
      to: {
        path: '^src/',
        pathNot: '^src/lib/sdk|^src/lib/engine/(errors|registry/status)\\.ts$',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'sdk-takes-no-insides',
      comment: 'Of workers it knows the wire alone.',
      severity: 'error',
      from: { path: '^src/lib/sdk' },
      to: {
        path: '^src/',
        pathNot: '^src/lib/(sdk|engine)|^src/lib/workers/(query-|ontology-)?wire\\.ts$',
      },
    },
    {
      name: 'sdk-is-for-all',
      comment: 'The engine and what is below it do not know that there is an SDK.',
      severity: 'error',
      from: { path: '^src/lib/(engine|storage|formats|workers|components)|^src/routes' },
      to: { path: '^src/lib/sdk', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'cli-joins-node-parts',
      comment:
        'The command line is a second place where parts are joined: engine, formats and the storage of Node.',
      severity: 'error',
      from: { path: '^cli' },
      to: {
        path: '^src/',
        pathNot:
          '^src/lib/(engine|formats|sdk|statements)|^src/lib/storage/(sql|blob)/node|^src/lib/storage/net/|^src/lib/storage/remote/(address|range-request|s3)\\.ts$|^src/lib/storage/keys/ed25519\\.ts$|^src/lib/client/view-address\\.ts$',
      },
    },
    {
      name: 'nobody-takes-from-the-cli',
      severity: 'error',
      from: { path: '^src' },
      to: { path: '^cli' },
    },
    {
      name: 'server-joins-the-engine',
      comment:
        'The server runs the engine, on Postgres and on a file of Node; of the rest of the app it knows nothing.',
      severity: 'error',
      from: { path: '^server' },
      to: { path: '^(src|cli)/', pathNot: '^src/lib/engine|^src/lib/storage/((sql|blob)/node|blob/memory)' },
    },
    {
      name: 'nobody-takes-from-the-server',
      severity: 'error',
      from: { path: '^(src|cli)' },
      to: { path: '^server' },
    },
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      from: {
        orphan: true,
        pathNot: [
          '\\.d\\.ts$',
          '^src/routes',
          '^src/service-worker',
          '\\.worker\\.ts$',
          '^src/app\\.d\\.ts$',
          '^cli/(main|ln)\\.ts$',
        ],
      },
      to: {},
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: 'specify',
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.mjs', '.svelte', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'svelte', 'default', 'types'],
    },
  },
};
