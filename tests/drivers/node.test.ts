// The driver suite in Node: sqlite-wasm in memory, node-sqlite3-wasm on a file, and node:sqlite where Node has it.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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

describe('a lock that node-sqlite3-wasm left beside its file', () => {
  const locked = (by: number | null): string => {
    const file = path();
    openNode(file, { engine: 'wasm' }).close();
    mkdirSync(`${file}.lock`);
    if (by !== null) writeFileSync(`${file}.open-${by}`, '');
    return file;
  };
  /** A process that has ended. */
  const gone = spawnSync(process.execPath, ['-e', '']).pid;

  test('of a killed process is taken away, and what it said with it', () => {
    const file = locked(gone);
    const driver = openNode(file, { engine: 'wasm' });
    driver.exec('CREATE TABLE t(a)');
    expect(existsSync(`${file}.open-${gone}`)).toBe(false);
    expect(existsSync(`${file}.open-${process.pid}`)).toBe(true);
    driver.close();
    expect(existsSync(`${file}.open-${process.pid}`)).toBe(false);
  });

  test.each([
    ['of a living one stays', process.ppid],
    ['of who knows whom stays, and the words say what to do', null],
  ])('%s', (_, by) => {
    const file = locked(by);
    if (by !== null) writeFileSync(`${file}.open-${gone}`, '');
    let error: unknown = null;
    try {
      openNode(file, { engine: 'wasm' });
    } catch (problem) {
      error = problem;
    }
    expect(isLoamError(error, 'DatabaseLocked')).toBe(true);
    expect((error as Error).message).toContain(`left the folder ${file}.lock: remove it.`);
    expect(existsSync(`${file}.lock`)).toBe(true);
    expect(existsSync(`${file}.open-${process.pid}`)).toBe(false);
  });
});
