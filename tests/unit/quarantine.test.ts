// A database file on trial: what is recognised, what is taken out, what is kept, and what is refused in which words.
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { isLoamError } from '../../src/lib/engine/errors.ts';
import { createModel, model } from '../../src/lib/engine/model/model.ts';
import type { Model } from '../../src/lib/engine/model/types.ts';
import { exportStamp, type SqlDriver, type UntrustedDriver } from '../../src/lib/engine/ports.ts';
import { adopt } from '../../src/lib/engine/schema/adopt.ts';
import { readHeader } from '../../src/lib/engine/schema/file-header.ts';
import { fileModel } from '../../src/lib/engine/schema/file-model.ts';
import { readAuthor } from '../../src/lib/engine/schema/open.ts';
import { refuseNewer } from '../../src/lib/engine/schema/own-tables.ts';
import { examine, type Judged } from '../../src/lib/engine/schema/quarantine.ts';
import { insertOne, remove } from '../../src/lib/engine/write/apply.ts';
import { createSyncLog } from '../../src/lib/engine/sync/log.ts';
import { createWriter } from '../../src/lib/engine/write/writer.ts';
import { openMemory, openUntrustedMemory } from '../../src/lib/storage/sql/memory.ts';
import {
  dropOwnTables,
  fixedClock,
  lamindbDriver,
  lamindbFacts,
  lamindbFile,
  seededRandom,
} from '../fixtures/lamindb-file.ts';
import { wetlab } from '../fixtures/wetlab.ts';

const opened: SqlDriver[] = [];
afterEach(() => {
  for (const driver of opened.splice(0)) driver.close();
});

async function trial(
  bytes: Uint8Array,
  of: Model = model,
): Promise<{ driver: UntrustedDriver; judged: Judged }> {
  const header = readHeader(bytes.subarray(0, 100), bytes.length);
  const driver = await openUntrustedMemory(bytes);
  opened.push(driver);
  return { driver, judged: examine(driver, header, of) };
}

async function opens(bytes: Uint8Array, of: Model = model) {
  const { driver, judged } = await trial(bytes, of);
  adopt(driver, of, judged, { instance: 'lab', clock: fixedClock });
  const adopted = await openMemory({ bytes: driver.serialize() });
  opened.push(adopted);
  return { driver: adopted, judged };
}

async function refusal(bytes: Uint8Array): Promise<string> {
  try {
    await trial(bytes);
  } catch (error) {
    if (isLoamError(error, 'FileUnreadable')) return error.message;
    throw error;
  }
  throw new Error('the file was not refused');
}

const patched = (bytes: Uint8Array, at: number, ...values: number[]) => {
  const copy = bytes.slice();
  copy.set(values, at);
  return copy;
};
const utf8 = (text: string) => new TextEncoder().encode(text.padEnd(200, ' '));
const tablesOf = (driver: SqlDriver) =>
  new Set(driver.all("SELECT name FROM sqlite_schema WHERE type = 'table'").map(([name]) => String(name)));

