// What peers bring to the server's turns (decision 0040).
import { afterAll, beforeAll, expect, it } from 'vitest';
import { onBoth } from './both.ts';
import { standIn } from './mirror-stand-in.ts';
import { world, type World } from './people-world.ts';
import { lamindb, openDevice, openNode, type Device, type Node } from './sync-world.ts';
import { bringUser } from '../../server/sync/users.ts';

onBoth('turns', (at) => {
  let here: World;
  let node: Node & { folder: string };
  const meant = standIn();
  const devices: Device[] = [];
  const device = async (handle: string, role: 'read' | 'write' = 'write') => {
    const { account } = await here.person(handle, role);
    await bringUser(node.turns, account);
    const made = await openDevice(at().postgres, node, account);
    await made.pull(node);
    devices.push(made);
    return made;
  };
  const names = (of: Device) =>
    of.rows('SELECT name FROM lamindb_ulabel ORDER BY name').map(([name]) => name);

  beforeAll(async () => {
    here = await world(at().postgres);
    await lamindb(at().postgres);
    node = await openNode(at().postgres, here.instance, meant);
  });
  afterAll(async () => {
    for (const one of devices) one.close();
    await node.close();
  });

  it('[row 67] two devices converge through the server, and what is acknowledged is in Postgres', async () => {
    const [one, two] = [await device('one'), await device('two')];
    one.engine.create('ULabel', { name: 'from one' });
    two.engine.create('ULabel', { name: 'from two' });
    await Promise.all([one.push(node), two.push(node)]);
    expect(one.engine.sync.unsent()).toBe(0);
    await one.pull(node);
    await two.pull(node);
    expect(names(one)).toEqual(['from one', 'from two']);
    expect(names(two)).toEqual(names(one));
    for (const { doc } of one.engine.sync.logs())
      expect(two.engine.sync.digest(doc)).toBe(one.engine.sync.digest(doc));
    const { rows } = await at().postgres.session((session) =>
      session.query('SELECT seq, account FROM loam.log_item WHERE instance = $1 ORDER BY seq', [
        here.instance,
      ]),
    );
    expect(rows.map(([seq]) => seq)).toEqual(rows.map((_, i) => i + 1));
    expect(new Set(rows.map(([, account]) => account))).toEqual(
      new Set([null, one.account.uid, two.account.uid]),
    );
    expect(node.faults).toEqual([]);
  });
});
