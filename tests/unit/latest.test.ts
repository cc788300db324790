// `is_latest` of many families changed in one act: what the rule says, whichever of them are looked at.
import { beforeAll, expect, it } from 'vitest';
import type { SqlDriver } from '../../src/lib/engine/ports.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import { restoreRows, trashRows } from '../../src/lib/engine/registry/trash.ts';
import { tableOf } from '../../src/lib/engine/write/journal.ts';
import { insert } from '../../src/lib/engine/write/apply.ts';
import { memoryEngine } from './memory-engine.ts';

type Opened = Awaited<ReturnType<typeof memoryEngine>>;
let opened: Opened;
let driver: SqlDriver;
const families = 40;
const artifacts = tableOf(model, 'lamindb_artifact');

beforeAll(async () => {
  opened = await memoryEngine();
  driver = opened.driver;
  // One to three versions each; the counter is the last character of the uid.
  const uids = Array.from({ length: families }, (_, i) =>
    Array.from({ length: 1 + (i % 3) }, (_v, v) => `${String(i).padStart(16, 'f')}000${v}`),
  ).flat();
  opened.engine.writer.act({ kind: 'x', title: 'x' }, (tx) =>
    insert(tx, 'lamindb_artifact', uids.length, {
      uid: uids,
      key: uids.map((uid) => `k${uid}`),
      hash: uids,
      suffix: '',
      size: 1,
      storage_id: 1,
      _key_is_virtual: 1,
      _overwrite_versions: 0,
    }),
  );
});

/** The rule of derived.ts, row by row. */
function expected(): (readonly [string, number])[] {
  const rows = driver
    .all('SELECT uid, branch_id, created_at, id FROM lamindb_artifact ORDER BY uid')
    .map(([uid, branch, at, id]) => ({
      uid: String(uid),
      branch: Number(branch),
      at: String(at),
      id: Number(id),
    }));
  return rows.map((row) => {
    const family = rows.filter((one) => one.uid.slice(0, 16) === row.uid.slice(0, 16));
    const [newest] = family
      .filter((one) => one.branch === row.branch)
      .sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : b.id - a.id));
    const latest = newest === row && !(row.branch === -1 && family.some((one) => one.branch !== -1));
    return [row.uid, latest ? 1 : 0] as const;
  });
}
const actual = () => driver.all('SELECT uid, is_latest FROM lamindb_artifact ORDER BY uid');
const ids = (where: string) =>
  driver.all(`SELECT id FROM lamindb_artifact WHERE ${where} ORDER BY id`).map(([id]) => Number(id));

it('follows the rule when many are made, trashed, restored and undone at once', async () => {
  expect(actual()).toEqual(expected());
  const { writer } = opened.engine;
  for (const where of ['id % 2 = 0', "uid LIKE '%0001'", '1']) {
    writer.act({ kind: 'trash', title: where }, (tx) =>
      trashRows(tx, artifacts, ids(`${where} AND branch_id = 1`)),
    );
    expect([where, actual()]).toEqual([where, expected()]);
    await opened.engine.undo();
    expect(['undone', actual()]).toEqual(['undone', expected()]);
    await opened.engine.redo();
    writer.act({ kind: 'restore', title: where }, (tx) =>
      restoreRows(tx, artifacts, ids('branch_id = -1 AND id % 3 = 0')),
    );
    expect(['restored', actual()]).toEqual(['restored', expected()]);
    writer.act({ kind: 'restore', title: where }, (tx) => restoreRows(tx, artifacts, ids('branch_id = -1')));
  }
});