describe('what a file is', () => {
  it('a LaminDB file is recognised with its version, storage and rows', async () => {
    const { judged } = await trial(await lamindbFile());
    const { examination, comparison } = judged;
    expect(examination).toMatchObject({
      instance: 'lab-data',
      instanceUid: lamindbFacts.instanceUid,
      made: 'LaminDB 2.9 to 2.12',
      migration: '0193_squashed',
      storages: [{ uid: lamindbFacts.storageUid, root: lamindbFacts.root, type: 'local' }],
      verdict: 'open',
      reason: null,
      notes: [],
      history: 'none',
    });
    const rows = Object.fromEntries(examination.counts.map((c) => [c.registry, c.rows]));
    expect(rows).toMatchObject({ Artifact: 3, ULabel: 2, Feature: 1, Branch: 3, Source: 43, Gene: 0 });
    expect(comparison).toMatchObject({
      missingTables: [],
      missingColumns: [],
      missingIndexes: [],
      foreignTables: [],
    });
  });

  it.each([
    ['an empty file', new Uint8Array(0), 'The file is empty.'],
    ['text', utf8('{"a": 1}'), 'It is a text file.'],
    ['noise', new Uint8Array(300).fill(7), 'encrypted'],
    ['gzip', patched(utf8(''), 0, 0x1f, 0x8b), 'packed with gzip'],
    ['a zip archive', utf8('PK\x03\x04'), 'unpack it'],
    ['a write-ahead log', patched(utf8(''), 0, 0x37, 0x7f, 0x06, 0x82), '-wal'],
    ['a journal', patched(utf8(''), 0, 0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7), '-journal'],
    ['parquet', utf8('PAR1'), 'parquet'],
    ['a cut header', utf8('SQLite format 3\0').subarray(0, 60), 'cut off'],
  ])('%s is refused in words', async (_name, bytes, words) => {
    const said = await refusal(bytes);
    expect(said).toContain(words);
    expect(said).toContain('Nothing was changed');
  });

  it('headers that lie are refused before SQLite sees the file', async () => {
    const bytes = await lamindbFile();
    expect(await refusal(bytes.subarray(0, bytes.length / 2))).toMatch(
      /cut off: [\d,]+ bytes of [\d,]+ bytes/,
    );
    expect(await refusal(patched(bytes, 16, 0x03, 0x01))).toContain('page size');
    expect(await refusal(patched(bytes, 56, 0, 0, 0, 2))).toContain('UTF-16');
    expect(await refusal(patched(bytes, 19, 7))).toContain('format version 7/1');
    expect(await refusal(patched(bytes, 28, 0x7f, 0xff, 0xff, 0xff))).toContain('cut off');
    expect(await refusal(patched(bytes, 21, 0))).toContain('damaged');
  });

  it('another SQLite database, and a LaminDB before 1.0, are named as what they are', async () => {
    const other = await openMemory();
    other.exec('CREATE TABLE songs(a); CREATE TABLE "albums; DROP TABLE songs"(b)');
    expect(await refusal(other.serialize())).toContain(
      'not a LaminDB database: its tables are songs, albums; DROP',
    );
    other.exec('CREATE TABLE lnschema_core_artifact(id)');
    expect(await refusal(other.serialize())).toContain('before 1.0');
    other.close();
    const lacking = await lamindbFile((driver) => driver.exec('DROP TABLE lamindb_run'));
    expect(await refusal(lacking)).toContain('it lacks lamindb_run');
  });
});

describe('what runs by itself', () => {
  it('triggers, views and virtual tables are taken out and never run; what they say is told', async () => {
    const bytes = await lamindbFile((driver) => {
      driver.exec(`CREATE TRIGGER gone AFTER INSERT ON lamindb_ulabel BEGIN DELETE FROM lamindb_artifact; END;
        CREATE VIEW heavy AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) AS c FROM n;
        CREATE VIRTUAL TABLE words USING fts5(t);
        INSERT INTO words VALUES ('hello')`);
    });
    const { driver, judged } = await opens(bytes);
    expect(driver.all("SELECT name FROM sqlite_schema WHERE type IN ('trigger', 'view')")).toEqual([]);
    expect(driver.all("SELECT name FROM sqlite_schema WHERE sql LIKE 'CREATE VIRTUAL%'")).toEqual([]);
    expect(judged.examination.notes[0]).toContain('1 trigger, 1 view, 1 virtual table (gone, heavy, words)');
    driver.exec("INSERT INTO lamindb_ulabel(uid, name, created_by_id) VALUES ('12345678', 'x', 1)");
    expect(driver.all('SELECT count(*) FROM lamindb_artifact')).toEqual([[3]]);
    expect(driver.all('PRAGMA integrity_check')).toEqual([['ok']]);
  });

  it('columns that compute themselves, or hold another kind of value, are refused', async () => {
    const generated = await lamindbFile((driver) => {
      driver.exec(`PRAGMA foreign_keys=off; DROP TABLE lamindb_branchuser;
        CREATE TABLE lamindb_branchuser (id integer PRIMARY KEY, branch_id integer, user_id integer,
          role varchar(32) AS (hex(zeroblob(200000000))))`);
    });
    expect(await refusal(generated)).toContain('lamindb_branchuser.role is varchar(32) computed by the file');
    const other = await lamindbFile((driver) => {
      driver.exec(`PRAGMA foreign_keys=off; DROP TABLE lamindb_branchuser;
        CREATE TABLE lamindb_branchuser (id integer PRIMARY KEY, branch_id integer, user_id integer, role blob)`);
    });
    expect(await refusal(other)).toContain('lamindb_branchuser.role is BLOB instead of varchar(32)');
  });

  it('damage inside the file is found, also in an index', async () => {
    const bytes = await lamindbFile();
    const driver = await openMemory({ bytes });
    const [page] =
      driver.all("SELECT rootpage FROM sqlite_schema WHERE name LIKE 'lamindb_ulabel_name%'")[0] ?? [];
    driver.close();
    const at = bytes.lastIndexOf('b'.charCodeAt(0), Number(page) * 4096);
    expect(String.fromCharCode(...bytes.subarray(at, at + 5))).toBe('batch');
    expect(await refusal(patched(bytes, at, 'x'.charCodeAt(0)))).toMatch(/damaged: .*index/);
  });
});

