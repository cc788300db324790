// A database goes to Python's LaminDB and comes back: the exported folder answers there as ours does here, whatever
// relation a look-up stands at; what Python writes into it is all there when the file is opened here again.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { model } from '../../src/lib/engine/model/model.ts';
import type { SqlDriver } from '../../src/lib/engine/ports.ts';
import type { AnsweredSpec, QuerySpec } from '../../src/lib/engine/query/answers.ts';
import { adopt } from '../../src/lib/engine/schema/adopt.ts';
import { readHeader } from '../../src/lib/engine/schema/file-header.ts';
import { examine } from '../../src/lib/engine/schema/quarantine.ts';
import { openMemory, openUntrustedMemory } from '../../src/lib/storage/sql/memory.ts';
import { openNode } from '../../src/lib/storage/sql/node.ts';
import { loam, scratch } from '../cli/run.ts';
import { makeExample } from './example.ts';
import { covered, lookupsByRelation } from './lookup-relation-queries.ts';
import { python, pythonInstance, whyNot, type PythonInstance } from './python.ts';
import { allQueries } from './queries.ts';
import { differences, type Facts } from './same-answers.ts';

const databaseBelow = (folder: string) => join(folder, '.lamindb', 'lamin.db');

/** Every table but our own with every column the file has, by rowid: what may not be lost on the way. */
function tablesOf(driver: SqlDriver): Map<string, { columns: string[]; rows: string[] }> {
  const names = driver
    .all(
      `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'loam\\_%' ESCAPE '\\'
       AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name`,
    )
    .map(([name]) => String(name));
  return new Map(
    names.map((name) => {
      const columns = driver.all(`SELECT name FROM pragma_table_info('${name}') ORDER BY name`);
      const list = columns.map(([column]) => `"${String(column)}"`).join(', ');
      const rows = driver.all(`SELECT rowid, ${list} FROM "${name}" ORDER BY rowid`);
      const plain = (value: unknown) => (typeof value === 'bigint' ? `${value}n` : value);
      return [
        name,
        {
          columns: columns.map(([column]) => String(column)),
          rows: rows.map((row) => JSON.stringify(row.map(plain))),
        },
      ];
    }),
  );
}

/** What Python does in the exported folder; it prints what it made as one line of JSON. */
const writeThere = `
import json, bionty as bt, lamindb as ln
label = ln.ULabel(name="from Python").save()
t_cell = bt.CellType.get(name="T cell")
feature = ln.Feature(name="python depth", dtype=float).save()
batch = ln.Feature(name="python batch", dtype=ln.ULabel).save()
open("p.csv", "w").write("p\\n1\\n")
first = ln.Artifact("p.csv", key="from/python.csv").save()
first.ulabels.add(label)
first.cell_types.add(t_cell)
first.features.add_values({"python depth": 21.5, "python batch": "from Python"})
open("p.csv", "w").write("p\\n2\\n")
second = ln.Artifact("p.csv", key="from/python.csv", revises=first).save()
collection = ln.Collection([second], key="from/python").save()
record = ln.Record(name="Python record").save()
transform = ln.Transform(key="there.py", kind="script").save()
run = ln.Run(transform).save()
gone = ln.ULabel(name="gone for good").save()
gone.delete(permanent=True)
trashed = ln.ULabel(name="to the trash").save()
trashed.delete()
old = ln.Artifact.get(key="d/x.csv")
old.description = "changed in Python"
old.save()
ln.Artifact.get(key="d/y.csv").delete(permanent=True, storage=True)
print(json.dumps({"first": first.uid, "second": second.uid, "trashed": trashed.uid, "old": old.uid, "record": record.uid}))
`;

/** Another module's table and a newer LaminDB's column, as a later Python may leave them. */
const leaveMore = `
import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as db:
    db.execute("CREATE TABLE pertdb_biologic (id integer PRIMARY KEY, name text)")
    db.execute("INSERT INTO pertdb_biologic(name) VALUES ('insulin'), ('ß')")
    db.execute("ALTER TABLE lamindb_artifact ADD COLUMN from_the_future text")
    db.execute("UPDATE lamindb_artifact SET from_the_future = 'kept ' || id")
`;

