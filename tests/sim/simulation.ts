// A whole team in one thread: devices, a relay that stores and forwards, a network and clocks, all driven by one seed. Nothing
// else decides anything, so a seed is a history that can be played again.
import { createHash } from 'node:crypto';
import { createInstance } from '../../src/lib/engine/schema/open.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import { runSync } from '../../src/lib/engine/statement.ts';
import type { PlacedRecord } from '../../src/lib/engine/sync/record.ts';
import { openMemory } from '../../src/lib/storage/sql/memory.ts';
import type { RefusedPlace } from '../../src/lib/engine/sync/refusals.ts';
import { numbers } from '../fixtures/numbers.ts';
import { anyAct } from './acts.ts';
import { digestLines } from './digest.ts';
import { openPeer, PowerCut, type Disk, type Peer } from './peer.ts';

export interface Options {
  peers: number;
  steps: number;
  branches: boolean;
  /** Branches are merged, updated and reverted. */
  merges: boolean;
  /** Devices mint the same uids for different versions. */
  clashes: boolean;
  /** How often the relay refuses a record, at once or after others had it. */
  refuses: number;
  /** How often all of it happens, one after the other in the same databases. */
  rounds: number;
  /** Looks at the devices before they are closed, where something is wrong. */
  inspect?: (peers: readonly Peer[]) => void;
}

export interface Outcome {
  seed: number;
  /** What was done, a line each. */
  told: string[];
  /** What is wrong; none is the aim. */
  faults: string[];
  /** Of everything that all devices have in the end, and of the way there. */
  digest: string;
  records: number;
}

const start = Date.UTC(2026, 0, 1);
/** Uids of the people that the database begins with. */
export const users = ['00000000', 'userAAAA', 'userBBBB', 'userCCCC', 'userDDDD', 'userEEEE'];

let ground: Promise<Uint8Array> | null = null;
/** The database that everybody begins with. */
export const groundDisk = async (): Promise<Disk> => ({ bytes: await (ground ??= groundBytes()), sent: [] });

/** What all devices begin with: a database that several people know. */
async function groundBytes(): Promise<Uint8Array> {
  const driver = await openMemory();
  const chance = numbers(1);
  const random = (bytes: Uint8Array): Uint8Array =>
    bytes.map((_, i) => (bytes[i] = Math.floor(chance() * 256)));
  createInstance(driver, { model, clock: () => start, random, name: 'simulation' });
  for (const [i, uid] of users.entries())
    if (i > 0)
      driver.run(
        "INSERT INTO lamindb_user(uid, handle, name, created_at, updated_at) VALUES (?, ?, NULL, '2026-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000')",
        [uid, `user${i}`],
      );
  const bytes = driver.serialize();
  driver.close();
  const peer = await openPeer({
    name: 'ground',
    user: users[0] ?? '',
    disk: { bytes, sent: [] },
    clock: () => start,
    random: chance,
    client: 0,
  });
  const { engine } = peer;
  engine.createFeature('score', 'int');
  engine.createFeature('site', 'str');
  for (const name of ['red 0', 'blue 0', 'green 0']) engine.createULabel(name);
  engine.create('Record', { name: 'sample' });
  engine.create('Project', { name: 'pilot' });
  const [newest] = peer.rows('SELECT max(id) FROM loam_record');
  peer.driver.run("INSERT INTO loam_setting(name, value) VALUES ('sync base', ?)", [String(newest?.[0])]);
  const { bytes: made } = peer.disk();
  peer.close();
  return made;
}

interface Message {
  at: number;
  /** Index of a peer; -1 is the relay. */
  from: number;
  to: number;
  records: PlacedRecord[];
  refused: RefusedPlace[];
  /** A peer asks for what it lacks. */
  vector: Map<number, number> | null;
  acks: Map<number, number> | null;
}

