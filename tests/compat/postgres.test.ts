// Real lamindb on a Postgres database that we made: it finds nothing to migrate, connects, saves, labels, deletes and reads
// back; the schema stays LaminDB's own to the last index.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { factDifferences, postgresFacts } from '../../scripts/postgres-facts.mjs';
import { installCapture } from '../../server/capture.ts';
import { followEdits, type Follower } from '../../server/edits-of-others.ts';
import type { CapturedOperation } from '../../server/inbox.ts';
import { openLamindb } from '../../server/lamindb-database.ts';
import { openLoamSchema } from '../../server/loam-schema.ts';
import { installRowSecurity } from '../../server/mirror/row-security.ts';
import { openPostgres } from '../../server/node-postgres.ts';
import type { Postgres } from '../../server/postgres.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import { seed } from '../server/both.ts';
import { startCluster, whyNot as noServer, type Cluster } from '../server/cluster.ts';
import { pythonInstance, whyNot as noPython, type PythonInstance } from './python.ts';

const write = `
import json, bionty as bt, lamindb as ln
label = ln.ULabel(name="from Python").save()
feature = ln.Feature(name="depth", dtype=float).save()
batch = ln.Feature(name="batch", dtype=ln.ULabel).save()
cell = bt.CellType(name="a cell of ours").save()
open("p.csv", "w").write("p\\n1\\n")
first = ln.Artifact("p.csv", key="from/python.csv").save()
first.ulabels.add(label)
first.cell_types.add(cell)
first.features.add_values({"depth": 21.5, "batch": "from Python"})
open("p.csv", "w").write("p\\n2\\n")
second = ln.Artifact("p.csv", key="from/python.csv", revises=first).save()
typed = ln.Record(name="Sample", is_type=True).save()
record = ln.Record(name="sample 1", type=typed).save()
record.features.set_values({"depth": 3.5})
gone = ln.ULabel(name="gone for good").save()
gone.delete(permanent=True)
feature.name = "read depth"
feature.save()
print(json.dumps({"first": first.uid, "second": second.uid, "record": record.uid, "label": label.uid}))
`;

const readBack = `
import json, lamindb as ln
first = ln.Artifact.get(key="from/python.csv", is_latest=False)
print(json.dumps({
    "key": first.key, "labels": list(first.ulabels.values_list("name", flat=True)),
    "values": first.features.get_values(), "versions": first.versions.count(),
    "cells": list(first.cell_types.values_list("name", flat=True)),
    "record": ln.Record.get(name="sample 1").type.name,
    "sources": __import__("bionty").Source.filter().count(),
    "depth": ln.Feature.get(name="read depth").synonyms,
    "gone": ln.ULabel.filter(name="gone for good").count(),
    "user": first.created_by.handle, "branch": first.branch.name, "space": first.space.name,
}, default=str))
`;

