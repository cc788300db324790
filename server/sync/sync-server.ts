// Sync of one instance on one node: the replica and its turns, the peers that are connected, the notices of other nodes and of
// the database. main.ts starts it.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { modelFingerprint } from '../../src/lib/engine/branch/fingerprint.ts';
import { LoamError } from '../../src/lib/engine/errors.ts';
import type { Model } from '../../src/lib/engine/model/types.ts';
import { accessChannel, type Ground } from '../people/ground.ts';
import type { Limits } from '../people/limits.ts';
import { inPostgresTransaction } from '../postgres.ts';
import type { AdmitDeps } from './admit.ts';
import { newCounts, type SyncCounts } from './counts.ts';
import { createHub, type Hub } from './hub.ts';
import { logChannel } from './log-store.ts';
import { createPeer } from './peer.ts';
import { openReplica, type Replica, type ReplicaDeps } from './replica.ts';
import type { TakeEdits } from './pending-edits.ts';
import type { Rooms } from './rooms.ts';
import { createSockets, type SocketLimits } from './socket.ts';
import { createTurns, type Turns } from './turns.ts';

export interface SyncServerDeps extends Omit<
  ReplicaDeps,
  'postgres' | 'now' | 'random' | 'model' | 'instance'
> {
  ground: Ground;
  model: Model;
  instance: string;
  origin: string;
  proxies: number;
  app: string;
  limits?: Limits;
  socketLimits?: SocketLimits;
  /** So many records beyond the newest snapshot make another one. */
  snapshotEvery?: number;
  rooms(replica: Replica): Promise<Rooms> | Rooms;
  takeEdits: TakeEdits | null;
  log(entry: Record<string, string | number | null>): void;
}

export interface SyncServer {
  readonly replica: Replica;
  readonly turns: Turns;
  readonly hub: Hub;
  readonly counts: SyncCounts;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Asks all peers' access again, takes what a lost notice told of, makes a snapshot where it is time. Called now and then. */
  sweep(): Promise<void>;
  /** Ends all connections in words, lets the turn that runs end. */
  stop(): Promise<void>;
}

const usualSnapshotEvery = 20_000;
const snapshotsKept = 2;

export async function startSync(deps: SyncServerDeps): Promise<SyncServer> {
  const { ground, model, instance, log } = deps;
  const { postgres } = ground;
  const clock = () => ground.now();
  const fault = (error: unknown) =>
    log({
      ...{ event: 'fault', message: String((error as Error)?.message ?? error) },
      stack: (error as Error)?.stack ?? null,
    });
  const replica = await openReplica({
    ...deps,
    postgres,
    now: clock,
    random: (bytes) => ground.random(bytes),
  });
  const hub = createHub();
  const counts = newCounts();
  const turns = createTurns({
    ...{ postgres, replica, clock, onFault: fault, takeEdits: deps.takeEdits },
    // The engine as it is while the replica is held.
    onNews: (news) => hub.tell(news, (doc) => replica.now.engine.sync.digest(doc)),
  });
  await turns.catchUp();
  const rooms = await deps.rooms(replica);
  const admitDeps: AdmitDeps = { ground, instance, ...(deps.limits ? { limits: deps.limits } : {}) };
  const sockets = createSockets({
    ...{ origin: deps.origin, proxies: deps.proxies },
    ...(deps.socketLimits ? { limits: deps.socketLimits } : {}),
    onOpen: () => counts.open++,
    onClose: () => counts.open--,
    connect(line) {
      const peer = createPeer(
        {
          ...{ ...admitDeps, replica, turns, rooms, counts, log, app: deps.app, name: deps.name },
          welcomed: (one) => hub.add(one),
          gone: (one) => hub.remove(one),
        },
        line,
      );
      return {
        received: (bytes) => peer.received(bytes),
        closed: () => peer.closed(),
        late() {
          if (peer.account === null)
            peer.end(new LoamError('SignInNeeded', 'The connection said nothing in time. Connect again.'));
        },
      };
    },
  });

  /** Notices come in crowds: one look for all that came while another one went on. */
  let looking = false;
  let again = false;
  async function look(): Promise<void> {
    if (looking) {
      again = true;
      return;
    }
    looking = true;
    try {
      do {
        again = false;
        if (await behind()) await turns.catchUp();
      } while (again);
    } catch (error) {
      fault(error);
    } finally {
      looking = false;
    }
  }
  const behind = () =>
    postgres.session(async (session) => {
      const { rows } = await session.query(
        'SELECT 1 FROM loam.log_item WHERE instance = $1 AND seq > $2 LIMIT 1',
        [instance, replica.seq],
      );
      return rows.length > 0;
    });

  const stopListening = [
    await postgres.listen(logChannel, (payload) => {
      const [whose, seq] = payload.split(' ');
      if (whose !== '' && whose !== instance) return;
      // Most tell of what this node wrote itself, and is about to keep.
      void replica
        .read(() => replica.seq)
        .then((here) => (Number(seq ?? Infinity) > here ? look() : undefined));
    }),
    await postgres.listen(accessChannel, (account) => hub.accessChanged(account)),
  ];

  let snapshotAt = await postgres.session(
    async (session) => (await deps.snapshots.newest(session, instance))?.seq ?? 0,
  );
  async function snapshot(): Promise<void> {
    if (replica.seq - snapshotAt < (deps.snapshotEvery ?? usualSnapshotEvery)) return;
    const file = `${deps.file}.snapshot`;
    const seq = await replica.alone(async () => {
      replica.copyTo(file);
      return replica.seq;
    });
    await postgres.session((session) =>
      inPostgresTransaction(session, async () => {
        await deps.snapshots.keep(session, { instance, seq, model: modelFingerprint(model) }, file, clock());
        await deps.snapshots.prune(session, instance, snapshotsKept);
      }),
    );
    snapshotAt = seq;
    log({ event: 'snapshot', instance, seq });
  }

  return {
    ...{ replica, turns, hub, counts },
    upgrade: (request, socket, head) => sockets.upgrade(request, socket, head),
    async sweep() {
      hub.accessChanged('');
      await look();
      await snapshot();
    },
    async stop() {
      await Promise.all(stopListening.map((stop) => stop().catch(() => undefined)));
      hub.end(
        new LoamError(
          'ConnectionLost',
          'The server is stopping. It is connected again as soon as it is back.',
        ),
      );
      sockets.close();
      await rooms.stop();
      await turns.stop();
      await replica.close();
    },
  };
}
