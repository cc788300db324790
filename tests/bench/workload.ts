// The measured work, the same in Node and in a browser worker: one round gives every number once, so that ratios come
// from the same minute of the same machine. Rows are made before the clock starts; only the database is measured.
import { model } from '../../src/lib/engine/model/model.ts';
import type { SqlDriver, SqlValue } from '../../src/lib/engine/ports.ts';
import { createInstance, readAuthor } from '../../src/lib/engine/schema/open.ts';
import { runSync } from '../../src/lib/engine/statement.ts';
import { randomUid } from '../../src/lib/engine/uid.ts';
import { insert, insertOne, update } from '../../src/lib/engine/write/apply.ts';
import { closeAct, openAct, slice, type Act } from '../../src/lib/engine/write/commit.ts';
import { createWriter, type Writer } from '../../src/lib/engine/write/writer.ts';
import { openMemory } from '../../src/lib/storage/sql/memory.ts';
import { bulkRows, ftsBuild, ftsTable, perTransaction, plainInsert, pointRead, singles } from './shared.ts';

/** Milliseconds, or bytes where the name says so. */
export type Measures = Record<string, number>;

export interface OpenedBench {
  driver: SqlDriver;
  close(): Promise<void>;
}
export type OpenBench = (initialise: (driver: SqlDriver) => void) => Promise<OpenedBench>;

const random = (bytes: Uint8Array) => crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>);
const clock = () => Date.now();
const now = () => performance.now();
const initialise = (driver: SqlDriver) => createInstance(driver, { model, clock, random, name: 'bench' });

const uids = (n: number) => Array.from({ length: n }, () => randomUid(8, random));
const names = (n: number, prefix: string) => Array.from({ length: n }, (_, i) => `${prefix} ${i}`);

function writerOf(driver: SqlDriver): Writer {
  return createWriter({ driver, model, clock, random, author: readAuthor(driver) });
}

/** A label's row as the write path fills it in: the plain inserts write exactly the same cells. */
export async function labelRow(): Promise<{ columns: string[]; values: SqlValue[]; database: Uint8Array }> {
  const driver = await openMemory();
  initialise(driver);
  const database = driver.serialize();
  writerOf(driver).act({ kind: 'x', title: 'x' }, (tx) =>
    insertOne(tx, 'lamindb_ulabel', { uid: 'AAAAAAAA', name: 'x' }),
  );
  const batch = driver.columns('SELECT * FROM lamindb_ulabel');
  driver.close();
  return { columns: batch.names, values: batch.columns.map((c) => c[0] ?? null), database };
}

/** CPU milliseconds of this process so far: what a busy machine cannot inflate. NaN where nobody can say. */
export type Cpu = () => Promise<number>;

class Stopwatch {
  readonly out: Measures = {};
  constructor(private readonly cpu: Cpu) {}

  /** Adds wall and CPU time, so that a measure may be taken in pieces. */
  async time(name: string, work: () => unknown): Promise<void> {
    const cpu = await this.cpu();
    const start = now();
    await work();
    const wall = now() - start;
    this.out[name] = (this.out[name] ?? 0) + wall;
    this.out[`${name}Cpu`] = (this.out[`${name}Cpu`] ?? 0) + (await this.cpu()) - cpu;
  }

  /** Wall percentiles of single calls and their mean CPU time. */
  async each(name: string, n: number, work: (i: number) => void): Promise<void> {
    const times: number[] = [];
    const cpu = await this.cpu();
    for (let i = 0; i < n; i++) {
      const start = now();
      work(i);
      times.push(now() - start);
    }
    const mean = ((await this.cpu()) - cpu) / n;
    times.sort((a, b) => a - b);
    this.out[`${name}P50`] = times[Math.floor(n * 0.5)] ?? 0;
    this.out[`${name}P50Cpu`] = mean;
    this.out[`${name}P99`] = times[Math.floor(n * 0.99)] ?? 0;
  }
}

