// Connections that go wrong: closed at every message in turn, and messages lost, doubled and late by chance. What the server
// acknowledged is with it for ever, each record once, and in the end all devices have the same rows.
import { describe, expect, it } from 'vitest';
import { runSync } from '../../src/lib/engine/statement.ts';
import { createProjector } from '../../src/lib/engine/sync/project.ts';
import { numbers } from '../fixtures/numbers.ts';
import { differences, scene, type Scene, type SyncedDevice } from './synced-device.ts';
import type { Faults } from './relay.ts';

const words = ['red', 'green', 'blue', 'black', 'white'];

/** Every record that a device wrote is at the server, as the one that was written, and the server has acknowledged no other. */
function kept({ server, relay }: Scene, devices: readonly SyncedDevice[]): string[] {
  const wrong: string[] = [];
  const there = new Map(
    server
      .rows("SELECT client || '.' || clock, hex(head) || hex(body) FROM loam_sync_item")
      .map(([place, bytes]) => [String(place), bytes]),
  );
  for (const { rows } of devices)
    for (const [place, bytes] of rows(
      "SELECT client || '.' || clock, hex(head) || hex(body) FROM loam_sync_item",
    ))
      if (there.get(String(place)) !== bytes)
        wrong.push(`${String(place)} is not at the server as it was written`);
  for (const [client, upto] of relay.acknowledged)
    for (let clock = 0; clock < upto; clock++)
      if (!there.has(`${client}.${clock}`)) wrong.push(`${client}.${clock} was acknowledged and is lost`);
  return wrong;
}

function together(of: Scene, devices: readonly SyncedDevice[]): void {
  const { network } = of;
  for (const { connection } of devices) {
    connection.stop();
    connection.start();
  }
  network.pass(200_000);
  for (const { connection } of devices)
    expect(connection.status).toMatchObject({ state: 'live', pending: 0, waiting: 0, error: null });
  expect(kept(of, devices)).toEqual([]);
  // What was written here last is among the facts with the next records of others.
  for (const { engine, driver } of devices)
    runSync(driver, createProjector(engine.writer.journal, engine.writer.author).project([]));
  const [first, ...others] = devices;
  for (const other of others) expect(first && differences(first, other)).toEqual([]);
}

describe('[row 67] a connection that ends at any message', () => {
  /** Two people at work, one of them from behind the faults. */
  async function story(closesAt: number): Promise<number> {
    const of = await scene({ updateBytes: 600 });
    let messages = 0;
    const faults: Faults = { fate: () => (++messages === closesAt ? 'closes' : 'goes') };
    const [a, b] = [await of.device(1, { faults }), await of.device(2)];
    const { network } = of;
    b.engine.createULabel('t before');
    for (const { connection } of [a, b]) connection.start();
    network.pass(50);
    for (let i = 0; i < 8; i++) {
      a.engine.createULabel(`t of a ${i}`);
      b.engine.createULabel(`t of b ${i}`);
      network.pass(i % 3 === 0 ? 1 : 20);
    }
    network.pass(50);
    const used = messages;
    network.pass(3_000);
    together(of, [a, b]);
    of.close();
    return used;
  }

  it('goes on where it was', async () => {
    const used = await story(0);
    expect(used).toBeGreaterThan(15);
    for (let at = 1; at <= used; at++) await story(at);
  });
});

describe('[row 67] messages that are lost, doubled, late, and connections that end', () => {
  const seeds = Math.max(8, Math.floor(Number(process.env['LOAM_SEEDS'] ?? 0) / 10));
  it.each(Array.from({ length: seeds }, (_, i) => i + 1))('seed %i', async (seed) => {
    const chance = numbers(seed * 101);
    const of = await scene({ updateBytes: 800 });
    const { network, relay } = of;
    let calm = false;
    const faults: Faults = {
      down: () => !calm && chance() < 0.3,
      fate() {
        const dice = calm ? 1 : chance();
        if (dice < 0.02) return 'closes';
        if (dice < 0.05) return 'lost';
        if (dice < 0.08) return 'twice';
        return dice < 0.13 ? 'late' : 'goes';
      },
    };
    const devices: SyncedDevice[] = [];
    for (let i = 0; i < 3; i++) devices.push(await of.device(seed * 10 + i, { faults }));
    for (const { connection } of devices) connection.start();
    for (let step = 0; step < 60; step++) {
      const at = devices[Math.floor(chance() * devices.length)] as SyncedDevice;
      const [row] = at.rows(
        "SELECT uid FROM lamindb_ulabel WHERE name LIKE 't %' ORDER BY uid LIMIT 1 OFFSET ?",
        [Math.floor(chance() * 8)],
      );
      const word = words[Math.floor(chance() * words.length)] ?? '';
      if (row && chance() < 0.6) at.engine.update('ULabel', { uid: String(row[0]) }, { description: word });
      else at.engine.createULabel(`t ${step} ${word}`);
      const dice = chance();
      if (dice < 0.05) relay.restart();
      else if (dice < 0.08) at.connection.stop();
      else if (dice < 0.12) at.connection.start();
      network.pass(Math.floor(chance() * 2_000));
    }
    calm = true;
    together(of, devices);
    of.close();
  });
});
