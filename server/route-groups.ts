// Where groups of routes are mounted below /api: each is one line here, made of what the server has. New ones belong here.
import type { Hono } from 'hono';
import { join } from 'node:path';
import { randomUid } from '../src/lib/engine/uid.ts';
import { openBlobFolder } from './blobs/folder.ts';
import { createBlobKeep, type BlobKeep } from './blobs/keep.ts';
import { artifactAt } from './blobs/known.ts';
import { blobRoutes } from './blobs/routes.ts';
import type { Config } from './config.ts';
import type { Env } from './http/guard.ts';
import type { Ground } from './people/ground.ts';
import { docsRoutes } from './rest/docs.ts';
import { restRoutes } from './rest/rest.ts';
import { snapshotRoutes } from './snapshots/routes.ts';
import { createSnapshots } from './snapshots/snapshots.ts';
import type { SyncServer } from './sync/sync-server.ts';
import { bringUser } from './sync/users.ts';

export interface RouteGroup {
  path: string;
  app: Hono<Env>;
}

export interface GroupDeps {
  config: Config;
  ground: Ground;
  instance: { uid: string; name: string };
  /** `sync.replica.read` reads between two turns; `sync.turns.write` writes as an account. Neither within a session of Postgres. */
  sync: SyncServer;
  app: string;
  blobs: BlobKeep;
  onFault(error: unknown): void;
}

/** The bytes of artifacts, in the storage folder. */
export async function openBlobs(config: Config, ground: Ground) {
  return await openBlobFolder(config.storage, () => randomUid(12, (bytes) => ground.random(bytes)));
}

export function keepOf(
  deps: Pick<GroupDeps, 'ground' | 'instance' | 'sync'> & { place: Awaited<ReturnType<typeof openBlobs>> },
): BlobKeep {
  const { ground, instance, sync, place } = deps;
  return createBlobKeep({
    ...{ postgres: ground.postgres, instance: instance.uid, place, now: () => ground.now() },
    artifactAt: (key) => sync.replica.read(({ driver }) => artifactAt(driver, place.uid, key)),
  });
}

export function routeGroups(deps: GroupDeps): RouteGroup[] {
  const { config, ground, instance, sync, app, blobs, onFault } = deps;
  const { replica, turns } = sync;
  const { model } = replica;
  const write: typeof turns.write = (access, work) => turns.write(access, work);
  const snapshots = createSnapshots({
    ...{
      instance,
      app,
      model,
      folder: join(config.data, 'snapshots'),
      now: () => ground.now(),
      onError: onFault,
    },
    copyTo: (path) => replica.alone(() => Promise.resolve(replica.copyTo(path))),
  });
  const here =
    <T>(value: T) =>
    (uid: string) =>
      uid === instance.uid ? value : null;
  return [
    { path: '/api/instances', app: blobRoutes({ ground, keepOf: here(blobs) }) },
    { path: '/api/instances', app: snapshotRoutes({ ground, snapshotsOf: here(snapshots) }) },
    {
      path: '/api/instances',
      app: restRoutes({
        ...{ ground, model, instance: instance.uid, write },
        read: (work) => replica.read(work),
        bring: (account) => bringUser(turns, account),
      }),
    },
    { path: '/api', app: docsRoutes({ model, write, version: app }) },
  ];
}
