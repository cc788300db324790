// What must hold for the repository itself: it installs anywhere, names no machine, and its rules bite.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string) => readFileSync(join(root, path), 'utf8');

/** Tracked files that are still there, as [path, text]; bytes that are no text do no harm here. */
const tracked = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' })
  .split('\0')
  .filter((path) => path !== '' && existsSync(join(root, path)));

// Built from pieces, so that this file does not contain what it looks for.
const packageHosts = [
  ['registry', 'npmjs', 'org'].join('.'),
  ['registry', 'yarnpkg', 'com'].join('.'),
  ['npm', 'pkg', 'github', 'com'].join('.'),
];
const packageHost = new RegExp(
  `${packageHosts.join('|')}|https?://[^/\\s"']*(artifactory|nexus|verdaccio)`,
  'i',
);
const machinePath = new RegExp(
  ['/ro' + 'ot/', '/ho' + 'me/\\w+/', '/Us' + 'ers/\\w+/', '/wo' + 'rk/'].join('|'),
);
// Texts of others, taken over word by word.
const foreign = /^(THIRD-PARTY-NOTICES\.md|LICENSE)$|^tests\/fixtures\//;

describe('files', () => {
  test('the lock file names no host to fetch from', () => {
    const lock = JSON.parse(read('package-lock.json'));
    expect(
      Object.entries<{ resolved?: string }>(lock.packages)
        .filter(([, entry]) => /^https?:/.test(entry.resolved ?? ''))
        .map(([path]) => path),
    ).toEqual([]);
  });

  test('no file names a package host or a path of one machine', () => {
    const found = tracked
      .filter((path) => !foreign.test(path))
      .flatMap((path) =>
        read(path)
          .split('\n')
          .flatMap((line, index) =>
            packageHost.test(line) || machinePath.test(line)
              ? [`${path}:${index + 1} ${line.slice(0, 120)}`]
              : [],
          ),
      );
    expect(found).toEqual([]);
  });

  test('the README names the two commands, and they exist', () => {
    expect(read('README.md')).toContain('npm start');
    expect(read('README.md')).toContain('npm test');
    expect(JSON.parse(read('package.json')).scripts).toMatchObject({
      start: expect.any(String),
      test: expect.any(String),
    });
  });

  test('every decision record is numbered, once, and has a title', () => {
    const names = readdirSync(join(root, 'docs/decisions')).filter((name) => name.endsWith('.md'));
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) {
      expect(name).toMatch(/^\d{4}-[a-z0-9-]+\.md$/);
      expect(read(`docs/decisions/${name}`), name).toMatch(/^# \S/);
    }
    const numbers = names.map((name) => name.slice(0, 4));
    expect(new Set(numbers).size).toBe(numbers.length);
  });

  test('the third-party notices are current', () => {
    const check = spawnSync(process.execPath, [join(root, 'scripts/notices.mjs'), '--check'], {
      encoding: 'utf8',
    });
    expect(check.stderr).toBe('');
    expect(check.status).toBe(0);
  });
});

describe('the import rule', () => {
  /** A small tree with one break of each rule; `clean` breaks none. */
  const planted: Record<string, string> = {
    'src/lib/engine/ports.ts': `export interface Port { a: number }`,
    'src/lib/engine/impure.ts': `import '../storage/disk.ts';`,
    'src/lib/storage/disk.ts': `import { read } from '../formats/csv.ts'; read();`,
    'src/lib/formats/csv.ts': `import '../engine/secret.ts'; export const read = () => {};`,
    'src/lib/engine/secret.ts': `export const secret = 1;`,
    'src/lib/client/door.ts': `import '../engine/secret.ts';`,
    'src/routes/+page.ts': `import '../lib/engine/secret.ts';`,
    'src/lib/engine/one.ts': `import './two.ts';`,
    'src/lib/engine/two.ts': `import './one.ts';`,
    'src/lib/engine/alone.ts': `export const alone = 1;`,
    'src/lib/sdk/takes.ts': `import '../../../server/main.ts';`,
    'server/main.ts': `import '../src/lib/client/door.ts'; import '../src/lib/engine/secret.ts';`,
    'src/lib/storage/clean.ts': `import type { Port } from '../engine/ports.ts'; export type P = Port;`,
    'tsconfig.json': `{ "compilerOptions": { "module": "ESNext", "moduleResolution": "bundler" } }`,
  };

  test('every planted break is found, and nothing else', () => {
    const tree = mkdtempSync(join(tmpdir(), 'loam-rules-'));
    try {
      for (const [path, text] of Object.entries(planted)) {
        mkdirSync(dirname(join(tree, path)), { recursive: true });
        writeFileSync(join(tree, path), text);
      }
      const program = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
      const config = join(root, '.dependency-cruiser.cjs');
      const run = spawnSync(
        process.execPath,
        [program, 'src', 'server', '--config', config, '--output-type', 'json'],
        {
          cwd: tree,
          encoding: 'utf8',
        },
      );
      const found = JSON.parse(run.stdout).summary.violations.map(
        (violation: { rule: { name: string }; from: string }) => `${violation.rule.name} ${violation.from}`,
      );
      expect(new Set(found)).toEqual(
        new Set([
          'engine-is-pure src/lib/engine/impure.ts',
          'storage-knows-ports-only src/lib/storage/disk.ts',
          'formats-know-ports-only src/lib/formats/csv.ts',
          'client-takes-types-only src/lib/client/door.ts',
          'ui-through-client src/routes/+page.ts',
          'server-joins-the-engine server/main.ts',
          'nobody-takes-from-the-server src/lib/sdk/takes.ts',
          // A circle is reported once, from where it is entered.
          'no-circular src/lib/engine/one.ts',
          'no-orphans src/lib/engine/alone.ts',
        ]),
      );
    } finally {
      rmSync(tree, { recursive: true, force: true });
    }
  }, 60_000);
});
