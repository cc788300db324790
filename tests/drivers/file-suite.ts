// Cases over a whole database file in the browser: creation, reopening, export and replacement.
import { isLoamError } from '../../src/lib/engine/errors.ts';
import type { ReadableStreamLike } from '../../src/lib/engine/ports.ts';
import { openMemory } from '../../src/lib/storage/sql/memory.ts';
import type { OpenedDatabase, OpenOptions } from '../../src/lib/storage/sql/opened.ts';

export type Open = (options?: Partial<OpenOptions>) => Promise<OpenedDatabase>;
export interface FileCase {
  title: string;
  run(open: Open): Promise<void>;
}

const schema = (driver: { exec(sql: string): void }) =>
  driver.exec("CREATE TABLE t(a); INSERT INTO t VALUES ('first')");

function same(actual: unknown, expected: unknown): void {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== b) throw new Error(`got ${a}, wanted ${b}`);
}

async function bytesOf(stream: ReadableStreamLike): Promise<Uint8Array> {
  const reader = stream.getReader();
  const parts: Uint8Array[] = [];
  for (let part = await reader.read(); !part.done; part = await reader.read())
    if (part.value) parts.push(part.value);
  return new Uint8Array(await new Blob(parts as Uint8Array<ArrayBuffer>[]).arrayBuffer());
}

export const fileCases: FileCase[] = [
  {
    title: 'a new database is initialised once and keeps its rows when opened again',
    async run(open) {
      const first = await open({ initialise: schema });
      same([first.created, first.driver.durable], [true, true]);
      first.driver.run('INSERT INTO t VALUES (?)', ['second']);
      await first.close();
      const again = await open({ initialise: schema });
      same([again.created, again.driver.all('SELECT a FROM t')], [false, [['first'], ['second']]]);
      same(again.driver.all('PRAGMA page_size'), [[4096]]);
      await again.close();
    },
  },
  {
    title: 'a new database may come as a template, is filled once, and again where that was cut off',
    async run(open) {
      const blank = await openMemory({ pageSize: 4096 });
      blank.exec('CREATE TABLE t(a)');
      const bytes = blank.serialize();
      blank.close();
      let filled = 0;
      const options: Partial<OpenOptions> = {
        template: () => bytes,
        unfinished: (driver) => driver.all('SELECT 1 FROM t').length === 0,
        initialise(driver) {
          driver.exec('CREATE TABLE IF NOT EXISTS t(a)');
          if (filled++ === 0) throw new Error('killed');
          driver.exec("INSERT INTO t VALUES ('first')");
        },
      };
      const cut = await open(options).catch((error: unknown) => error);
      same(cut instanceof Error && cut.message, 'killed');
      for (let i = 0; i < 2; i++) {
        const opened = await open(options);
        same(opened.driver.all('SELECT a FROM t'), [['first']]);
        await opened.close();
      }
      same(filled, 2);
    },
  },
  {
    title: 'export streams every committed row, and writing goes on while it is read',
    async run(open) {
      const opened = await open({ initialise: schema });
      const ids = Array.from({ length: 30_000 }, (_, i) => `row ${i} of a longer text`);
      opened.driver.many('INSERT INTO t VALUES (?)', ids.length, [ids]);
      const stream = await opened.file.export();
      opened.driver.many('INSERT INTO t VALUES (?)', ids.length, [ids]);
      const copy = await openMemory({ bytes: await bytesOf(stream) });
      same(copy.all('SELECT count(*) FROM t'), [[30_001]]);
      same(copy.all('PRAGMA integrity_check'), [['ok']]);
      copy.close();
      same(opened.driver.all('SELECT count(*) FROM t'), [[60_001]]);
      if ((await opened.file.size()) < 500_000) throw new Error('size is too small');
      await opened.close();
    },
  },
  {
    title: 'replace brings another file in by chunks',
    async run(open) {
      const other = await openMemory();
      other.exec("CREATE TABLE other(b); INSERT INTO other VALUES ('imported')");
      const bytes = other.serialize();
      other.close();
      const opened = await open({ initialise: schema });
      opened.driver.close();
      let at = 0;
      await opened.file.replace(async () => (at < bytes.length ? bytes.slice(at, (at += 4096)) : undefined));
      const driver = opened.reopen();
      same(driver.all('SELECT b FROM other'), [['imported']]);
      if (driver.kind === 'opfs-sahpool') same(driver.all('PRAGMA journal_mode'), [['wal']]);
      driver.run("INSERT INTO other VALUES ('more')");
      await opened.close();
      const again = await open();
      same(again.driver.all('SELECT count(*) FROM other'), [[2]]);
      await again.close();
    },
  },
  {
    title: 'a replacement that is no database leaves the old one in place',
    async run(open) {
      const opened = await open({ initialise: schema });
      opened.driver.close();
      let given = false;
      const error: unknown = await opened.file
        .replace(async () => (given ? undefined : ((given = true), new Uint8Array(8192).fill(7))))
        .catch((e: unknown) => e);
      if (!isLoamError(error, 'DatabaseDamaged')) throw new Error(`got ${String(error)}`);
      same(opened.reopen().all('SELECT a FROM t'), [['first']]);
      await opened.close();
    },
  },
  {
    title: 'a failing initialise leaves no database behind and does not block the next try',
    async run(open) {
      const fails = () => {
        throw new Error('no schema');
      };
      const error: unknown = await open({ initialise: fails }).catch((e: unknown) => e);
      if (!(error instanceof Error) || error.message !== 'no schema') throw new Error(`got ${String(error)}`);
      const opened = await open({ initialise: schema });
      same([opened.created, opened.driver.all('SELECT a FROM t')], [true, [['first']]]);
      await opened.close();
    },
  },
];
