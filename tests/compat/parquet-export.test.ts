// Registries by parquet between a real LaminDB and ours, both ways.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openNode } from '../../src/lib/storage/sql/node.ts';
import { loam, scratch } from '../cli/run.ts';
import { python, pythonInstance, whyNot } from './python.ts';

describe.skipIf(python === null)(`parquet export${whyNot}`, () => {
  it('LaminDB’s exportdb, with its word None for missing values, becomes a database here', () => {
    const theirs = pythonInstance();
    theirs.run(`
import lamindb as ln, bionty as bt
label = ln.ULabel(name="batch 1").save()
feature = ln.Feature(name="temperature", dtype=float).save()
open("a.csv", "w").write("a,b\\n1,2\\n")
artifact = ln.Artifact("a.csv", key="a.csv").save()
artifact.ulabels.add(label)
artifact.features.add_values({"temperature": 21.5})
`);
    // lamindb-setup 1.27 ends with an error about an abstract model, after all files are written.
    try {
      theirs.lamin('io', 'exportdb', '--modules', 'lamindb,bionty', '--output-dir', './out');
    } catch (error) {
      expect(String(error)).toMatch(/no such table: lamindb_base(?:block|sqlrecord)/);
    }
    const here = scratch();
    loam(here, 'init');
    expect(loam(here, 'io', 'importdb', '--input-dir', join(theirs.folder, 'out'))).toMatchObject({
      code: 0,
    });
    const mine = openNode(join(here, 'storage', '.lamindb', 'lamin.db'));
    const original = openNode(join(theirs.storage, '.lamindb', 'lamin.db'));
    try {
      for (const table of [
        'lamindb_ulabel',
        'lamindb_artifact',
        'lamindb_artifactulabel',
        'lamindb_jsonvalue',
        'bionty_source',
      ]) {
        const sql = `SELECT * FROM "${table}" ORDER BY id`;
        const [ours, wanted] = [mine.columns(sql), original.columns(sql)];
        for (const [i, name] of wanted.names.entries()) {
          const own = ours.columns[ours.names.indexOf(name)]?.map(String) ?? [];
          // Times with three decimals are written out to six.
          const same = wanted.columns[i]?.map((v) =>
            name.endsWith('_at') ? String(v).padEnd(26, '0') : String(v),
          );
          expect(own, `${table}.${name}`).toEqual(same);
        }
        expect(ours.count, table).toBe(wanted.count);
      }
    } finally {
      mine.close();
      original.close();
    }
  });

  it('our export is read by pandas with the types of the columns', () => {
    const here = scratch();
    loam(here, 'init');
    mkdirSync(join(here, 'd'));
    writeFileSync(join(here, 'd', 'x.csv'), 'x\n1\n');
    loam(here, 'save', 'd/x.csv', '--ulabel', 'α');
    loam(here, 'io', 'exportdb', '--output-dir', 'out');
    const theirs = pythonInstance({ init: false });
    const told = theirs.run(
      `
import sys, json, pandas as pd
# Threads of pyarrow that still live when Python ends abort it now and then.
alone = {"use_threads": False, "pre_buffer": False}
a = pd.read_parquet(sys.argv[1] + "/lamindb_artifact.parquet", **alone)
u = pd.read_parquet(sys.argv[1] + "/lamindb_ulabel.parquet", **alone)
print(json.dumps([list(a.key), bool(a.is_latest[0]), a.created_at.dtype.kind, a.description[0], list(u.name)]))
`,
      join(here, 'out'),
    );
    expect(JSON.parse(told)).toEqual([['d/x.csv'], true, 'M', null, ['α']]);
  });
});
