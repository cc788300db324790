// What peers bring to the server's turns (decision 0040), with the mirror.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { LoamError } from '../../src/lib/engine/errors.ts';
import { seedIds } from '../../src/lib/engine/schema/seed.ts';
import { decodeUpdate, encodeStateVector, encodeUpdate } from '../../src/lib/engine/sync/item.ts';
import { decodeRecord, encodeRecord } from '../../src/lib/engine/sync/record.ts';
import { valueAt } from '../../server/sync/standing.ts';
import { insertOne, update } from '../../src/lib/engine/write/apply.ts';
import { copyIntoReplica } from '../../server/mirror/copy.ts';
import { createMirror } from '../../server/mirror/mirror.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import { accessOf, giveRight, setPlaceRule } from '../../server/people/rights.ts';
import { readAudit, verifyAudit } from '../../server/people/audit.ts';
import { logHead } from '../../server/sync/log-store.ts';
import { bringUser } from '../../server/sync/users.ts';
import { onBoth } from './both.ts';
import { world, type World } from './people-world.ts';
import { lamindb, openDevice, openNode, type Device, type Meant, type Node } from './sync-world.ts';

/** Postgres refuses a label of this name, as one of LaminDB's triggers might. */
const forbidden = 'no such label here';

const mirrored: Meant = {
  createMirror,
  copyTables: (session, driver) => copyIntoReplica(session, driver, model),
};

