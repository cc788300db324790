// Where the artifacts are that the list does not show: each counted once, so that all add up to what the database holds.
import { expect, it } from 'vitest';
import { emptyView } from '../../src/lib/engine/view/view.ts';
import { memoryEngine } from './memory-engine.ts';

it('every artifact is in the list or at one place elsewhere', async () => {
  const { engine, driver, artifacts, value } = await memoryEngine();
  expect(engine.elsewhere('Artifact')).toEqual({ older: 0, ofRuns: 0, branches: 0, archive: 0, trash: 0 });
  const keys = Array.from({ length: 14 }, (_, i) => `file_${i}`);
  artifacts(...keys);
  engine.create('Branch', { name: 'seven' });
  const branch = Number(value("SELECT id FROM lamindb_branch WHERE name = 'seven'"));
  const put = (set: string, names: string[]) => {
    driver.all(
      `UPDATE lamindb_artifact SET ${set} WHERE key IN (${names.map((name) => `'${name}'`).join()})`,
    );
  };
  put('is_latest = 0', ['file_0', 'file_1', 'file_2', 'file_3', 'file_4']);
  put("kind = '__lamindb_run__'", ['file_4', 'file_5', 'file_6']);
  put(`branch_id = ${branch}`, ['file_7', 'file_3']);
  put('branch_id = 0', ['file_8']);
  put('branch_id = -1', ['file_9', 'file_10', 'file_2']);
  const found = engine.elsewhere('Artifact');
  expect(found).toEqual({ older: 2, ofRuns: 3, branches: 2, archive: 1, trash: 3 });
  const listed = engine.countList(emptyView('Artifact'));
  const sum = Object.values(found).reduce((a, b) => a + b, listed);
  expect(sum).toBe(Number(value('SELECT count(*) FROM lamindb_artifact')));
  expect(engine.elsewhere('ULabel')).toEqual({ older: 0, ofRuns: 0, branches: 0, archive: 0, trash: 0 });
});