describe('[row 109] what is not ours is kept', () => {
  const strange = () =>
    lamindbFile((driver) => {
      driver.exec(`CREATE TABLE wetlab_well (id integer PRIMARY KEY, name text, artifact_id bigint REFERENCES lamindb_artifact(id) DEFERRABLE INITIALLY DEFERRED);
        INSERT INTO wetlab_well VALUES (1, 'A1', 1);
        ALTER TABLE lamindb_ulabel ADD COLUMN "col""or" blob;
        ALTER TABLE lamindb_ulabel ADD COLUMN weight real NOT NULL DEFAULT 1.5;
        UPDATE lamindb_ulabel SET "col""or" = x'00ff10', weight = 2.25 WHERE name = 'batch 2';
        INSERT INTO django_migrations(app, name, applied) VALUES ('lamindb', '0201_v3', '2027-01-01'), ('wetlab', '0001_initial', '2027-01-01')`);
    });

  it('tables and columns of other modules and newer versions are named, kept and passed through', async () => {
    const { driver, judged } = await opens(await strange());
    expect(judged.examination).toMatchObject({
      verdict: 'open',
      made: 'a LaminDB newer than 2.12',
      migration: '0201_v3',
    });
    const said = judged.examination.notes.join('\n');
    expect(said).toContain('1 table (wetlab_well)');
    expect(said).toContain('2 columns (lamindb_ulabel.col"or, lamindb_ulabel.weight)');
    expect(judged.examination.counts).toContainEqual({
      table: 'wetlab_well',
      registry: null,
      module: 'wetlab',
      rows: 1,
    });
    expect(driver.all('SELECT name FROM wetlab_well')).toEqual([['A1']]);

    const extended = fileModel(driver, model);
    const writer = createWriter({
      driver,
      model: extended,
      clock: fixedClock,
      random: seededRandom,
      author: readAuthor(driver),
    });
    const rows = () => driver.all('SELECT id, name, "col""or", weight FROM lamindb_ulabel ORDER BY id');
    const before = rows();
    // A row added here takes the file's own default; a delete and its undo bring the unknown values back.
    writer.act({ kind: 'test', title: 'add' }, (tx) =>
      insertOne(tx, 'lamindb_ulabel', { uid: 'newlabel', name: 'new' }),
    );
    expect(rows().at(-1)).toEqual([3, 'new', null, 1.5]);
    writer.act({ kind: 'test', title: 'delete' }, function* (tx) {
      yield* remove(
        tx,
        'lamindb_artifactulabel',
        driver.all('SELECT id FROM lamindb_artifactulabel').map(([id]) => Number(id)),
      );
      yield* remove(tx, 'lamindb_ulabel', [1, 2, 3]);
    });
    expect(rows()).toEqual([]);
    await writer.undo();
    await writer.undo();
    expect(rows()).toEqual(before);
    await writer.redo();
    expect(rows().at(-1)).toEqual([3, 'new', null, 1.5]);
    // What only the file knows about protects its rows, too.
    expect(() =>
      writer.act({ kind: 'test', title: 'purge' }, (tx) => remove(tx, 'lamindb_artifact', [1])),
    ).toThrow(/referred to/);
  });

  it('a newer version whose rows we cannot fill is shown, not worked in', async () => {
    const bytes = await lamindbFile((driver) => {
      driver.exec(`CREATE TABLE t2 AS SELECT * FROM lamindb_branchuser;
        PRAGMA foreign_keys=off; DROP TABLE lamindb_branchuser; DROP TABLE t2;
        CREATE TABLE lamindb_branchuser (id integer PRIMARY KEY AUTOINCREMENT, branch_id integer NOT NULL, user_id integer NOT NULL, role varchar(32) NOT NULL, rank integer NOT NULL);
        INSERT INTO django_migrations(app, name, applied) VALUES ('lamindb', '0201_v3', '2027-01-01')`);
    });
    const { judged } = await opens(bytes);
    expect(judged.examination).toMatchObject({ verdict: 'read-only' });
    expect(judged.examination.reason).toContain('every row needs lamindb_branchuser.rank');
  });

  it('an older version is filled up, to be shown; the sentence says how to bring it up to date', async () => {
    const bytes = await lamindbFile((driver) => {
      driver.exec("DELETE FROM django_migrations WHERE name >= '0188' AND app = 'lamindb'");
      for (const [name] of driver.all(
        "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql LIKE '%\"suffix\"%' AND tbl_name = 'lamindb_schema'",
      ))
        driver.exec(`DROP INDEX "${String(name)}"`);
      driver.exec(
        'ALTER TABLE lamindb_schema DROP COLUMN suffix; ALTER TABLE lamindb_artifact DROP COLUMN extra_data; DROP TABLE lamindb_artifactartifact',
      );
    });
    const { driver, judged } = await opens(bytes);
    expect(judged.examination).toMatchObject({
      verdict: 'read-only',
      made: 'LaminDB 2.4',
      migration: '0187_squashed',
    });
    expect(judged.examination.reason).toContain('lamin migrate deploy');
    expect(judged.examination.reason).toContain(
      'lamindb_artifactartifact, lamindb_schema.suffix, lamindb_artifact.extra_data',
    );
    expect(driver.all('SELECT count(*), count(extra_data) FROM lamindb_artifact')).toEqual([[3, 0]]);
    expect(driver.all('SELECT count(*) FROM lamindb_artifactartifact')).toEqual([[0]]);
  });

  it('missing and changed indexes are made again; two rows that a rule forbids are named', async () => {
    const bytes = await lamindbFile((driver) => {
      driver.exec(`DROP INDEX unique_branch_name_lower; CREATE INDEX unique_branch_name_lower ON lamindb_branch(description);
        DROP INDEX unique_artifact_storage_key_hash_not_null`);
    });
    const { driver, judged } = await opens(bytes);
    expect(judged.examination.notes).toEqual(['2 indexes missing or changed: made again.']);
    const again = await trial(driver.serialize());
    expect(again.judged.comparison.missingIndexes).toEqual([]);
    const twice = await lamindbFile((d) => {
      d.exec(
        `DROP INDEX unique_branch_name_lower; INSERT INTO lamindb_branch(uid, name, _status_code, space_id, created_by_id) VALUES ('branchbranch', 'MAIN', 0, 1, 1)`,
      );
    });
    await expect(opens(twice)).rejects.toThrow(/lamindb_branch holds two rows .* unique_branch_name_lower/);
  });
});