/** The same inserts without history: what the engine itself costs. */
async function plainSide(opened: OpenedBench, watch: Stopwatch) {
  const { driver, close } = opened;
  const { columns, values } = await labelRow();
  const sql = plainInsert(columns);
  const total = bulkRows + singles;
  const ids = Array.from({ length: total }, (_, i) => i + 1);
  const given: Record<string, SqlValue[]> = { id: ids, uid: uids(total), name: names(total, 'plain') };
  const part = (from: number, n: number) =>
    columns.map((c, i) => given[c]?.slice(from, from + n) ?? [values[i] ?? null]);
  return {
    insertSlice(from: number): void {
      const bound = part(from, perTransaction);
      driver.run('BEGIN IMMEDIATE');
      driver.many(sql, perTransaction, bound);
      driver.run('COMMIT');
    },
    async reads(): Promise<void> {
      driver.exec(ftsTable);
      await watch.time('ftsBuild', () => driver.run(ftsBuild));
      const wanted = Array.from({ length: 10_000 }, (_, i) => given['uid']?.[(i * 7919) % bulkRows] ?? null);
      await watch.time('pointRead', () => {
        for (const uid of wanted)
          if (driver.all(pointRead, [uid]).length !== 1) throw new Error('lost a row');
      });
      const rows = Array.from({ length: singles }, (_, i) => part(bulkRows + i, 1).map((c) => c[0] ?? null));
      await watch.time('autocommit', () => {
        for (const row of rows) driver.run(sql, row);
      });
    },
    close,
  };
}

const logBytes = (driver: SqlDriver) =>
  Number(driver.all("SELECT sum(pgsize) FROM dbstat WHERE name LIKE '%loam_%'")[0]?.[0]);

/**
 * Acts, undo and redo through the write path. Slices with and without history take turns on two databases: whatever
 * else the machine does meanwhile hits both alike.
 */
export async function round(open: OpenBench, cpu: Cpu): Promise<Measures> {
  const watch = new Stopwatch(cpu);
  let opened: OpenedBench | undefined;
  let made: Writer | undefined;
  await watch.time('open', async () => {
    opened = await open(initialise);
    made = writerOf(opened.driver);
  });
  const { driver, close } = opened as OpenedBench;
  const writer = made as Writer;
  const plain = await plainSide(await open(initialise), watch);

  const few = 3000;
  const small = { uid: uids(few), name: names(few, 'small') };
  const first = writer.act({ kind: 'import', title: 'small' }, (tx) =>
    insert(tx, 'lamindb_ulabel', few, small),
  );
  await watch.time('undoSmall', () => writer.undo());
  await watch.time('redoSmall', () => writer.redo());

  const fresh = logBytes(driver);
  await imports(driver, writer, watch, plain.insertSlice);
  const imported = logBytes(driver);
  watch.out.bytesPerRow = (imported - fresh) / bulkRows;

  await watch.each('edit', singles, (i) =>
    writer.act({ kind: 'rename', title: `Rename ${i}` }, (tx) =>
      update(tx, 'lamindb_ulabel', [(first as number) + i], { name: `renamed ${i}` }),
    ),
  );
  watch.out.bytesPerEdit = (logBytes(driver) - imported) / singles;
  const more = { uid: uids(singles), name: names(singles, 'single') };
  await watch.each('insert', singles, (i) =>
    writer.act({ kind: 'create', title: `Create ${i}` }, (tx) =>
      insertOne(tx, 'lamindb_ulabel', { uid: more.uid[i] ?? null, name: more.name[i] ?? null }),
    ),
  );

  await watch.time('undoBulk', async () => {
    if ((await writer.undo('bulk'))?.restored !== bulkRows) throw new Error('undo left rows');
  });
  await watch.time('redoBulk', async () => {
    if ((await writer.redo())?.restored !== bulkRows) throw new Error('redo left rows');
  });
  const found = Number(driver.all('SELECT count(*) FROM lamindb_ulabel')[0]?.[0]);
  if (found !== bulkRows + few + singles) throw new Error(`${found} rows at the end`);
  await close();
  await plain.reads();
  await plain.close();
  return watch.out;
}

/** One act of many slices, as `longAct` cuts it, and after every ten of them ten plain slices. */
async function imports(
  driver: SqlDriver,
  { journal, author }: Writer,
  watch: Stopwatch,
  insertPlain: (from: number) => void,
): Promise<void> {
  const uid = uids(bulkRows);
  const name = names(bulkRows, 'label');
  const turn = perTransaction * 10;
  let act: Act | undefined;
  for (let from = 0; from < bulkRows; from += turn) {
    const starts = Array.from({ length: turn / perTransaction }, (_, i) => from + i * perTransaction);
    await watch.time('import', () => {
      const spec = { uid: 'bulk', kind: 'import', title: 'bulk' };
      const running = (act ??= runSync(driver, openAct(journal, author, spec)));
      for (const at of starts) {
        const values = {
          uid: uid.slice(at, at + perTransaction),
          name: name.slice(at, at + perTransaction),
        };
        runSync(
          driver,
          slice(journal, author, running, (tx) => insert(tx, 'lamindb_ulabel', perTransaction, values)),
        );
      }
      if (from + turn >= bulkRows) runSync(driver, closeAct(journal, author, running));
    });
    await watch.time('plainImport', () => starts.forEach(insertPlain));
  }
}