onBoth('turns', (at, kind) => {
  let here: World;
  let node: Node & { folder: string };
  const devices: Device[] = [];
  const device = async (handle: string, role: 'read' | 'write' | 'admin' = 'write') => {
    const { account } = await here.person(handle, role);
    await bringUser(node.turns, account);
    const made = await openDevice(at().postgres, node, account);
    await made.pull(node);
    devices.push(made);
    return made;
  };
  const names = (of: Device) =>
    of.rows('SELECT name FROM lamindb_ulabel ORDER BY name').map(([name]) => name);
  const inPostgres = async (sql: string) =>
    (await at().postgres.session((session) => session.query(sql))).rows;
  const everybody = async () => {
    for (const one of devices) {
      await one.push(node);
      await one.pull(node);
    }
    for (const one of devices) await one.pull(node);
  };

  beforeAll(async () => {
    here = await world(at().postgres);
    await lamindb(at().postgres);
    await inPostgres(
      `CREATE FUNCTION public.refuse_label() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN IF NEW.name = '${forbidden}' THEN RAISE EXCEPTION 'the label % is not wanted', NEW.name; END IF; RETURN NEW; END $$`,
    );
    await inPostgres(
      'CREATE TRIGGER refuse_label BEFORE INSERT OR UPDATE ON public.lamindb_ulabel FOR EACH ROW EXECUTE FUNCTION public.refuse_label()',
    );
    node = await openNode(at().postgres, here.instance, mirrored);
  });
  afterAll(async () => {
    for (const one of devices) one.close();
    await node?.close();
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
    const rows = await inPostgres('SELECT seq, account FROM loam.log_item ORDER BY seq');
    expect(rows.map(([seq]) => seq)).toEqual(rows.map((_, i) => i + 1));
    expect(new Set(rows.map(([, account]) => account))).toEqual(
      new Set([null, one.account.uid, two.account.uid]),
    );
    expect(
      await inPostgres(
        'SELECT u.name, w.uid FROM lamindb_ulabel u JOIN lamindb_user w ON w.id = u.created_by_id ORDER BY 1',
      ),
    ).toEqual([
      ['from one', one.account.uid],
      ['from two', two.account.uid],
    ]);
    expect(node.faults).toEqual([]);
  });

  it('[row 69] what Postgres refuses is refused with its reason, and holds nobody up', async () => {
    const [one, two] = devices as [Device, Device];
    one.engine.create('ULabel', { name: 'before it' });
    one.engine.create('ULabel', { name: forbidden });
    one.engine.create('ULabel', { name: 'behind it' });
    two.engine.create('ULabel', { name: 'beside it' });
    const { rows: audited } = { rows: node.turns.counts.refusedByPostgres };
    await Promise.all([one.push(node), two.push(node)]);
    expect(node.turns.counts.refusedByPostgres).toBe(audited + 1);
    const refused = one.engine.sync.refused();
    expect(refused).toHaveLength(1);
    await two.pull(node);
    expect(names(two)).toEqual(expect.arrayContaining(['before it', 'behind it', 'beside it']));
    expect(names(two)).not.toContain(forbidden);
    const [void_] = await inPostgres('SELECT reason, content FROM loam.log_item WHERE content IS NULL');
    expect(void_?.[0]).toMatch(/the label no such label here is not wanted/);
    expect((await inPostgres('SELECT name FROM lamindb_ulabel ORDER BY name')).flat()).toEqual(names(two));
    expect(node.faults).toEqual([]);
  });

  it('what was brought twice is there once, and is acknowledged again', async () => {
    const [one] = devices as [Device];
    one.engine.create('ULabel', { name: 'sent twice' });
    const doc = one.engine.sync.logs()[0]?.doc ?? '';
    const bytes = one.engine.sync.outbox(doc)?.bytes ?? new Uint8Array();
    const job = {
      who: { account: one.account, limits: null },
      device: 'test',
      doc,
      bytes,
      source: null,
      owns: () => true,
    };
    const [first, second] = await Promise.all([node.turns.submit(job), node.turns.submit(job)]);
    expect(second.vector).toEqual(first.vector);
    await everybody();
    expect(names(one).filter((name) => name === 'sent twice')).toHaveLength(1);
  });

  it('[row 110] who has no right in a space changes nothing there, whatever way it takes', async () => {
    const [one] = devices as [Device];
    const chief = await device('chief', 'admin');
    chief.engine.writer.act({ kind: 'create', title: 'A space' }, (tx) =>
      insertOne(tx, 'lamindb_space', {
        uid: 'closedspace1',
        name: 'closed',
        created_by_id: tx.author.userId,
      }),
    );
    const spaceOf = (of: Device) =>
      Number(of.rows("SELECT id FROM lamindb_space WHERE uid = 'closedspace1'")[0]?.[0]);
    chief.engine.create('ULabel', { name: 'in the closed space' });
    const idOf = (of: Device, name: string) =>
      Number(of.rows('SELECT id FROM lamindb_ulabel WHERE name = ?', [name])[0]?.[0]);
    const change = (of: Device, name: string, values: Record<string, string | number>) =>
      of.engine.writer.act({ kind: 'update', title: 'A change' }, (tx) =>
        update(tx, 'lamindb_ulabel', [idOf(of, name)], values),
      );
    change(chief, 'in the closed space', { space_id: spaceOf(chief) });
    await everybody();
    // Edits it, takes it out, puts one in, makes one there; each is refused for itself.
    const before = one.engine.sync.refused().length;
    change(one, 'in the closed space', { description: 'mine' });
    change(one, 'in the closed space', { space_id: seedIds.space.id });
    one.engine.create('ULabel', { name: 'to be put in' });
    change(one, 'to be put in', { space_id: spaceOf(one) });
    one.engine.writer.act({ kind: 'create', title: 'One there' }, (tx) =>
      insertOne(tx, 'lamindb_ulabel', {
        ...{
          uid: 'abcdefg1',
          name: 'made there',
          space_id: spaceOf(one),
          branch_id: 1,
          created_on_id: 1,
          created_by_id: tx.author.userId,
          is_type: 0,
          is_locked: 0,
        },
      }),
    );
    // And as if it had made the row itself, under its uid.
    const [uid] = one.rows("SELECT uid FROM lamindb_ulabel WHERE name = 'in the closed space'")[0] ?? [];
    const forged = one.engine.writer.act({ kind: 'create', title: 'A row of that uid' }, (tx) =>
      insertOne(tx, 'lamindb_ulabel', {
        ...{ uid: 'zzzzzzz9', name: 'made as if', space_id: 1, branch_id: 1, created_on_id: 1 },
        ...{ created_by_id: tx.author.userId, is_type: 0, is_locked: 0 },
      }),
    );
    expect(forged).not.toBeNull();
    await one.push(node);
    expect(one.engine.sync.refused().length - before).toBe(4);
    const log = one.engine.sync.logs()[0]?.doc ?? '';
    const honest = decodeUpdate(one.engine.sync.updateSince(log, encodeStateVector(new Map())).bytes)
      .items.flatMap(({ content }) => (content ? [decodeRecord(content)] : []))
      .find(({ operations }) => operations.some((operation) => valueAt(operation, 0, 'uid') === 'zzzzzzz9'));
    if (!honest) throw new Error('there is no such record');
    const lied = JSON.parse(
      JSON.stringify(honest.operations).replaceAll('zzzzzzz9', String(uid)),
    ) as typeof honest.operations;
    const content = encodeRecord({
      ...honest,
      act: { ...honest.act, uid: 'forgedforgedforg' },
      operations: lied,
      seen: [],
    });
    const kept = await node.turns.submit({
      ...{
        who: { account: one.account, limits: null },
        device: 'test',
        doc: log,
        source: null,
        owns: () => true,
      },
      bytes: encodeUpdate([{ client: 4711, clock: 0, content }]),
    });
    expect(kept.explained).toMatchObject([
      { client: 4711, clock: 0, reason: expect.stringMatching(/the space closedspace1/) as string },
    ]);
    const [row] = await inPostgres(
      "SELECT u.description, s.uid FROM lamindb_ulabel u JOIN lamindb_space s ON s.id = u.space_id WHERE u.name = 'in the closed space'",
    );
    expect(row).toEqual([null, 'closedspace1']);
    const reasons = (await inPostgres("SELECT reason FROM loam.log_item WHERE reason LIKE '%space%'")).flat();
    expect(reasons).toHaveLength(5);
    for (const reason of reasons) expect(reason).toMatch(/You may not write in the space closedspace1/);
    // With the right it may.
    await giveRight(here.ground, {
      instance: here.instance,
      by: here.admin,
      account: one.account.uid,
      kind: 'space',
      place: 'closedspace1',
    });
    await chief.pull(node);
    const two = await openDevice(at().postgres, node, one.account);
    devices.push(two);
    await two.pull(node);
    change(two, 'in the closed space', { description: 'allowed' });
    await two.push(node);
    expect(
      (await inPostgres("SELECT description FROM lamindb_ulabel WHERE name = 'in the closed space'")).flat(),
    ).toEqual(['allowed']);
  });

  it('[row 110] a protected branch and a closed one take nothing from who may not, and say so', async () => {
    const { ground, instance, admin } = here;
    const other = await device('onbranches');
    const rule = (protect: boolean, writers: 'members' | 'granted') =>
      setPlaceRule(ground, {
        instance,
        by: admin,
        kind: 'branch',
        place: seedIds.main.uid,
        writers,
        protected: protect,
      });
    for (const [protect, writers, words] of [
      [true, 'members', /is protected: it takes merges alone/],
      [false, 'granted', /You may not write on the branch/],
    ] as const) {
      await rule(protect, writers);
      const count = other.engine.sync.refused().length;
      other.engine.create('ULabel', { name: `on main, ${writers}` });
      const [kept] = await other.push(node);
      expect(kept?.explained[0]?.reason).toMatch(words);
      expect(other.engine.sync.refused()).toHaveLength(count + 1);
    }
    await rule(false, 'members');
    other.engine.create('ULabel', { name: 'on main again' });
    expect((await other.push(node))[0]?.explained).toEqual([]);
    expect((await inPostgres("SELECT name FROM lamindb_ulabel WHERE name LIKE 'on main%'")).flat()).toEqual([
      'on main again',
    ]);
  });

  it('[row 110] nobody writes in another’s name, or from the future', async () => {
    const [one, two] = devices as [Device, Device];
    const log = two.engine.sync.logs()[0]?.doc ?? '';
    const [sample] = decodeUpdate(two.engine.sync.updateSince(log, encodeStateVector(new Map())).bytes)
      .items.flatMap(({ content }) => (content ? [decodeRecord(content)] : []))
      .filter(({ author, operations }) => author === two.account.uid && operations[0]?.k === 'i');
    if (!sample) throw new Error('there is no record of the second');
    const lie = async (client: number, record: typeof sample) =>
      (
        await node.turns.submit({
          ...{ who: { account: one.account, limits: null }, device: 'test', doc: log, source: null },
          ...{ owns: () => true, bytes: encodeUpdate([{ client, clock: 0, content: encodeRecord(record) }]) },
        })
      ).explained[0]?.reason;
    const act = (uid: string) => ({ ...sample.act, uid });
    expect(await lie(4801, { ...sample, act: act('liesliesliesli01'), seen: [] })).toMatch(
      /signed by the user/,
    );
    const later = (Date.now() + 3_600_000) * 1000;
    expect(
      await lie(4802, {
        ...sample,
        act: act('liesliesliesli02'),
        author: one.account.uid,
        at: later,
        seen: [],
      }),
    ).toMatch(/Its time is 60 minutes ahead/);
  });

  it('[row 111] the audit log tells of acts that were taken and of those that were refused', async () => {
    const { postgres } = at();
    const entries = await postgres.session((session) =>
      readAudit(session, { instance: here.instance, limit: 1000 }),
    );
    expect(
      entries.some(
        ({ event, tab, device: of }) => event === 'act.taken' && tab === 'lamindb_ulabel' && of === 'test',
      ),
    ).toBe(true);
    expect(
      entries.some(({ event, details }) => event === 'record.refused' && details.includes('closedspace1')),
    ).toBe(true);
    expect((await postgres.session((session) => verifyAudit(session))).faults).toEqual([]);
  });

  it('what an account does on the server itself is judged and kept like the rest', async () => {
    const { postgres } = at();
    const [one] = devices as [Device];
    const access = await postgres.session((session) => accessOf(session, here.instance, one.account));
    if (!access) throw new Error('no access');
    const uid = await node.turns.write(access, (engine) => engine.create('ULabel', { name: 'by REST' }).uid);
    expect(await inPostgres(`SELECT name FROM lamindb_ulabel WHERE uid = '${String(uid)}'`)).toEqual([
      ['by REST'],
    ]);
    await one.pull(node);
    expect(names(one)).toContain('by REST');
    const head = await postgres.session((session) => logHead(session, here.instance));
    await expect(
      node.turns.write(
        { ...access, role: 'read' },
        (engine) => engine.create('ULabel', { name: 'not by REST' }).uid,
      ),
    ).rejects.toMatchObject({ code: 'NoWriteAccess' });
    expect(await postgres.session((session) => logHead(session, here.instance))).toBe(head);
    expect(
      await node.replica.read(({ driver }) =>
        driver.all("SELECT 1 FROM lamindb_ulabel WHERE name = 'not by REST'"),
      ),
    ).toEqual([]);
  });

  it('a replica that is gone is made again from the snapshot and the log', async () => {
    const before = await node.replica.read(({ driver }) =>
      driver.all('SELECT uid, name, description FROM lamindb_ulabel ORDER BY uid'),
    );
    await node.close();
    rmSync(join(node.folder, 'replica.sqlite'));
    node = await openNode(at().postgres, here.instance, mirrored, node.folder);
    await node.turns.catchUp();
    expect(
      await node.replica.read(({ driver }) =>
        driver.all('SELECT uid, name, description FROM lamindb_ulabel ORDER BY uid'),
      ),
    ).toEqual(before);
    const [one] = devices as [Device];
    one.engine.create('ULabel', { name: 'after it was made again' });
    await everybody();
    expect((await inPostgres('SELECT name FROM lamindb_ulabel ORDER BY name')).flat().sort()).toEqual(
      [...names(one)].filter((name) => name !== forbidden && name !== 'made there').sort(),
    );
  });

  it('cut off between the two COMMITs it takes what is missing from the log', async () => {
    const [one] = devices as [Device];
    one.engine.create('ULabel', { name: 'committed by Postgres alone' });
    const { commit } = node.replica;
    node.replica.commit = () => {
      node.replica.commit = commit;
      throw new LoamError('StorageFull', 'The disk is full.');
    };
    await one.push(node);
    expect(one.engine.sync.unsent()).toBe(0);
    expect(node.faults.splice(0)).toHaveLength(1);
    expect(
      await node.replica.read(({ driver: of }) =>
        of.all("SELECT 1 FROM lamindb_ulabel WHERE name = 'committed by Postgres alone'"),
      ),
    ).toEqual([]);
    await node.turns.catchUp();
    expect(
      await node.replica.read(({ driver: of }) =>
        of.all("SELECT 1 FROM lamindb_ulabel WHERE name = 'committed by Postgres alone'"),
      ),
    ).toHaveLength(1);
  });

  it.skipIf(kind === 'embedded')(
    '[row 67] two nodes on one Postgres have the same, and tell each other',
    async () => {
      const other = await openNode(at().postgres, here.instance, mirrored);
      try {
        await other.turns.catchUp();
        const [one, two] = devices as [Device, Device];
        for (let round = 0; round < 5; round++) {
          one.engine.create('ULabel', { name: `here ${round}` });
          two.engine.create('ULabel', { name: `there ${round}` });
          await Promise.all([one.push(node), two.push(other)]);
        }
        await Promise.all([node.turns.catchUp(), other.turns.catchUp()]);
        await one.pull(other);
        await two.pull(node);
        expect(names(one).filter((name) => / \d$/.test(String(name)))).toHaveLength(10);
        expect(names(two)).toEqual(names(one));
        const rows = (sql: string) =>
          Promise.all([node, other].map(({ replica }) => replica.read(({ driver }) => driver.all(sql))));
        const [a, b] = await rows(
          'SELECT uid, name, description, updated_at FROM lamindb_ulabel ORDER BY uid',
        );
        expect(b).toEqual(a);
        expect((await inPostgres('SELECT uid FROM lamindb_ulabel ORDER BY uid COLLATE "C"')).flat()).toEqual(
          a?.map(([uid]) => uid),
        );
        const seqs = (await inPostgres('SELECT seq FROM loam.log_item ORDER BY seq')).flat();
        expect(seqs).toEqual(seqs.map((_, i) => i + 1));
        expect([...node.faults, ...other.faults]).toEqual([]);
      } finally {
        await other.close();
      }
    },
  );
});