describe('modules', () => {
  it('a module that a file lacks gets its tables, first rows and migrations; one that it has keeps them', async () => {
    const extended = createModel([wetlab]);
    const without = await lamindbFile((driver) => {
      driver.exec('PRAGMA foreign_keys=off');
      for (const name of tablesOf(driver))
        if (name.startsWith('bionty_')) driver.exec(`DROP TABLE "${name}"`);
      driver.exec("DELETE FROM django_migrations WHERE app = 'bionty'");
    });
    const { driver, judged } = await opens(without, extended);
    expect(judged.examination.notes).toEqual([
      'It has no tables of bionty: they are made, empty.',
      'It has no tables of wetlab: they are made, empty.',
    ]);
    expect(driver.all('SELECT count(*) FROM bionty_source')).toEqual([[43]]);
    expect(driver.all("SELECT name FROM django_migrations WHERE app = 'bionty' ORDER BY id")).toEqual([
      ['0064_squashed'],
      ['0065_lamindb_v2_2'],
      ['0065_squashed'],
    ]);
    driver.exec("INSERT INTO wetlab_sample(uid, name, created_by_id) VALUES ('samplesample', 'S1', 1)");
    dropOwnTables(driver);
    const again = await opens(driver.serialize(), extended);
    expect(again.judged.examination.notes).toEqual([]);
    expect(again.judged.examination.counts).toContainEqual({
      table: 'wetlab_sample',
      registry: 'Sample',
      module: 'wetlab',
      rows: 1,
    });
    expect(again.driver.all('SELECT name FROM wetlab_sample')).toEqual([['S1']]);
  });
});

