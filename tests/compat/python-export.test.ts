// There and back: our export opens in Python's LaminDB with every row and file, Python writes to it, and the file comes
// back here with nothing lost.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { model } from '../../src/lib/engine/model/model.ts';
import type { SqlDriver } from '../../src/lib/engine/ports.ts';
import { adopt } from '../../src/lib/engine/schema/adopt.ts';
import { readHeader } from '../../src/lib/engine/schema/file-header.ts';
import { examine } from '../../src/lib/engine/schema/quarantine.ts';
import { openUntrustedMemory } from '../../src/lib/storage/sql/memory.ts';
import { openNode } from '../../src/lib/storage/sql/node.ts';
import { loam, scratch } from '../cli/run.ts';
import { python, pythonInstance, whyNot } from './python.ts';

/** Every row of every table but the instance's own places, by uid or all columns. */
function content(driver: SqlDriver): Map<string, string[]> {
  const out = new Map<string, string[]>();
  for (const table of model.tables.values()) {
    const columns = table.columns
      .map((c) => c.name)
      .filter((name) => table.name !== 'lamindb_storage' || !['root', 'instance_uid'].includes(name));
    const rows = driver.all(
      `SELECT ${columns.map((c) => `"${c}"`).join(', ')} FROM "${table.name}" ORDER BY id`,
    );
    out.set(
      table.name,
      rows.map((row) => JSON.stringify(row.map((v) => (typeof v === 'bigint' ? String(v) : v)))),
    );
  }
  return out;
}

describe.skipIf(python === null)(`an export for Python${whyNot}`, () => {
  it('[row 2] opens in LaminDB, all rows equal by uid; files resolve; what Python writes comes back', async () => {
    const here = scratch();
    loam(here, 'init', '--name', 'my-lab');
    mkdirSync(join(here, 'd', 'plates'), { recursive: true });
    writeFileSync(join(here, 'd', 'x.csv'), 'x\n1\n');
    writeFileSync(join(here, 'd', 'plates', 'a.txt'), 'plate a');
    loam(here, 'save', 'd/x.csv', '--ulabel', 'batch α');
    loam(here, 'save', 'd/plates', '--project', 'Project 1');
    const out = join(here, 'out');
    expect(loam(here, 'io', 'python', '--output-dir', out)).toMatchObject({ code: 0 });
    const database = join(out, '.lamindb', 'lamin.db');
    const original = openNode(join(here, 'storage', '.lamindb', 'lamin.db'));
    const exported = openNode(database);
    expect(content(exported)).toEqual(content(original));
    expect(exported.all("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'loam%'")).toEqual([[0]]);
    expect(exported.all('PRAGMA page_size')).toEqual([[4096]]);
    const uids = (sql: string) => original.all(sql).map(([uid]) => String(uid));
    const artifacts = uids('SELECT uid FROM lamindb_artifact ORDER BY uid');
    exported.close();
    // Bytes 18 and 19 of the header: 1 is a rollback journal.
    expect([...readFileSync(database).subarray(18, 20)]).toEqual([1, 1]);

    const theirs = pythonInstance({ init: false });
    theirs.script(join(out, 'open_in_python.py'));
    theirs.lamin('connect', '--here', 'anonymous/my-lab');
    const told = JSON.parse(
      theirs
        .run(
          `
import lamindb as ln, json
label = ln.ULabel.get(name="batch α")
rows = sorted((a.uid, a.path.exists(), sorted(u.name for u in a.ulabels.all())) for a in ln.Artifact.filter().all())
label2 = ln.ULabel(name="from Python").save()
open("p.csv", "w").write("p\\n2\\n")
new = ln.Artifact("p.csv", key="from/python.csv").save()
new.ulabels.add(label2)
print(json.dumps({"rows": rows, "new": new.uid, "label": label.uid, "content": ln.Artifact.get(key="d/x.csv").path.read_text()}))
`,
        )
        .trim()
        .split('\n')
        .at(-1) ?? '',
    ) as { rows: [string, boolean, string[]][]; new: string; content: string };
    expect(told.rows.map(([uid]) => uid)).toEqual(artifacts);
    expect(told.rows.every(([, there]) => there)).toBe(true);
    expect(told.rows.flatMap(([, , labels]) => labels)).toEqual(['batch α']);
    expect(told.content).toBe('x\n1\n');

    // Back here: checked, adopted, and not one row or column of what Python left is missing.
    const bytes = new Uint8Array(readFileSync(database));
    const before = openNode(database);
    const left = content(before);
    before.close();
    const driver = await openUntrustedMemory(bytes);
    const judged = examine(driver, readHeader(bytes.subarray(0, 100), bytes.length), model);
    expect(judged.examination).toMatchObject({ verdict: 'open', notes: [], reason: null });
    adopt(driver, model, judged, { instance: 'back', clock: () => Date.now() });
    expect(content(driver)).toEqual(left);
    expect(driver.all('SELECT key FROM lamindb_artifact WHERE uid = ?', [told.new])).toEqual([
      ['from/python.csv'],
    ]);
    for (const [table, rows] of content(original)) {
      if (table === 'lamindb_storage') continue;
      expect(left.get(table), table).toEqual(expect.arrayContaining(rows));
    }
    driver.close();
    original.close();
  });

  it('the script refuses a name that another folder has, and follows a folder that moved', () => {
    const here = scratch();
    loam(here, 'init', '--name', 'lab');
    const theirs = pythonInstance({ init: false });
    for (const name of ['one', 'two']) loam(here, 'io', 'python', '--output-dir', join(here, name));
    theirs.script(join(here, 'one', 'open_in_python.py'));
    expect(() => theirs.script(join(here, 'two', 'open_in_python.py'))).toThrow(/registered already/);
    theirs.script(join(here, 'two', 'open_in_python.py'), '--name', 'other');
    theirs.script(join(here, 'one', 'open_in_python.py'));
    const moved = spawnSync('mv', [join(here, 'one'), join(here, 'three')]);
    expect(moved.status).toBe(0);
    expect(() => theirs.script(join(here, 'three', 'open_in_python.py'))).toThrow(/registered already/);
    theirs.script(join(here, 'three', 'open_in_python.py'), '--force');
    theirs.lamin('connect', '--here', 'anonymous/lab');
    expect(theirs.run('import lamindb as ln; print(ln.Artifact.filter().count())').trim().endsWith('0')).toBe(
      true,
    );
  });
});
