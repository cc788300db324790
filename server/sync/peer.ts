// One connection of a peer, from `hello` to its end: what it says is done in its order, and it is told nothing before it was
// welcomed. Frames are in engine/sync/frames.ts; what they carry is judged by turns.ts.
import { isLoamError, LoamError } from '../../src/lib/engine/errors.ts';
import type { Access } from '../../src/lib/engine/sync/access.ts';
import { encodeServerFrame, protocolVersion, readPeerFrame } from '../../src/lib/engine/sync/frames.ts';
import type { Explained, PeerFrame, ServerFrame } from '../../src/lib/engine/sync/frames.ts';
import { decodeStateVector, encodeStateVector, encodeUpdate } from '../../src/lib/engine/sync/item.ts';
import type { Replica } from './replica.ts';
import { accessNow, admit, noMember, type AdmitDeps, type Admitted } from './admit.ts';
import type { Kept } from './brought.ts';
import type { SyncCounts } from './counts.ts';
import type { CloseCode, Line } from './line.ts';
import type { RoomMember, Rooms } from './rooms.ts';
import type { Turns } from './turns.ts';
import { bringUser, hasUser } from './users.ts';

export interface PeerDeps extends AdmitDeps {
  replica: Replica;
  turns: Turns;
  rooms: Rooms;
  counts: SyncCounts;
  app: string;
  name: string;
  /** Called while the replica is held: from here on the peer is told what is new. Throws where there are too many. */
  welcomed(peer: Peer): void;
  gone(peer: Peer): void;
  log(entry: Record<string, string | number | null>): void;
}

export interface Peer {
  readonly account: string | null;
  /** A message came in. */
  received(bytes: Uint8Array): void;
  /** The connection is gone. */
  closed(): void;
  /** Ends it, in words. */
  end(error: LoamError, code?: CloseCode): void;
  /** Asks again what it may do, and whether it may stay. */
  look(): Promise<void>;
  /** Tells a frame that was encoded for many. `doc`: only those who have the log so far. */
  tell(frame: Uint8Array, doc: string | null): void;
  /** Those of its own clients among these. */
  explain(doc: string, places: readonly Explained[]): void;
}

/** Ends come in words that tell a person what to do; these are the codes of their frames. */
const againstRules: ReadonlySet<string> = new Set(['malformed', 'too large']);
/** Of one connection: what it may have on its way before it is read on. */
const [mostUnderway, mostBytesUnderway] = [64, 8 * 1024 * 1024];
/** Before `welcome`. */
const mostEarly = 8;
/** Bytes that wait to be read by the other side, from which on nothing is added to a catch-up; beyond the second it is given up. */
const [catchUpAhead, fallenBehind] = [512 * 1024, 16 * 1024 * 1024];
const mostClients = 20_000;

let number = 0;

