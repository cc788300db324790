// What a local database had becomes a branch of a team's: nothing is lost, nothing is on the team's main, nobody is made up.
import { expect, it } from 'vitest';
import { memoryEngine, type MemoryEngine } from './memory-engine.ts';

async function localDatabase(): Promise<MemoryEngine> {
  const local = await memoryEngine();
  const { engine, driver } = local;
  const uids = local.artifacts('plate/a.csv', 'plate/b.csv', 'plate/c.csv');
  engine.create('ULabel', { name: 'my label' });
  engine.createFeature('score', 'float');
  engine.createProject('my project');
  await engine.addLabels(uids.slice(0, 2), ['my label']);
  await engine.addProjects([uids[0] ?? ''], ['my project']);
  await engine.setFeatures(uids[0] ?? '', { score: 1.5 });
  const transform = engine.create('Transform', { key: 'mine.py', kind: 'script' });
  const at = driver.all(
    'SELECT id, created_at, created_by_id, branch_id, space_id FROM lamindb_transform WHERE uid = ?',
    [transform.uid],
  )[0];
  driver.run(
    "INSERT INTO lamindb_run(uid, transform_id, started_at, _status_code, created_at, created_by_id, branch_id, space_id, is_locked) VALUES ('myrun00000000001', ?, ?, -1, ?, ?, ?, ?, 0)",
    [at?.[0] ?? 0, at?.[1] ?? '', at?.[1] ?? '', at?.[2] ?? 0, at?.[3] ?? 1, at?.[4] ?? 1],
  );
  driver.run(
    "UPDATE lamindb_artifact SET run_id = (SELECT id FROM lamindb_run WHERE uid = 'myrun00000000001') WHERE uid = ?",
    [uids[0] ?? ''],
  );
  return local;
}

async function moveAll(local: MemoryEngine, team: MemoryEngine): Promise<string> {
  const name = team.engine.branchNameFor('my-lab');
  team.engine.createBranch(name, { switch: true });
  for (const { registry, keys } of local.engine.movableParts())
    await team.engine.receiveRows(local.engine.packRows(registry, keys, 'whole'));
  return name;
}

it('[row 67] a local database becomes a branch of the team’s, with links, values, runs and uids', async () => {
  const local = await localDatabase();
  const team = await memoryEngine();
  team.driver.run("UPDATE lamindb_user SET uid = 'teamacct', handle = 'ada', name = 'Ada'");
  team.artifacts('theirs.csv');
  // Uids of the suite’s artifacts count from one in each database.
  team.driver.run(
    "UPDATE lamindb_artifact SET uid = 'theirs00000000000000', hash = 'theirs0000000000000000'",
  );
  const before = team.state();
  const localBefore = local.state();
  const name = await moveAll(local, team);
  expect(name).toBe('local/my-lab');
  const rows = (of: MemoryEngine, sql: string) => of.rows(sql);
  const artifacts = 'SELECT uid, key, hash, size FROM lamindb_artifact ORDER BY uid';
  const mine = rows(local, artifacts);
  for (const row of mine) expect(rows(team, artifacts)).toContainEqual(row);
  const labelled = `SELECT a.uid, l.name FROM lamindb_artifactulabel x JOIN lamindb_artifact a ON a.id = x.artifact_id
    JOIN lamindb_ulabel l ON l.id = x.ulabel_id ORDER BY 1, 2`;
  expect(rows(team, labelled)).toEqual(rows(local, labelled));
  const values = `SELECT a.uid, f.name, j.value FROM lamindb_artifactjsonvalue x JOIN lamindb_artifact a ON a.id = x.artifact_id
    JOIN lamindb_jsonvalue j ON j.id = x.jsonvalue_id JOIN lamindb_feature f ON f.id = j.feature_id ORDER BY 1, 2`;
  expect(rows(team, values)).toEqual(rows(local, values));
  expect(rows(local, values).length).toBe(1);
  const runs = `SELECT a.uid, r.uid, t.key FROM lamindb_artifact a JOIN lamindb_run r ON r.id = a.run_id
    JOIN lamindb_transform t ON t.id = r.transform_id WHERE r.uid = 'myrun00000000001'`;
  expect(rows(team, runs)).toEqual(rows(local, runs));
  expect(rows(local, runs).length).toBe(1);
  // On the branch and nowhere else; made by the account, and nobody new.
  const branches = `SELECT DISTINCT b.name FROM lamindb_artifact a JOIN lamindb_branch b ON b.id = a.branch_id WHERE a.key LIKE 'plate/%'`;
  expect(rows(team, branches)).toEqual([[name]]);
  expect(rows(team, 'SELECT uid FROM lamindb_user')).toEqual([['teamacct']]);
  // Main is what it was.
  team.engine.switchBranch('main');
  expect(
    team.engine.countList({ ...(await import('../../src/lib/engine/view/view.ts')).emptyView('Artifact') }),
  ).toBe(1);
  expect(local.state()).toBe(localBefore);
  expect(team.state()).not.toBe(before);
  // Again (a tab was closed in the middle): nothing twice.
  team.engine.switchBranch(name);
  const once = team.value('SELECT count(*) FROM lamindb_artifact');
  for (const { registry, keys } of local.engine.movableParts())
    await team.engine.receiveRows(local.engine.packRows(registry, keys, 'whole'));
  expect(team.value('SELECT count(*) FROM lamindb_artifact')).toBe(once);
  expect(team.engine.branchNameFor('my-lab')).toBe('local/my-lab 2');
});

it('somebody of the team with the same handle is not taken for the person at this device', async () => {
  const local = await localDatabase();
  const handle = local.value('SELECT handle FROM lamindb_user');
  const team = await memoryEngine();
  team.driver.run("UPDATE lamindb_user SET uid = 'teamacct', handle = 'ada'");
  team.driver.run(
    "INSERT INTO lamindb_user(uid, handle, created_at, updated_at) SELECT 'stranger', ?, created_at, updated_at FROM lamindb_user LIMIT 1",
    [handle],
  );
  await moveAll(local, team);
  const authors = `SELECT DISTINCT u.uid FROM lamindb_artifact a JOIN lamindb_user u ON u.id = a.created_by_id WHERE a.key LIKE 'plate/%'`;
  expect(team.rows(authors)).toEqual([['teamacct']]);
});

it('old versions and what lies in the trash come along', async () => {
  const local = await localDatabase();
  const [one] = local.rows("SELECT uid FROM lamindb_artifact WHERE key = 'plate/c.csv'");
  await local.engine.trashArtifacts([String(one?.[0])]);
  local.driver.run(
    "UPDATE lamindb_artifact SET uid = (SELECT substr(uid, 1, 16) FROM lamindb_artifact WHERE key = 'plate/a.csv') || '0001', key = 'plate/a.csv' WHERE key = 'plate/b.csv'",
  );
  local.driver.run(
    "UPDATE lamindb_artifact SET is_latest = 0 WHERE key = 'plate/a.csv' AND uid LIKE '%0000'",
  );
  const team = await memoryEngine();
  await moveAll(local, team);
  const trashed = "SELECT key, branch_id FROM lamindb_artifact WHERE key LIKE 'plate/c%'";
  expect(team.rows(trashed)).toEqual([['plate/c.csv', -1]]);
  const versions = "SELECT uid, is_latest FROM lamindb_artifact WHERE key = 'plate/a.csv' ORDER BY uid";
  expect(team.rows(versions)).toEqual(local.rows(versions));
  expect(team.rows(versions)).toHaveLength(2);
});