const why = noPython || noServer;
describe.skipIf(why !== '')(`[row 69] real lamindb on a Postgres that we made${why}`, () => {
  let cluster: Cluster;
  let postgres: Postgres;
  let there: PythonInstance;
  let address = '';
  let follower: Follower | undefined;
  /** What came back, one list a transaction. */
  const edits: CapturedOperation[][] = [];
  const ask = async (sql: string) => (await postgres.session((session) => session.query(sql))).rows;

  beforeAll(async () => {
    cluster = await startCluster();
    address = cluster.database('lab');
    postgres = await openPostgres({ address });
    await openLamindb(postgres, model, seed);
    // As the server leaves it: LaminDB is to go on as if there were no policies.
    await openLoamSchema(postgres);
    expect((await installRowSecurity(postgres, model, 'instance0001')).why).toBeNull();
    there = pythonInstance({ init: false });
  });
  afterAll(async () => {
    await follower?.stop();
    await postgres?.close();
    cluster?.stop();
  });

  it('connects, and finds nothing to migrate', async () => {
    there.lamin('init', '--storage', './storage', '--db', address, '--name', 'lab', '--modules', 'bionty');
    const committed = JSON.parse(
      readFileSync(new URL('../fixtures/postgres-facts.json', import.meta.url), 'utf8'),
    );
    const facts = await postgres.session((session) =>
      postgresFacts(async (sql) => (await session.query(sql)).rows.map((row) => row.map(String))),
    );
    expect(factDifferences(facts, committed)).toEqual([]);
    // What every instance has is the same row in ours: nothing was written twice.
    expect(await ask('SELECT count(*) FROM lamindb_space')).toEqual([[1]]);
    expect(await ask('SELECT id, uid, name FROM lamindb_branch ORDER BY id')).toEqual([
      [-1, 'tttttttttttt', 'trash'],
      [0, 'aaaaaaaaaaaa', 'archive'],
      [1, 'mmmmmmmmmmmm', 'main'],
    ]);
    expect(await ask('SELECT count(*) FROM bionty_source')).toEqual([[43]]);
    expect(await ask('SELECT count(*) FROM django_migrations')).toEqual([[24]]);
  });

  it('is followed from here on', async () => {
    await postgres.session((session) => installCapture(session, model));
    follower = await followEdits({
      postgres,
      model,
      async take(transaction, pieces) {
        expect(transaction.gaps).toEqual([]);
        const operations: CapturedOperation[] = [];
        for await (const piece of pieces) operations.push(...piece);
        edits.push(operations);
      },
      onError: (error) => {
        throw error;
      },
    });
  });

  it('saves artifacts, versions, labels, values and records, and reads them back', async () => {
    const made = JSON.parse(there.run(write).trim().split('\n').at(-1) ?? '') as Record<string, string>;
    const back = JSON.parse(there.run(readBack).trim().split('\n').at(-1) ?? '');
    expect(back).toEqual({
      key: 'from/python.csv',
      // Once as a label, once as the value of a feature.
      labels: ['from Python', 'from Python'],
      values: { 'read depth': 21.5, batch: 'from Python' },
      versions: 2,
      cells: ['a cell of ours'],
      record: 'Sample',
      sources: 43,
      depth: 'depth',
      gone: 0,
      user: expect.any(String),
      branch: 'main',
      space: 'all',
    });
    expect(
      await ask(
        `SELECT a.uid, u.uid, a.is_latest FROM lamindb_artifact a LEFT JOIN lamindb_artifactulabel l ON l.artifact_id = a.id AND l.feature_id IS NULL
         LEFT JOIN lamindb_ulabel u ON u.id = l.ulabel_id ORDER BY a.id`,
      ),
    ).toEqual([
      [made.first, made.label, 0],
      [made.second, null, 1],
    ]);
  });

  it('what Python did has come back as operations: rows, links, values, a rename, a delete', async () => {
    await follower?.caughtUp();
    const all = edits.flat();
    const about = (kind: string, table: string) =>
      all.filter(({ operation: { k, t } }) => k === kind && t === `lamindb_${table}`);
    const rowsOf = (kind: string, table: string) =>
      about(kind, table).flatMap(({ operation: { n, c, v } }) =>
        Array.from({ length: n }, (_, i) => ({
          ...c,
          ...Object.fromEntries(Object.entries(v ?? {}).map(([name, values]) => [name, values[i]])),
        })),
      );
    const uids = Object.fromEntries(
      (await ask('SELECT name, uid FROM lamindb_feature UNION SELECT name, uid FROM lamindb_ulabel')).map(
        ([name, uid]) => [name, uid],
      ),
    );
    const [first, second] = (await ask('SELECT uid FROM lamindb_artifact ORDER BY id')).flat();
    expect(rowsOf('i', 'artifact').map(({ uid, key }) => [uid, key])).toEqual([
      [first, 'from/python.csv'],
      [second, 'from/python.csv'],
    ]);
    expect(
      rowsOf('i', 'artifactulabel').map(({ artifact_id, ulabel_id, feature_id }) => [
        artifact_id,
        ulabel_id,
        feature_id,
      ]),
    ).toEqual([
      [first, uids['from Python'], undefined],
      [first, uids['from Python'], uids.batch],
    ]);
    expect(rowsOf('i', 'artifactjsonvalue')).toMatchObject([
      { artifact_id: first, jsonvalue_id: [uids['read depth'], expect.any(String)] },
    ]);
    expect(rowsOf('i', 'recordjson')).toMatchObject([{ feature_id: uids['read depth'], value: '3.5' }]);
    // The name, and what LaminDB's own trigger adds to it.
    const renamed = about('u', 'feature').find(({ operation: { c, v } }) => 'name' in { ...c, ...v });
    expect(renamed).toMatchObject({
      operation: { r: [uids['read depth']], c: { name: 'read depth', synonyms: 'depth' } },
      pre: { name: ['depth'], synonyms: [null] },
    });
    const gone = about('d', 'ulabel');
    expect(gone).toMatchObject([{ pre: { name: ['gone for good'], created_by_id: [expect.any(String)] } }]);
    expect(gone[0]?.operation.r).toEqual([
      rowsOf('i', 'ulabel').find(({ name }) => name === 'gone for good')?.uid,
    ]);
  });

  it('one transaction of Python’s is one list', async () => {
    const before = edits.length;
    there.run(`
import lamindb as ln
from django.db import transaction
with transaction.atomic():
    for i in range(3):
        ln.ULabel(name=f"together {i}").save()
`);
    await expect.poll(() => edits.length).toBeGreaterThan(before);
    await follower?.caughtUp();
    const made = edits
      .slice(before)
      .filter((list) => list.some(({ operation: { k, t } }) => k === 'i' && t === 'lamindb_ulabel'));
    expect(made.length).toBe(1);
    expect(made[0]?.map(({ operation: { k, t, n } }) => [k, t, n])).toEqual([['i', 'lamindb_ulabel', 3]]);
  });
});
