// `loam io`: a snapshot of the database, its registries as parquet files in a folder and back, and the folder for Python.
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { asLamindb } from '../src/lib/engine/branch/at-rest.ts';
import { LoamError } from '../src/lib/engine/errors.ts';
import {
  fillTables,
  portableTables,
  readTable,
  tableParts,
} from '../src/lib/engine/interop/registry-tables.ts';
import { model } from '../src/lib/engine/model/model.ts';
import { insertOne } from '../src/lib/engine/write/apply.ts';
import { createParquetTable, readParquetTable } from '../src/lib/formats/parquet-table.ts';
import { absolute, fileOf, withInstance } from './instance.ts';
import { exportForPython } from './io-python.ts';
import { onCopyOf } from './read-only.ts';
import { flags, Usage, type Io, type Verb } from './verb.ts';

/** Rows held at once while a table is written. */
const defaultChunk = 100_000;

export const io: Verb = {
  summary: 'Snapshot the database; its registries as parquet and back; a folder for Python.',
  usage:
    'io snapshot [--output FILE] | io exportdb [--modules lamindb,bionty] [--output-dir DIR] [--chunk-size N] | io importdb [--input-dir DIR] | io python [--output-dir DIR]',
  async run([what, ...args], on) {
    if (what === 'snapshot') return snapshot(args, on);
    if (what === 'exportdb') return exportdb(args, on);
    if (what === 'importdb') return importdb(args, on);
    if (what === 'python') return exportForPython(args, on);
    throw new Usage(what ? `There is no "io ${what}".` : 'Say what to do.');
  },
};

async function snapshot(args: string[], on: Io): Promise<void> {
  const { values } = flags(args, { output: { type: 'string' } });
  const path = absolute(on, values.output ?? './lamin-snapshot.db');
  if (existsSync(path))
    throw new LoamError('InvalidArgument', `${path} exists already. Name another file with --output.`);
  await withInstance(on, async ({ driver, engine }) => {
    // A file that leaves shows main, whatever branch is checked out here.
    engine.rest();
    driver.run('VACUUM INTO ?', [path]);
    on.out(path);
  });
}

async function exportdb(args: string[], on: Io): Promise<void> {
  const { values } = flags(args, {
    modules: { type: 'string' },
    'output-dir': { type: 'string' },
    'chunk-size': { type: 'string' },
  });
  const chunk = Number(values['chunk-size'] ?? defaultChunk);
  if (!Number.isInteger(chunk) || chunk < 1) throw new Usage('--chunk-size takes a whole number above 0.');
  const modules =
    values.modules?.split(',').map((name) => name.trim()) ?? model.modules.map(({ name }) => name);
  await withInstance(on, async ({ driver, engine }) => {
    const folder = absolute(on, values['output-dir'] ?? `./${engine.status().instance}_export`);
    const tables = portableTables(model, modules);
    mkdirSync(folder, { recursive: true });
    let rows = 0;
    // A copy is put on main before it is written.
    await onCopyOf(driver, (copy) => {
      asLamindb(copy, model);
      for (const table of tables) {
        const file = createParquetTable(readTable(copy, table, null, 0));
        for (const part of tableParts(copy, table, chunk)) {
          file.write(part);
          rows += part[0]?.values.length ?? 0;
        }
        writeFileSync(join(folder, `${table.name}.parquet`), file.finish());
      }
    });
    on.out(`Exported ${tables.length} tables with ${rows} rows to ${folder}`);
  });
}

async function importdb(args: string[], on: Io): Promise<void> {
  const { values } = flags(args, { 'input-dir': { type: 'string' } });
  const folder = absolute(on, values['input-dir'] ?? './lamindb_export');
  if (!existsSync(folder) || !statSync(folder).isDirectory())
    throw new LoamError('DoesNotExist', `There is no folder ${folder}.`);
  let tables = 0;
  let rows = 0;
  const own = await withInstance(on, async ({ driver }) => {
    const [row] = driver.all('SELECT uid, instance_uid FROM lamindb_storage ORDER BY id LIMIT 1');
    await fillTables(
      driver,
      model,
      async (table) => {
        const path = join(folder, `${table.name}.parquet`);
        if (!existsSync(path)) return null;
        const { source, close } = fileOf(path);
        try {
          return await readParquetTable(source);
        } catch (error) {
          throw new LoamError('FileUnreadable', `${path} cannot be read: ${(error as Error).message}.`);
        } finally {
          await close();
        }
      },
      (_, count) => {
        tables += 1;
        rows += count;
      },
    );
    return { uid: String(row?.[0]), instance_uid: row?.[1] ?? null };
  });
  // Opened anew, since the import brought its own user and branches.
  await withInstance(on, async ({ driver, engine, storage }) => {
    // The folder of this database stays one of its storages, whatever the import brought.
    if (driver.all('SELECT 1 FROM lamindb_storage WHERE root = ?', [storage]).length > 0) return;
    engine.writer.act({ kind: 'create', title: `Storage ${storage}` }, (tx) =>
      insertOne(tx, 'lamindb_storage', { ...own, root: storage, type: 'local' }),
    );
  });
  on.out(`Imported ${tables} tables with ${rows} rows`);
}
