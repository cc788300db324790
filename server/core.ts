// A server of one instance, without a listener: the database is opened and brought up to date, sync and routes stand on it.
// main.ts gives it the mirror and rooms.
import { getRequestListener } from '@hono/node-server';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { LoamError } from '../src/lib/engine/errors.ts';
import { model } from '../src/lib/engine/model/model.ts';
import { timeText } from '../src/lib/engine/time.ts';
import { randomUid } from '../src/lib/engine/uid.ts';
import { installCapture } from './capture.ts';
import type { Config } from './config.ts';
import { followEdits, type Follower } from './edits-of-others.ts';
import { createHttp } from './http/http.ts';
import { openLamindb } from './lamindb-database.ts';
import { openLoamSchema } from './loam-schema.ts';
import { metricsOf } from './metrics.ts';
import { installRowSecurity, type As } from './mirror/row-security.ts';
import { takeFolder } from './one-process.ts';
import { groundOf, type Ground } from './people/ground.ts';
import { firstInvitation } from './people/invitations.ts';
import { sweepTries } from './people/limits.ts';
import { oidcProvider } from './people/oidc.ts';
import { sweepSessions } from './people/sessions.ts';
import { keepOf, openBlobs, routeGroups } from './route-groups.ts';
import type { Postgres } from './postgres.ts';
import type { TakeEdits } from './sync/pending-edits.ts';
import type { CreateMirror, Replica, ReplicaDeps } from './sync/replica.ts';
import type { Rooms } from './sync/rooms.ts';
import { postgresSnapshots } from './sync/snapshots.ts';
import { startSync } from './sync/sync-server.ts';

export type Log = (entry: Record<string, string | number | null>) => void;

/** What the server is made of that has rooms of its own. */
export interface Parts {
  createMirror(deps: Parameters<CreateMirror>[0] & { as?: As }): ReturnType<CreateMirror>;
  copyTables: ReplicaDeps['copyTables'];
  takeEdits: TakeEdits;
  rooms(replica: Replica, ground: Ground): Promise<Rooms> | Rooms;
}

export interface Core {
  readonly instance: { uid: string; name: string };
  /** The link that makes whoever opens it first the administrator; null where there is one. */
  readonly invitation: string | null;
  handle(request: IncomingMessage, response: ServerResponse): void;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Whether the database answers. */
  healthy(): Promise<boolean>;
  metrics(): string;
  /** Lets what runs end, and closes everything. */
  stop(): Promise<void>;
}

const [minute, quarter] = [60_000, 15 * 60_000];

/** Starts all of it; throws, with nothing left open, where it cannot. */
export async function startCore(config: Config, parts: Parts, app: string, log: Log): Promise<Core> {
  const started = Date.now();
  const undo: (() => Promise<void> | void)[] = [];
  const fault = (error: unknown) =>
    log({
      ...{ event: 'fault', message: String((error as Error)?.message ?? error) },
      stack: (error as Error)?.stack ?? null,
    });
  const takeBack = async () => {
    for (const step of undo.reverse().splice(0)) await Promise.resolve(step()).catch(fault);
  };
  try {
    undo.push(takeFolder(config.data));
    const postgres = await open(config);
    undo.push(() => postgres.close());
    const ground = groundOf(postgres);
    const place = await openBlobs(config, ground);
    const instance = await openDatabase(postgres, ground, config, place);
    log({ event: 'database', kind: postgres.kind, instance: instance.uid });

    const { as, why } = await installRowSecurity(postgres, model, instance.uid);
    log({ event: 'row-security', on: as ? 1 : 0, message: why });

    const sync = await startSync({
      ...{
        ground,
        model,
        instance: instance.uid,
        name: instance.name,
        origin: config.origin,
        proxies: config.proxies,
      },
      ...{
        app,
        log,
        snapshots: postgresSnapshots,
        file: join(config.data, `replica-${instance.uid}.sqlite`),
      },
      createMirror: (deps) => parts.createMirror({ ...deps, ...(as ? { as } : {}) }),
      copyTables: parts.copyTables,
      takeEdits: postgres.kind === 'postgres' ? parts.takeEdits : null,
      rooms: (replica) => parts.rooms(replica, ground),
    });
    undo.push(() => sync.stop());
    if (postgres.kind === 'postgres') {
      const follower: Follower = await followEdits({
        ...{ postgres: sync.turns.following, model, onError: fault },
        take: (transaction, pieces, session) =>
          sync.turns.within(session, async ({ engine, driver }) => {
            await parts.takeEdits({ engine, driver }, transaction, pieces);
          }),
      });
      undo.push(() => follower.stop());
    }

    const blobs = keepOf({ ground, instance, sync, place });
    const { oidc } = config;
    const http = createHttp({
      ...{ ground, origin: config.origin, proxies: config.proxies, instance, log },
      providers: oidc
        ? [oidcProvider({ ...oidc, redirectUri: `${config.origin}/api/oidc/${oidc.name}/callback` })]
        : [],
      groups: routeGroups({ config, ground, instance, sync, app, blobs, onFault: fault }),
    });
    const listener = getRequestListener(http.fetch);

    const often = setInterval(() => void sync.sweep().catch(fault), minute);
    const seldom = setInterval(() => void sweep().catch(fault), quarter);
    const sweep = async () => {
      await sweepSessions(ground);
      await postgres.session((session) => sweepTries(session, ground.now()));
      await blobs.sweep();
    };
    undo.push(() => {
      clearInterval(often);
      clearInterval(seldom);
    });

    const token = await firstInvitation(ground, instance.uid);
    return {
      instance,
      invitation: token === null ? null : `${config.origin}/team/invite#${token}`,
      handle: (request, response) => void listener(request, response),
      upgrade: (request, socket, head) => sync.upgrade(request, socket, head),
      metrics: () => metricsOf(sync, started),
      stop: takeBack,
      async healthy() {
        try {
          await postgres.session((session) => session.query('SELECT 1'));
          return true;
        } catch {
          return false;
        }
      },
    };
  } catch (error) {
    await takeBack();
    throw error;
  }
}

/** Only the one that is used is loaded. */
async function open(config: Config): Promise<Postgres> {
  if (config.databaseUrl !== null)
    return await (await import('./node-postgres.ts')).openPostgres({ address: config.databaseUrl });
  return await (
    await import('./embedded-postgres.ts')
  ).openEmbedded({ folder: join(config.data, 'postgres') });
}

/** LaminDB's tables and ours. Answers which instance it is. */
async function openDatabase(
  postgres: Postgres,
  ground: Ground,
  config: Config,
  place: { uid: string; root: string },
): Promise<{ uid: string; name: string }> {
  const random = (bytes: Uint8Array) => ground.random(bytes);
  await openLamindb(postgres, model, {
    now: timeText(Math.floor(ground.now() * 1000)),
    user: { uid: randomUid(8, random), handle: 'loam', name: 'Loam' },
    storage: { uid: place.uid, root: place.root, type: 'local', instanceUid: randomUid(12, random) },
  });
  await openLoamSchema(postgres);
  return await postgres.session(async (session) => {
    if (postgres.kind === 'postgres') await installCapture(session, model);
    const { rows } = await session.query(
      'SELECT coalesce(instance_uid, uid) FROM public.lamindb_storage ORDER BY instance_uid IS NULL, id LIMIT 1',
    );
    const uid = String(rows[0]?.[0] ?? '');
    if (!/^[0-9A-Za-z]{1,40}$/.test(uid))
      throw new LoamError(
        'SchemaDrift',
        'The database names no instance: lamindb_storage has no row with a uid.',
      );
    return { uid, name: config.name };
  });
}
