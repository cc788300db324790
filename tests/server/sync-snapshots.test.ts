// What a node starts from: snapshots of the replica, made now and then (decision 0040).
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEmbedded } from '../../server/embedded-postgres.ts';
import { copyIntoReplica } from '../../server/mirror/copy.ts';
import { createMirror } from '../../server/mirror/mirror.ts';
import type { Postgres } from '../../server/postgres.ts';
import { noRooms } from '../../server/sync/rooms.ts';
import { postgresSnapshots, writeSnapshot } from '../../server/sync/snapshots.ts';
import { startSync, type SyncServer } from '../../server/sync/sync-server.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import { world, type World } from './people-world.ts';
import { lamindb } from './sync-world.ts';

describe('snapshots for nodes', () => {
  let postgres: Postgres;
  let here: World;
  const folder = mkdtempSync(join(tmpdir(), 'loam-snapshots-'));
  const servers: SyncServer[] = [];
  const start = async (name: string) => {
    const made = await startSync({
      ...{ ground: here.ground, model, instance: here.instance, name: 'team', app: 'test' },
      ...{ origin: 'http://127.0.0.1:1', proxies: 0, log: () => {}, rooms: () => noRooms, createMirror },
      takeEdits: null,
      ...{ file: join(folder, `${name}.sqlite`), snapshots: postgresSnapshots, snapshotEvery: 5 },
      copyTables: (session, driver) => copyIntoReplica(session, driver, model),
    });
    servers.push(made);
    return made;
  };
  const write = (at: SyncServer, names: string[]) =>
    at.turns.act(({ engine }) => {
      for (const name of names) engine.create('ULabel', { name });
    });
  const labels = (at: SyncServer) =>
    at.replica.read(({ driver }) => driver.all('SELECT name FROM lamindb_ulabel ORDER BY name').flat());
  const newest = () => postgres.session((session) => postgresSnapshots.newest(session, here.instance));

  beforeAll(async () => {
    postgres = await openEmbedded();
    here = await world(postgres);
    await lamindb(postgres);
  });
  afterAll(async () => {
    for (const one of servers) await one.stop();
    await postgres.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('one is made when enough has come since the last, and the next node starts from it', async () => {
    const first = await start('first');
    expect((await newest())?.seq).toBe(0);
    await write(first, ['a', 'b', 'c']);
    await first.sweep();
    expect((await newest())?.seq).toBe(0);
    await write(first, ['d', 'e', 'f']);
    await first.sweep();
    expect((await newest())?.seq).toBe(6);
    await write(first, ['g']);
    // Of the log only what is behind the snapshot is read: the rest may be gone.
    await postgres.session((session) => session.exec('DELETE FROM loam.log_item WHERE seq < 6'));
    const second = await start('second');
    expect(await labels(second)).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
    expect(second.replica.seq).toBe(7);
  });

  it('the file of one that was damaged is told, and nothing starts from it', async () => {
    const snapshot = await newest();
    if (!snapshot) throw new Error('there is no snapshot');
    await postgres.session((session) =>
      session.query(
        `UPDATE loam.snapshot_chunk SET content = set_byte(content, 5000, 1 + get_byte(content, 5000) % 255) WHERE part = 0 AND seq = $1`,
        [snapshot.seq],
      ),
    );
    await expect(
      postgres.session((session) =>
        writeSnapshot(postgresSnapshots, session, snapshot, join(folder, 'damaged')),
      ),
    ).rejects.toMatchObject({ code: 'DatabaseDamaged' });
    await expect(start('third')).rejects.toMatchObject({ code: 'DatabaseDamaged' });
  });

  it('old ones are thrown away', async () => {
    const [first] = servers as [SyncServer];
    for (const part of ['h', 'i', 'j']) {
      await write(
        first,
        Array.from({ length: 6 }, (_, i) => `${part}${i}`),
      );
      await first.sweep();
    }
    const { rows } = await postgres.session((session) =>
      session.query('SELECT seq FROM loam.snapshot ORDER BY seq'),
    );
    expect(rows.flat()).toEqual([19, 25]);
    expect(
      (
        await postgres.session((session) =>
          session.query('SELECT DISTINCT seq FROM loam.snapshot_chunk ORDER BY 1'),
        )
      ).rows.flat(),
    ).toEqual([19, 25]);
  });
});
