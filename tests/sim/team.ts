// A few devices that exchange records when the test says so.
import type { PlacedRecord } from '../../src/lib/engine/sync/record.ts';
import { numbers } from '../fixtures/numbers.ts';
import { digestLines } from './digest.ts';
import { openPeer, type Peer } from './peer.ts';
import { groundDisk, users } from './simulation.ts';

export interface Team {
  peers: Peer[];
  /** Milliseconds by which the clock of each runs ahead. */
  ahead: number[];
  /** What the device wrote since it was last asked. */
  wrote(peer: Peer): PlacedRecord[];
  /** Everybody gets everything, in the order that `order` makes of it. */
  meet(order?: (records: PlacedRecord[]) => PlacedRecord[]): void;
  /** Lines in which the devices differ. */
  differences(): string[];
  close(): void;
}

export async function openTeam(count: number): Promise<Team> {
  let now = Date.UTC(2026, 1, 1);
  const disk = await groundDisk();
  const peers: Peer[] = [];
  const ahead = Array.from({ length: count }, () => 0);
  for (let i = 0; i < count; i++)
    peers.push(
      await openPeer({
        name: `peer ${i}`,
        user: users[i + 1] ?? '',
        disk,
        clock: () => (now += 1) + (ahead[i] ?? 0),
        random: numbers(i + 100),
        client: i + 1,
      }),
    );
  const told = new Map<Peer, number>();
  return {
    peers,
    ahead,
    wrote(peer) {
      peer.seal();
      const fresh = peer.outbox.slice(told.get(peer) ?? 0);
      told.set(peer, peer.outbox.length);
      return fresh;
    },
    meet(order = (records) => records) {
      for (const peer of peers) peer.seal();
      const all = peers.flatMap(({ outbox }) => outbox);
      for (const peer of peers) peer.project(order(all));
    },
    differences() {
      const [first = [], ...others] = peers.map(({ driver }) => digestLines(driver));
      const known = new Set(first);
      return others.flatMap((lines) => {
        const here = new Set(lines);
        return [...lines.filter((line) => !known.has(line)), ...first.filter((line) => !here.has(line))];
      });
    },
    close: () => peers.forEach((peer) => peer.close()),
  };
}