describe('our own log in a file', () => {
  const stamped = (bytes: Uint8Array) => {
    const copy = bytes.slice();
    const view = new DataView(copy.buffer);
    view.setUint32(24, exportStamp);
    view.setUint32(92, exportStamp);
    return copy;
  };
  const reopened = (driver: SqlDriver) =>
    createWriter({ driver, model, clock: fixedClock, random: seededRandom, author: readAuthor(driver) });

  it('an export that nobody wrote to comes back with its history and undo', async () => {
    const own = await lamindbDriver();
    opened.push(own);
    own.run(
      "INSERT INTO loam_drop(uid, item, state, detail, at) VALUES ('d', 'key-of-someone', 'purged', '', 1)",
    );
    const { driver, judged } = await opens(stamped(own.serialize()));
    expect(judged.examination).toMatchObject({ history: 'kept', instance: 'lab', notes: [] });
    expect(driver.all('SELECT count(*) FROM loam_drop')).toEqual([[0]]);
    expect(await reopened(driver).undo()).toMatchObject({ restored: 14, skipped: [] });
    expect(driver.all('SELECT count(*) FROM lamindb_artifact')).toEqual([[0]]);
  });

  it('a file that another program may have written to keeps its history, and its earlier acts are closed', async () => {
    const own = await lamindbDriver();
    opened.push(own);
    createSyncLog(own, reopened(own).journal).turnOn();
    reopened(own).act({ kind: 'create', title: 'Synced' }, (tx) =>
      insertOne(tx, 'lamindb_ulabel', { uid: 'synced00', name: 'synced' }),
    );
    own.run("INSERT INTO loam_setting(name, value) VALUES ('sync remote', '{}')");
    const { driver: kept } = await opens(stamped(own.serialize()));
    // Where it belonged to is not taken along: opening a file must not send what somebody put into it.
    expect(kept.all("SELECT * FROM loam_setting WHERE name = 'sync remote'")).toEqual([]);
    expect(createSyncLog(kept, reopened(kept).journal).unsent()).toBe(1);
    const written = await openMemory({ bytes: stamped(own.serialize()) });
    opened.push(written);
    written.exec("UPDATE lamindb_artifact SET description = 'by Python'");
    const { driver, judged } = await opens(written.serialize());
    expect(judged.examination.history).toBe('closed');
    expect(judged.examination.notes.join()).toContain('can no longer be undone');
    expect(await reopened(driver).undo()).toBeNull();
    expect(await reopened(driver).redo()).toBeNull();
    // Its logs do not know what Python did: it is synced no more.
    expect(reopened(driver).journal.places).toBeNull();
    expect(driver.all('SELECT count(*) FROM loam_sync_item')).toEqual([[0]]);
    expect(driver.all('SELECT count(*) FROM loam_record')).not.toEqual([[0]]);
  });

  it('a file from before logs were synced has a whole log, and one that is synced is refused by a Loam from before', async () => {
    const own = await lamindbDriver();
    opened.push(own);
    const old = await openMemory({ bytes: own.serialize() });
    opened.push(old);
    for (const table of ['loam_sync_doc', 'loam_sync_client', 'loam_sync_item'])
      old.exec(`DROP TABLE ${table}`);
    const { driver, judged } = await opens(stamped(old.serialize()));
    expect(judged.examination.history).toBe('kept');
    const { journal } = reopened(driver);
    expect(journal.places).toBeNull();
    // As it was made there, packed or not.
    expect(() => refuseNewer(own, 2)).not.toThrow();
    createSyncLog(own, reopened(own).journal).turnOn();
    expect(() => refuseNewer(own, 2)).toThrow(/newer Loam/);
    expect(() => refuseNewer(own)).not.toThrow();
    // Packing later does not make it readable for an older one.
    const writer = reopened(own);
    for (let i = 0; i < 12; i++)
      writer.act({ kind: 'create', title: 'Label' }, (tx) =>
        insertOne(tx, 'lamindb_ulabel', { uid: `packed0${i.toString(36)}`, name: `packed ${i}` }),
      );
    expect(writer.pack({ size: 5, keep: 1, bytes: 5000 })).toBe(5);
    expect(() => refuseNewer(own, 2)).toThrow(/newer Loam/);
  });

  it('tables of our name that are not ours are left out; a newer log is refused', async () => {
    const other = await lamindbFile((driver) =>
      driver.exec('CREATE TABLE loam_setting(a); CREATE TABLE loam_cache(b)'),
    );
    const { driver, judged } = await opens(other);
    expect(judged.examination.notes).toEqual([
      'Tables of another Loam in it are of no use here and are left out.',
    ]);
    expect(tablesOf(driver).has('loam_cache')).toBe(false);
    const own = await lamindbDriver();
    opened.push(own);
    own.run("INSERT INTO loam_setting(name, value) VALUES ('version', '99')");
    expect(await refusal(own.serialize())).toContain('A newer Loam wrote this file');
  });
});

