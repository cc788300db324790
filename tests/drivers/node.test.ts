// The driver suite in Node: sqlite-wasm in memory, node-sqlite3-wasm on a file, and node:sqlite where Node has it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { isLoamError } from '../../src/lib/engine/errors.ts';
import type { SqlDriver } from '../../src/lib/engine/ports.ts';
import { openMemory } from '../../src/lib/storage/sql/memory.ts';
import { nativeSqlite, openNode } from '../../src/lib/storage/sql/node.ts';
import { driverCases } from './suite.ts';

const folder = mkdtempSync(join(tmpdir(), 'loam-drivers-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const path = () => join(folder, `${++files}.sqlite3`);

function driverSuite(
  name: string,
  open: () => SqlDriver | Promise<SqlDriver>,
  options = { interrupt: true },
): void {
  describe(name, () => {
    for (const { title, needsInterrupt, run } of driverCases) {
      test.skipIf(needsInterrupt && !options.interrupt)(title, async () => {
        const driver = await open();
        try {
          await run(driver, { openBytes: (bytes) => openMemory({ bytes }) });
        } finally {
          driver.close();
        }
      });
    }
  });
}

driverSuite('memory (sqlite-wasm)', () => openMemory());
driverSuite('node-sqlite3-wasm on a file', () => openNode(path(), { engine: 'wasm' }), { interrupt: false });
// Node 20 has no node:sqlite.
describe.skipIf(nativeSqlite() === null)('Node 22.5 and later', () => {
  driverSuite('node:sqlite on a file', () => openNode(path()), { interrupt: false });
});

test('bytes that are no database are DatabaseDamaged', async () => {
  const error: unknown = await openMemory({ bytes: new Uint8Array(8192).fill(65) }).catch((e: unknown) => e);
  expect(isLoamError(error, 'DatabaseDamaged')).toBe(true);
});

test('a file database keeps its rows', () => {
  const file = path();
  const first = openNode(file);
  first.exec('CREATE TABLE t(a); INSERT INTO t VALUES (7)');
  first.close();
  const second = openNode(file);
  expect(second.all('SELECT a FROM t')).toEqual([[7]]);
  second.close();
});
