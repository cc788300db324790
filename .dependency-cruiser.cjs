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
      name: 'ui-through-client',
      comment: 'Screens reach the engine only through client/; types may be imported.',
      severity: 'error',
      from: { path: '^src/(routes|lib/components)' },
      to: { path: '^src/lib/(engine|storage|workers|formats)', dependencyTypesNot: ['type-only'] },
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