const quickstart = resolve(
  process.env.LOAM_FIXTURES ?? '../shared',
  'fixtures/lamindb/quickstart.lamindb.sqlite',
);
const there = existsSync(quickstart);

describe.skipIf(!there)(`a real LaminDB database${there ? '' : ' (skipped: no LOAM_FIXTURES)'}`, () => {
  it('[row 1] is recognised whole, with the row count of every registry', async () => {
    const manifest = JSON.parse(readFileSync(resolve(quickstart, '../manifest.json'), 'utf8')) as {
      storage_root_in_db: string;
      non_empty_tables: Record<string, number>;
    };
    const { driver, judged } = await opens(new Uint8Array(readFileSync(quickstart)));
    expect(judged.examination).toMatchObject({
      made: 'LaminDB 2.9 to 2.12',
      verdict: 'open',
      notes: [],
      storages: [{ root: manifest.storage_root_in_db }],
    });
    for (const { table, rows } of judged.examination.counts)
      expect(rows, table).toBe(manifest.non_empty_tables[table] ?? 0);
    expect(judged.examination.counts.length).toBe(30);
    for (const [table, count] of Object.entries(manifest.non_empty_tables))
      expect(driver.all(`SELECT count(*) FROM "${table}"`), table).toEqual([[count]]);
  });
});
