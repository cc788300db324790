// `ln.DB(...)` and `save()` in a real LaminDB, and the same here on the same two databases: the same rows arrive, under the
// same uids, at the same storage, tied in the same way, in a run of the same transform.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { model } from '../../src/lib/engine/model/model.ts';
import type { SqlDriver } from '../../src/lib/engine/ports.ts';
import { openMemory } from '../../src/lib/storage/sql/memory.ts';
import { openedEngine } from './opened.ts';
import { python, pythonInstance, whyNot } from './python.ts';

const fill = `
import lamindb as ln, bionty as bt
batch = ln.ULabel(name="Batch", is_type=True).save()
label = ln.ULabel(name="batch 1", type=batch, description="the first").save()
loose = ln.ULabel(name="loose").save()
cell = bt.CellType(name="my cell", ontology_id="MY:1").save()
ln.Feature(name="temperature", dtype=float).save()
ln.Feature(name="batch", dtype=ln.ULabel).save()
project = ln.Project(name="Pilot").save()
open("x.csv", "w").write("x\\n1\\n")
artifact = ln.Artifact("x.csv", key="plates/x.csv", description="a plate").save()
artifact.ulabels.add(loose)
artifact.cell_types.add(cell)
artifact.features.add_values({"temperature": 21.5, "batch": "batch 1"})
print(artifact.uid)
`;
const save = `
import lamindb as ln
ln.DB("anonymous/first").Artifact.get(key="plates/x.csv").save(transfer="annotations")
`;

const databaseOf = (folder: string) => new Uint8Array(readFileSync(join(folder, '.lamindb', 'lamin.db')));

const opened = (bytes: Uint8Array) => openedEngine(bytes, 'anonymous/first');

/** Times of this very moment, and uids made up on the way. Of links LaminDB does not say which run made them; here it is said. */
const ofTheMoment: Record<string, string[]> = {
  lamindb_run: ['uid', 'started_at', 'finished_at', 'created_at', 'updated_at'],
  lamindb_transform: ['created_at', 'updated_at', 'hash'],
};

/** The rows of a table with references by uid and without ids, sorted. */
function rowsOf(driver: SqlDriver, name: string): string[] {
  const table = model.tables.get(name);
  if (!table) throw new Error(name);
  const link = table.family !== 'registry';
  const left = ofTheMoment[name] ?? (link ? ['created_at', 'run_id'] : ['updated_at']);
  const columns = table.columns.filter((column) => column.name !== 'id' && !left.includes(column.name));
  const terms = columns.map(({ name: column, references }) => {
    const target = references ? model.tables.get(references.table) : undefined;
    // The run's own uid is made up; that it is the transfer's is told by its transform.
    if (target?.name === 'lamindb_run') return `"${column}" IS NOT NULL`;
    return target?.column.has('uid')
      ? `(SELECT uid FROM "${target.name}" r WHERE r.id = t."${column}")`
      : `t."${column}"`;
  });
  return driver
    .all(`SELECT ${terms.join(', ')} FROM "${name}" t`)
    .map((row) =>
      JSON.stringify(
        Object.fromEntries(
          columns.map(({ name: column }, i) => [column, String(row[i]).replace(/(\.\d{3})000$/, '$1')]),
        ),
      ),
    )
    .sort();
}

describe.skipIf(python === null)(`saving from another database${whyNot}`, () => {
  it('[row 74] brings what LaminDB brings, and the values it leaves behind', async () => {
    const theirs = pythonInstance({ init: false });
    theirs.lamin('init', '--storage', './first', '--modules', 'bionty');
    const uid = theirs.run(fill).trim().split('\n').at(-1) ?? '';
    theirs.lamin('init', '--storage', './second', '--modules', 'bionty');
    const second = join(theirs.folder, 'second');
    const before = databaseOf(second);
    theirs.run(save);
    const after = await openMemory({ bytes: databaseOf(second) });

    const from = await opened(databaseOf(join(theirs.folder, 'first')));
    const to = await opened(before);
    await to.engine.receiveRows(from.engine.packRows('Artifact', [uid]));

    const same = [
      'lamindb_artifact',
      'lamindb_storage',
      'lamindb_ulabel',
      'lamindb_artifactulabel',
      'lamindb_run',
    ];
    same.push(
      'bionty_celltype',
      'bionty_artifactcelltype',
      'lamindb_project',
      'lamindb_artifactproject',
      'lamindb_user',
    );
    const differing: Record<string, { lamindb: string[]; ours: string[] }> = {};
    for (const table of [...same, 'lamindb_transform']) {
      const [lamindb, ours] = [rowsOf(after, table), rowsOf(to.driver, table)];
      if (JSON.stringify(lamindb) !== JSON.stringify(ours)) differing[table] = { lamindb, ours };
    }
    expect(differing).toEqual({});
    expect(rowsOf(after, 'lamindb_artifact')).toHaveLength(1);
    expect(rowsOf(after, 'lamindb_artifactulabel')).toHaveLength(2);

    // LaminDB leaves values of features that are no categories behind.
    expect(after.all('SELECT count(*) FROM lamindb_jsonvalue')).toEqual([[0]]);
    expect(to.driver.all('SELECT value FROM lamindb_jsonvalue')).toEqual([['21.5']]);
    const features = rowsOf(to.driver, 'lamindb_feature');
    expect(features).toEqual(expect.arrayContaining(rowsOf(after, 'lamindb_feature')));
    expect(to.driver.all('PRAGMA foreign_key_check')).toEqual([]);
    for (const { close } of [after, from.driver, to.driver]) close();
  });
});