describe.skipIf(python === null)(`a database that goes to Python and comes back${whyNot}`, () => {
  let here: string;
  let out: string;
  let theirs: PythonInstance;

  /** LaminDB's answers in the exported folder, with the storage root that the file here has. */
  function answersThere(specs: readonly QuerySpec[]): Facts {
    const [asked, said] = ['specs.json', 'said.json'].map((name) => join(theirs.folder, name)) as [
      string,
      string,
    ];
    writeFileSync(asked, JSON.stringify(specs));
    theirs.run(readFileSync(new URL('python/answers.py', import.meta.url), 'utf8'), asked, said);
    const answered = JSON.parse(readFileSync(said, 'utf8')) as (AnsweredSpec & { id: string })[];
    return Object.fromEntries(
      answered.map(({ id, answer, error }) => [id, error === undefined ? answer : { error }]),
    );
  }

  beforeAll(async () => {
    here = scratch();
    out = join(here, 'out');
    loam(here, 'init', '--name', 'example');
    const storage = join(here, 'storage');
    const example = await openMemory({ pageSize: 4096 });
    makeExample(example, storage);
    writeFileSync(databaseBelow(storage), example.serialize());
    example.close();
    mkdirSync(join(here, 'd'));
    writeFileSync(join(here, 'd', 'x.csv'), 'x\n1\n');
    writeFileSync(join(here, 'd', 'y.csv'), 'y\n1\n');
    expect(loam(here, 'save', 'd/x.csv', '--ulabel', 'batch 1')).toMatchObject({ code: 0 });
    expect(loam(here, 'save', 'd/y.csv')).toMatchObject({ code: 0 });
    expect(loam(here, 'io', 'python', '--output-dir', out)).toMatchObject({ code: 0 });
    theirs = pythonInstance({ init: false });
    theirs.script(join(out, 'open_in_python.py'));
    theirs.lamin('connect', '--here', 'anonymous/example');
  });

  it('[row 3] the exported folder has the answers that the database has here: each look-up at each type of relation', () => {
    const covering = lookupsByRelation();
    const { relations, lookups } = covered(covering);
    expect(covering.length).toBeGreaterThanOrEqual(200);
    expect(new Set(covering.map(({ covers }) => covers.join())).size).toBe(relations * lookups);
    const facts = answersThere(covering);
    // A question that both refuse proves nothing.
    expect(covering.filter(({ id }) => !Array.isArray(facts[id]))).toEqual([]);
    const driver = openNode(databaseBelow(join(here, 'storage')));
    try {
      expect(differences(driver, covering, facts)).toEqual([]);
    } finally {
      driver.close();
    }
  });

  it('[row 4] [row 7] [row 14] [row 15] so it has for features, searches, uids, descriptions and the rest', () => {
    const facts = answersThere(allQueries());
    const own = openNode(databaseBelow(out));
    try {
      expect(differences(own, allQueries(), facts)).toEqual([]);
    } finally {
      own.close();
    }
  });

  it('[row 2] what Python writes comes back whole, opens in quarantine, and is read here as it is there', async () => {
    const made = JSON.parse(theirs.run(writeThere).trim().split('\n').at(-1) ?? '') as Record<string, string>;
    const facts = answersThere(allQueries());
    theirs.run(leaveMore, databaseBelow(out));
    const bytes = new Uint8Array(readFileSync(databaseBelow(out)));
    const file = openNode(databaseBelow(out));
    const left = tablesOf(file);
    file.close();
    expect(left.get('pertdb_biologic')?.rows).toHaveLength(2);

    const driver = await openUntrustedMemory(bytes);
    const judged = examine(driver, readHeader(bytes.subarray(0, 100), bytes.length), model);
    expect(judged.examination).toMatchObject({ verdict: 'open', reason: null });
    expect(judged.examination.notes.join(' ')).toContain('pertdb_biologic');
    adopt(driver, model, judged, { instance: 'back', clock: () => Date.now() });

    const back = tablesOf(driver);
    expect([...back.keys()]).toEqual([...left.keys()]);
    for (const [table, { columns, rows }] of left) {
      expect(back.get(table)?.columns, table).toEqual(columns);
      expect(back.get(table)?.rows, table).toEqual(rows);
    }
    const one = (sql: string, ...params: string[]) => driver.all(sql, params)[0];
    const artifact = 'SELECT key, is_latest, description FROM lamindb_artifact WHERE uid = ?';
    expect(one(artifact, made['first'] ?? '')).toEqual(['from/python.csv', 0, null]);
    expect(one(artifact, made['second'] ?? '')).toEqual(['from/python.csv', 1, null]);
    expect(one(artifact, made['old'] ?? '')?.[2]).toBe('changed in Python');
    expect(one('SELECT branch_id FROM lamindb_ulabel WHERE uid = ?', made['trashed'] ?? '')).toEqual([-1]);
    expect(one("SELECT count(*) FROM lamindb_ulabel WHERE name = 'gone for good'")).toEqual([0]);
    expect(one("SELECT count(*) FROM lamindb_artifact WHERE key = 'd/y.csv'")).toEqual([0]);

    // The rows that Python wrote are among the answers.
    expect(JSON.stringify(facts)).toContain('from/python.csv');
    expect(differences(driver, allQueries(), facts)).toEqual([]);
    driver.close();
  });
});
