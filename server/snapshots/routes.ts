// Routes of first sync, below `/api/instances/UID/snapshot`: what the newest snapshot is, and its file by ranges. For members.
import { Hono } from 'hono';
import { LoamError } from '../../src/lib/engine/errors.ts';
import { accessHere } from '../blobs/routes.ts';
import type { Env } from '../http/guard.ts';
import { serveRange } from '../http/ranges.ts';
import type { Ground } from '../people/ground.ts';
import type { Snapshots } from './snapshots.ts';

export interface SnapshotRouteDeps {
  readonly ground: Ground;
  /** Null for an instance that this server does not have. */
  readonly snapshotsOf: (instance: string) => Snapshots | null;
}

/** To be mounted at `/api/instances`. */
export function snapshotRoutes({ ground, snapshotsOf }: SnapshotRouteDeps): Hono<Env> {
  const of = (instance: string): Snapshots => {
    const found = snapshotsOf(instance);
    if (found) return found;
    throw new LoamError('DoesNotExist', 'This server has no such instance.');
  };
  return new Hono<Env>()
    .get('/:instance/snapshot', async (c) => {
      const instance = c.req.param('instance');
      await accessHere(c, ground, instance);
      const snapshots = of(instance);
      const newest = await snapshots.newest();
      if (newest) return c.json(newest);
      c.header('Retry-After', '1');
      return c.json({ making: snapshots.making }, 202);
    })
    .get('/:instance/snapshot/:name', async (c) => {
      const instance = c.req.param('instance');
      await accessHere(c, ground, instance);
      const found = await of(instance).file(c.req.param('name'));
      if (!found)
        throw new LoamError('DoesNotExist', 'This snapshot is not kept any more. Ask for the newest one.');
      const { file } = found.manifest;
      return serveRange(c, {
        ...{ size: file.bytes, etag: `"${file.sha256}"`, name: file.name },
        stream: found.stream,
      });
    });
}