export async function simulate(seed: number, options: Options): Promise<Outcome> {
  const chance = numbers(seed * 7919 + 13);
  const below = (n: number): number => Math.floor(chance() * n);
  const told: string[] = [];
  const faults: string[] = [];
  const trace = createHash('sha256');
  const tell = (line: string): void => {
    told.push(line);
    trace.update(`${line}\n`);
  };
  const disk = await groundDisk();
  let now = start + 60_000;
  let clients = seed * 1000;
  const hour = 3_600_000;

  /* ---------- devices ---------- */

  const skews: number[] = [];
  const peers: Peer[] = [];
  const backups: (Disk | null)[] = [];
  const open = (i: number, from: Disk) =>
    openPeer({
      name: `peer ${i}`,
      user: users[i % users.length] ?? '',
      disk: from,
      // A tick for each look: no two of a device are the same.
      clock: () => (now += 0.01) + (skews[i] ?? 0),
      random: numbers(seed * 31 + i * 7 + ++clients),
      client: ++clients,
    });
  for (let i = 0; i < options.peers; i++) {
    skews.push((chance() - 0.5) * 2 * (chance() < 0.5 ? 1000 : hour));
    peers.push(await open(i, disk));
    backups.push(null);
  }
  const peerAt = (i: number): Peer => peers[i] as Peer;

  async function restart(i: number, from: Disk, why: string): Promise<void> {
    tell(`${peerAt(i).name} ${why}`);
    peerAt(i).close();
    peers[i] = await open(i, from);
  }

  /* ---------- the relay: all records by client, in a row ---------- */

  const kept = new Map<number, PlacedRecord[]>();
  /** Places of those that were refused. */
  const voids = new Map<string, RefusedPlace>();
  const placeOf = ({ client, clock }: Pick<RefusedPlace, 'client' | 'clock'>): string => `${client}.${clock}`;
  /** Without a branch its records would wait for ever; a server refuses them one by one (decision 0036). */
  const refusable = ({ record }: PlacedRecord): boolean =>
    record.operations.every(({ t }) => t !== 'lamindb_branch');
  /** Peers that have caught up: they are told of new records at once. */
  const live = new Set<number>();
  const partitioned = new Set<number>();
  const mail: Message[] = [];

  function send(message: Omit<Message, 'at'>, calm: boolean): void {
    const peer = message.from < 0 ? message.to : message.from;
    if (!calm && (partitioned.has(peer) || chance() < 0.15)) return;
    mail.push({ ...message, at: now + below(calm ? 50 : 5000) });
    if (!calm && chance() < 0.1) mail.push({ ...message, at: now + below(20_000) });
  }

  function talk(i: number, calm: boolean): void {
    const peer = peerAt(i);
    const unsent = peer.outbox.filter(({ client, clock }) => clock >= (peer.acked.get(client) ?? 0));
    send(
      {
        from: i,
        to: -1,
        records: unsent.slice(0, 40),
        refused: [],
        vector: runSync(peer.driver, peer.projector.vector()),
        acks: null,
      },
      calm,
    );
  }

  function relay(message: Message, calm: boolean): void {
    const fresh: PlacedRecord[] = [];
    for (const placed of message.records) {
      const list = kept.get(placed.client) ?? [];
      if (placed.clock !== list.length) continue;
      list.push(placed);
      kept.set(placed.client, list);
      if (chance() < options.refuses && refusable(placed)) refuse(placed);
      else fresh.push(placed);
    }
    // What others had already, as where a database behind the relay would not have it.
    if (chance() < options.refuses) {
      const all = [...kept.values()].flat();
      const late = all[below(all.length)];
      if (late && refusable(late)) refuse(late);
    }
    const acks = new Map<number, number>();
    for (const { client } of message.records) acks.set(client, kept.get(client)?.length ?? 0);
    const lacking: PlacedRecord[] = [];
    for (const [client, list] of kept)
      lacking.push(
        ...list.slice(message.vector?.get(client) ?? 0).filter((placed) => !voids.has(placeOf(placed))),
      );
    // Live records before a peer has caught up would leave it with holes.
    if (lacking.length <= 60) live.add(message.from);
    else live.delete(message.from);
    lacking.sort((a, b) => a.record.at - b.record.at);
    const some = calm || chance() < 0.5 ? lacking.slice(0, 60) : shuffled(lacking).slice(0, 20);
    // All of them each time: to be told twice changes nothing.
    const refused = [...voids.values()];
    send({ from: -1, to: message.from, records: some, refused, vector: null, acks }, calm);
    if (fresh.length === 0) return;
    for (const i of live)
      if (i !== message.from)
        send({ from: -1, to: i, records: fresh, refused: [], vector: null, acks: null }, calm);
  }

  function refuse(placed: PlacedRecord): void {
    voids.set(placeOf(placed), { client: placed.client, clock: placed.clock });
    tell(`the relay refused ${placeOf(placed)}`);
  }

  function shuffled<T>(list: readonly T[]): T[] {
    const out = [...list];
    for (let i = out.length - 1; i > 0; i--) {
      const j = below(i + 1);
      [out[i], out[j]] = [out[j] as T, out[i] as T];
    }
    return out;
  }

  async function receive(message: Message, calm: boolean): Promise<void> {
    const i = message.to;
    const peer = peerAt(i);
    for (const [client, upto] of message.acks ?? [])
      peer.acked.set(client, Math.max(upto, peer.acked.get(client) ?? 0));
    const { records, refused } = message;
    if (records.length === 0 && refused.length === 0) return;
    if (!calm && chance() < 0.05) {
      peer.failAfter(below(300));
      const before = peer.disk();
      try {
        peer.project(records, refused);
      } catch (error) {
        if (!(error instanceof PowerCut)) throw error;
        await restart(i, before, 'lost its power while it received');
        return;
      }
      peer.failAfter(null);
      return;
    }
    const done = peer.project(records, refused);
    tell(`${peer.name} received ${done.applied}, ${done.waiting} wait`);
    for (const { client, clock, reason } of done.refused)
      faults.push(`${peer.name} refused ${client}.${clock}: ${reason}`);
  }

  async function deliver(calm: boolean): Promise<void> {
    mail.sort((a, b) => a.at - b.at);
    for (
      let due = mail.findIndex(({ at }) => at <= now);
      due >= 0;
      due = mail.findIndex(({ at }) => at <= now)
    ) {
      const [message] = mail.splice(due, 1) as [Message];
      if (message.to < 0) relay(message, calm);
      else await receive(message, calm);
    }
  }

  async function act(i: number): Promise<void> {
    const peer = peerAt(i);
    const cut = chance() < 0.03;
    const before = cut ? peer.disk() : null;
    if (cut) peer.failAfter(below(60));
    try {
      const done = await anyAct(peer, chance, options);
      peer.failAfter(null);
      peer.seal();
      tell(`${peer.name}: ${done}`);
    } catch (error) {
      if (!(error instanceof PowerCut) || !before) throw error;
      await restart(i, before, 'lost its power while it wrote');
    }
  }

  /* ---------- the days ---------- */

  try {
    for (let round = 0; round < options.rounds && faults.length === 0; round++) await days();
  } catch (error) {
    faults.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }

  async function days(): Promise<void> {
    for (let step = 0; step < options.steps; step++) {
      now += below(3000);
      const i = below(options.peers);
      const dice = chance();
      if (dice < 0.6) await act(i);
      else if (dice < 0.85) talk(i, false);
      else if (dice < 0.89) {
        if (partitioned.has(i)) partitioned.delete(i);
        else partitioned.add(i);
        live.delete(i);
      } else if (dice < 0.91) await restart(i, peerAt(i).disk(), 'was started again');
      else if (dice < 0.93) backups[i] = peerAt(i).disk();
      else if (dice < 0.94 && backups[i]) await restart(i, backups[i], 'was set back to a backup');
      else if (dice < 0.95) {
        const other = below(options.peers);
        // What the copied device had sent goes on being sent by it alone.
        if (other !== i) await restart(other, peerAt(i).disk(), `became a copy of ${peerAt(i).name}`);
      } else if (dice < 0.97) skews[i] = (chance() - 0.5) * 2 * hour;
      await deliver(false);
    }
    /* All come together again. */
    partitioned.clear();
    live.clear();
    for (let round = 0; round < 400; round++) {
      for (const i of peers.keys()) talk(i, true);
      now += 60_000;
      await deliver(true);
      now += 60_000;
      await deliver(true);
      const all = [...kept.values()].reduce((sum, list) => sum + list.length, 0);
      const done = peers.every((peer) => {
        const vector = runSync(peer.driver, peer.projector.vector());
        return (
          [...vector.values()].reduce((sum, upto) => sum + upto, 0) >= all &&
          Number(peer.rows('SELECT count(*) FROM loam_void')[0]?.[0]) === voids.size &&
          peer.outbox.every(({ client, clock }) => (kept.get(client)?.length ?? 0) > clock)
        );
      });
      if (done) break;
      if (round === 399) faults.push('the devices do not get all records');
    }
    for (const peer of peers) {
      peer.engine.switchBranch('main');
      peer.seal();
      peer.project([]);
    }
    tell('all are together');
    compare();
  }

  function compare(): void {
    const lines = peers.map(({ driver }) => digestLines(driver));
    const first = lines[0] ?? [];
    trace.update(first.join('\n'));
    for (const [i, other] of lines.entries()) {
      const [a, b] = [new Set(first), new Set(other)];
      const differ = [
        ...first.filter((line) => !b.has(line)).map((line) => `- ${line}`),
        ...other.filter((line) => !a.has(line)).map((line) => `+ ${line}`),
      ];
      if (differ.length > 0)
        faults.push(
          `peer ${i} differs from peer 0 in ${differ.length} lines:\n${differ.slice(0, 12).join('\n')}`,
        );
    }
    for (const peer of peers) {
      const [broken] = peer.driver.all('PRAGMA foreign_key_check');
      if (broken) faults.push(`${peer.name} has references to nothing: ${JSON.stringify(broken)}`);
    }
  }

  const records = [...kept.values()].reduce((sum, list) => sum + list.length, 0);
  if (faults.length > 0) options.inspect?.(peers);
  for (const peer of peers) peer.close();
  return { seed, told, faults, digest: trace.digest('hex'), records };
}