export function createPeer(deps: PeerDeps, line: Line): Peer {
  const { replica, turns, rooms, counts } = deps;
  const id = `${process.pid}-${++number}`;
  let state: 'new' | 'entering' | 'welcomed' | 'over' = 'new';
  let admitted: Admitted | null = null;
  let device = '';
  let member: RoomMember | null = null;
  const early: PeerFrame[] = [];
  /** Clients that it may bring records of. */
  const clients = new Set<number>();
  /** Logs that it has so far, and is told of. */
  const live = new Set<string>();
  const underway = { updates: 0, bytes: 0 };
  let catching: Promise<void> = Promise.resolve();
  let wanted = 0;
  let last: Promise<unknown> = Promise.resolve();

  function send(frame: ServerFrame): void {
    sendBytes(encodeServerFrame(frame));
  }
  function sendBytes(bytes: Uint8Array): void {
    if (state === 'over') return;
    counts.framesOut++;
    counts.bytesOut += bytes.length;
    line.send(bytes);
  }

  function end(error: LoamError, code: CloseCode = 1008): void {
    if (state === 'over') return;
    send({ type: 'bye', code: error.code, message: error.message.slice(0, 2000) });
    line.close(code, error.code);
    deps.log({
      event: 'peer.end',
      peer: id,
      account: peer.account,
      code: error.code,
      why: error.message.slice(0, 300),
    });
    over();
  }

  function over(): void {
    if (state === 'over') return;
    const was = state;
    state = 'over';
    early.length = 0;
    if (was !== 'welcomed') return;
    counts.peers--;
    deps.gone(peer);
    if (member) rooms.leave(member);
  }

  /** What was thrown ends the connection; how, depends on whose mistake it is. */
  function failed(error: unknown): void {
    if (isLoamError(error, 'UpdateRefused')) {
      counts.thrownOut++;
      return end(error as LoamError);
    }
    if (isLoamError(error)) {
      const ours = ['SignInNeeded', 'NoAccess', 'NotSupportedError', 'DoesNotExist', 'TooManyTries'].includes(
        error.code,
      );
      return end(error as LoamError, ours ? 1008 : 1013);
    }
    deps.log({
      event: 'fault',
      peer: id,
      message: String((error as Error)?.message ?? error),
      stack: (error as Error)?.stack ?? null,
    });
    end(new LoamError('InternalError', 'The server made a mistake. It is tried again.'), 1013);
  }

  async function enter(hello: Extract<PeerFrame, { type: 'hello' }>): Promise<void> {
    state = 'entering';
    if (hello.protocol !== protocolVersion)
      throw new LoamError(
        'NotSupportedError',
        hello.protocol < protocolVersion
          ? `This Loam is older than the server (protocol ${hello.protocol}, the server has ${protocolVersion}). Reload the page to update; what was changed here is kept and sent then.`
          : `The server is older than this Loam (protocol ${protocolVersion}, this one has ${hello.protocol}). Ask whoever runs it to update it.`,
      );
    admitted = await admit(deps, {
      ...line,
      token: hello.token,
      address: line.address,
      agent: line.agent,
      cookie: line.cookie,
    });
    if (hello.instance !== deps.instance)
      throw new LoamError('DoesNotExist', `This server has no instance ${hello.instance.slice(0, 40)}.`);
    if (over_()) return;
    const { account } = admitted.who;
    device = hello.device;
    announce(hello.clients);
    if (admitted.access.role !== 'read' && !(await hasUser(replica, account)))
      await bringUser(turns, account);
    await replica.read(({ engine }) => {
      if (over_()) return;
      const logs = engine.sync.logs().map(({ doc }) => ({ doc, digest: engine.sync.digest(doc) }));
      deps.welcomed(peer);
      state = 'welcomed';
      counts.peers++;
      send({
        ...{
          type: 'welcome',
          protocol: protocolVersion,
          app: deps.app,
          instance: deps.instance,
          name: deps.name,
        },
        ...{ account: account.uid, handle: account.handle, role: (admitted as Admitted).access.role },
        ...{ time: deps.ground.now(), logs },
      });
    });
    if (over_()) return;
    member = memberOf(account);
    rooms.join(member);
    deps.log({
      event: 'peer.welcome',
      peer: id,
      account: account.uid,
      address: line.address,
      app: hello.app.slice(0, 64),
    });
    // An access that was changed while it entered is looked at once more.
    await look();
    for (const frame of early.splice(0)) take(frame);
  }
  /** The state changes while one waits, which the compiler does not see. */
  const over_ = (): boolean => (state as string) === 'over';

  const memberOf = (account: Admitted['who']['account']): RoomMember => ({
    ...{ id, account: { uid: account.uid, handle: account.handle, name: account.name } },
    get access() {
      return (admitted as Admitted).access;
    },
    get waiting() {
      return line.waiting;
    },
    send: (room, bytes) => send({ type: 'room', room, bytes }),
    end: (why) => end(new LoamError('UpdateRefused', why)),
  });

  function announce(more: readonly { client: number }[]): void {
    for (const { client } of more) clients.add(client);
    if (clients.size > mostClients)
      throw new LoamError(
        'TooManyTries',
        `More than ${mostClients.toLocaleString('en')} clients were announced. Connect again with those that have records to send.`,
      );
  }

  async function look(): Promise<void> {
    if (!admitted || state === 'over') return;
    const { who, access: before, lives } = admitted;
    const now: Access | null = (await lives()) ? await accessNow(deps, who) : null;
    if (over_()) return;
    if (!now) return end(noMember());
    admitted.access = now;
    if (before.role !== now.role) send({ type: 'access', role: now.role });
    if (member) rooms.accessChanged(member);
  }

  function take(frame: PeerFrame): void {
    switch (frame.type) {
      case 'hello':
        throw new LoamError('UpdateRefused', 'A connection says hello once.');
      case 'clients':
        return announce(frame.clients);
      case 'want':
        return want(frame.doc, frame.bytes);
      case 'update':
        return update(frame);
      case 'room': {
        const done = rooms.message(member as RoomMember, frame.room, frame.bytes);
        if (done) void done.catch(failed);
        return;
      }
      case 'ping':
        return send({ type: 'pong' });
    }
  }

  /** One log after the other, as fast as the other side reads. */
  function want(doc: string, bytes: Uint8Array): void {
    const vector = decodeStateVector(bytes);
    if (++wanted > 10_000) throw new LoamError('TooManyTries', 'Too many logs were asked for at once.');
    live.delete(doc);
    catching = catching
      .then(() => bring(doc, vector))
      .catch(failed)
      .finally(() => wanted--);
  }

  async function bring(doc: string, from: Map<number, number>): Promise<void> {
    let vector = from;
    for (let complete = false; !complete && state === 'welcomed';) {
      if (line.waiting > catchUpAhead) await line.drained();
      await replica.read(({ engine }) => {
        if (over_()) return;
        const known = engine.sync.logs().some((log) => log.doc === doc);
        if (known) {
          const served = engine.sync.updateSince(doc, encodeStateVector(vector));
          vector = served.vector;
          ({ complete } = served);
          send({ type: 'update', doc, bytes: served.bytes });
        } else complete = true;
        if (!complete) return;
        // Within the same hold of the replica: nothing can come in between.
        live.add(doc);
        send({ type: 'caught', doc });
      });
    }
  }

  function update({ id: asked, doc, bytes }: Extract<PeerFrame, { type: 'update' }>): void {
    counts.updates++;
    underway.updates++;
    underway.bytes += bytes.length;
    if (underway.updates >= mostUnderway || underway.bytes >= mostBytesUnderway) line.pause();
    const who = (admitted as Admitted).who;
    turns
      .submit({ who, device, doc, bytes, source: peer, owns: (client) => clients.has(client) })
      .then(
        (kept) => answer(asked, doc, kept),
        (error: unknown) => refuse(asked, doc, error),
      )
      .catch(failed)
      .finally(() => {
        underway.updates--;
        underway.bytes -= bytes.length;
        if (underway.updates < mostUnderway && underway.bytes < mostBytesUnderway) line.resume();
      });
  }

  function answer(asked: number, doc: string, { vector, explained }: Kept): void {
    if (explained.length > 0) {
      counts.recordsRefused += explained.length;
      const deleted = explained.map(({ client, clock }) => ({ client, clock, count: 1 }));
      send({ type: 'update', doc, bytes: encodeUpdate([], deleted) });
      send({ type: 'explained', doc, places: shortened(explained) });
    }
    send({ type: 'ack', id: asked, doc, bytes: encodeStateVector(vector) });
  }

  function refuse(asked: number, doc: string, error: unknown): void {
    if (!isLoamError(error, 'UpdateRefused')) throw error;
    counts.updatesRefused++;
    const { why, client, next } = error.details;
    send({
      ...{
        type: 'refused',
        id: asked,
        doc,
        why: String(why ?? '').slice(0, 32),
        message: error.message.slice(0, 2000),
      },
      client: typeof client === 'number' && client >= 0 ? client : null,
      next: typeof next === 'number' ? next : null,
    });
    // What no Loam sends comes from none.
    if (againstRules.has(String(why))) failed(error);
  }

  const peer: Peer = {
    get account() {
      return admitted?.who.account.uid ?? null;
    },
    received(bytes) {
      if (state === 'over') return;
      counts.framesIn++;
      counts.bytesIn += bytes.length;
      try {
        const frame = readPeerFrame(bytes);
        if (state === 'new') {
          if (frame.type !== 'hello') throw new LoamError('UpdateRefused', 'A connection begins with hello.');
          last = enter(frame).catch(failed);
        } else if (state === 'entering') {
          if (early.push(frame) > mostEarly)
            throw new LoamError('UpdateRefused', 'More was said before the welcome.');
        } else take(frame);
      } catch (error) {
        failed(error);
      }
    },
    closed: over,
    end,
    look: () => look().catch(failed),
    tell(frame, doc) {
      if (state !== 'welcomed' || (doc !== null && !live.has(doc))) return;
      if (line.waiting > fallenBehind)
        return end(
          new LoamError(
            'ConnectionLost',
            'The connection is slower than what comes. Connect again to go on.',
          ),
          1013,
        );
      sendBytes(frame);
    },
    explain(doc, places) {
      const own = places.filter(({ client }) => clients.has(client));
      if (own.length > 0 && state === 'welcomed') send({ type: 'explained', doc, places: shortened(own) });
    },
  };
  void last;
  return peer;
}

/** A frame has room for a million characters. */
const shortened = (places: readonly Explained[]): Explained[] =>
  places.slice(0, 2000).map(({ client, clock, reason }) => ({
    client,
    clock,
    reason: reason.slice(0, places.length > 100 ? 300 : 2000),
  }));
