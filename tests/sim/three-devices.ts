// Three devices for each test of the projection, and what their tests ask of them.
import { afterEach, beforeEach, expect } from 'vitest';
import { runSync } from '../../src/lib/engine/statement.ts';
import type { PlacedRecord } from '../../src/lib/engine/sync/record.ts';
import type { Peer } from './peer.ts';
import { openTeam, type Team } from './team.ts';

/** Anew before each test; names of a file that imports them stay what they are now. */
export let team: Team;
export let a: Peer;
export let b: Peer;
export let c: Peer;

/** Called once by a file of tests. */
export function threeDevices(): void {
  beforeEach(async () => {
    team = await openTeam(3);
    [a, b, c] = team.peers as [Peer, Peer, Peer];
  });
  afterEach(() => team.close());
}

export const label = (peer: Peer, name: string): string => String(peer.engine.create('ULabel', { name }).uid);
export const cell = (peer: Peer, uid: string, column: string) =>
  peer.rows(`SELECT "${column}" FROM lamindb_ulabel WHERE uid = ?`, [uid])[0]?.[0];
export const describeIt = (peer: Peer, uid: string, description: string) =>
  peer.engine.update('ULabel', { uid }, { description });
export const conflicts = (peer: Peer) => runSync(peer.driver, peer.projector.conflicts());
export const equal = () => expect(team.differences()).toEqual([]);
export const backwards = (records: PlacedRecord[]) => [...records].reverse();
