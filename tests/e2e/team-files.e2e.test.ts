// Joining a team with a device that has been worked on: the team's database comes, files that only the server has are looked at,
// what the device had becomes a branch. The records themselves (the socket) are others' tests.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBlobFolder, type BlobFolder } from '../../server/blobs/folder.ts';
import { createBlobKeep } from '../../server/blobs/keep.ts';
import { artifactAt } from '../../server/blobs/known.ts';
import { blobRoutes } from '../../server/blobs/routes.ts';
import { snapshotRoutes } from '../../server/snapshots/routes.ts';
import { createSnapshots } from '../../server/snapshots/snapshots.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import { createSyncLog } from '../../src/lib/engine/sync/log.ts';
import { newUid } from '../server/blob-world.ts';
import { memoryEngine, type MemoryEngine } from '../unit/memory-engine.ts';
import { drop, dropSaved, laminHash, listCounts, opened, picture, showList } from './app.ts';
import { openApp, removeProfile, type OpenedApp } from './harness.ts';
import { startTeamServer, type TeamServer } from './team-server.ts';

const text = 'gene,count\nTP53,12\nMYC,7\n';

describe.sequential('files of a team', () => {
  const root = mkdtempSync(join(tmpdir(), 'loam-team-files-'));
  let server: TeamServer;
  let team: MemoryEngine;
  let place: BlobFolder;
  let app: OpenedApp;
  let uid = '';

  beforeAll(async () => {
    place = await openBlobFolder(join(root, 'storage'), newUid);
    team = await memoryEngine();
    createSyncLog(team.driver, team.engine.writer.journal).turnOn();
    [uid = ''] = team.artifacts('team/counts.csv');
    team.engine.openTeamStorage({ uid: place.uid, root: place.root, type: 'local', region: null });
    team.driver.run(
      `UPDATE lamindb_artifact SET uid = 'TeamCounts0000000000', size = ?, hash = ?, _hash_type = 'md5', suffix = '.csv',
         storage_id = (SELECT id FROM lamindb_storage WHERE uid = ?) WHERE uid = ?`,
      [text.length, laminHash(new TextEncoder().encode(text)), place.uid, uid],
    );
    uid = 'TeamCounts0000000000';
    writeFileSync(join(place.root, `.lamindb/${uid}.csv`), text);
    server = await startTeamServer((routes, { ground, instance }) => {
      const keep = createBlobKeep({
        ...{ postgres: ground.postgres, instance, place, now: ground.now },
        artifactAt: (key) => artifactAt(team.driver, place.uid, key),
      });
      const snapshots = createSnapshots({
        ...{ instance: { uid: instance, name: 'Lab 12' }, model, app: '0.1.0', now: ground.now },
        folder: join(root, 'snapshots'),
        copyTo: async (path) => writeFileSync(path, team.driver.serialize()),
        onError: (error) => console.error(error),
      });
      routes.route('/api/instances', blobRoutes({ ground, keepOf: () => keep }));
      routes.route('/api/instances', snapshotRoutes({ ground, snapshotsOf: () => snapshots }));
    });
  });
  afterAll(async () => {
    if (app) {
      await app.close();
      await removeProfile(app.profile);
    }
    await server?.close();
    rmSync(root, { recursive: true, force: true });
  });

  it('[row 71] the team’s database comes onto the device, and a file that only the server has is shown', async () => {
    app = await openApp({ url: server.url, path: '/', viewport: { width: 1280, height: 860 } });
    const { page } = app;
    page.setDefaultTimeout(30_000);
    await opened(page);
    const mine = join(root, 'mine.csv');
    writeFileSync(mine, 'a,b\n1,2\n');
    await drop(page, [mine]);
    await dropSaved(page, 1);
    await page.goto(await server.firstLink());
    await page.getByLabel('Name, as others see it').fill('Maria Moser');
    await page.getByLabel('Handle, to sign in with and to sign what you do').fill('maria');
    await page.getByLabel('Password', { exact: true }).fill('correct horse battery staple');
    await page.getByRole('button', { name: 'Make my account', exact: true }).click();
    await page.getByRole('heading', { level: 1, name: 'Team', exact: true }).waitFor();
    await page.getByRole('button', { name: 'Join with this device', exact: true }).click();
    await page.getByRole('heading', { name: 'What this device had before' }).waitFor({ timeout: 90_000 });
    await picture(page, 'team-joined');
    await page.goto(`${server.url}/artifacts/${uid}`);
    await page.getByText('TP53').first().waitFor();
    expect(server.asked.some((path) => path.includes(`/files/at/.lamindb/${uid}.csv`))).toBe(true);
  });

  it('[row 67] what the device had becomes a branch; main is the team’s', async () => {
    const { page } = app;
    await page.goto(`${server.url}/team`);
    await page.getByRole('button', { name: 'Bring it onto a branch', exact: true }).click();
    await page
      .getByText(/What you had is the branch local\//)
      .first()
      .waitFor({ timeout: 90_000 });
    await page.goto(`${server.url}/artifacts`);
    await showList(page);
    await listCounts(page, 1);
  });
});
