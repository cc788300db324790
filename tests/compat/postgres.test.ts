// Real lamindb on a Postgres database that we made: it finds nothing to migrate, connects, saves, labels, deletes and reads
// back; the schema stays LaminDB's own to the last index.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { factDifferences, postgresFacts } from '../../scripts/postgres-facts.mjs';
import { openLamindb } from '../../server/lamindb-database.ts';
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
  const ask = async (sql: string) => (await postgres.session((session) => session.query(sql))).rows;

  beforeAll(async () => {
    cluster = await startCluster();
    address = cluster.database('lab');
    postgres = await openPostgres({ address });
    await openLamindb(postgres, model, seed);
    there = pythonInstance({ init: false });
  });
  afterAll(async () => {
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
});
