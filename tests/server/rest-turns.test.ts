// REST that writes over the server's real turns: what it writes is in Postgres' log in the account's name, comes to the
// other peers, is in the audit log, and is judged like theirs.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeKey } from '../../server/people/api-keys.ts';
import { giveRight, setPlaceRule } from '../../server/people/rights.ts';
import { restRoutes } from '../../server/rest/rest.ts';
import { createHttp } from '../../server/http/http.ts';
import { bringUser } from '../../server/sync/users.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import { seedIds } from '../../src/lib/engine/schema/seed.ts';
import type { Role } from '../../src/lib/engine/sync/access.ts';
import { onBoth } from './both.ts';
import { world, type World } from './people-world.ts';
import { standIn } from './mirror-stand-in.ts';
import { lamindb, openDevice, openNode, type Device, type Node } from './sync-world.ts';

const origin = 'http://localhost:4173';
const ulabels = '/modules/core/ulabel';

onBoth('REST over turns', (at) => {
  let people: World;
  let node: Node & { folder: string };
  let device: Device;
  let app: ReturnType<typeof createHttp>;

  const key = async (handle: string, role: Role = 'write', limits: object = {}) => {
    const { account } = await people.person(handle, role);
    const made = {
      instance: people.instance,
      by: account,
      account: account.uid,
      name: handle,
      role,
      days: 1,
    };
    return { account, token: (await makeKey(people.ground, { ...made, ...limits })).token };
  };
  const ask = async (token: string, method: string, path: string, body?: unknown) => {
    const answer = await app.request(`${origin}/api/instances/${people.instance}${path}`, {
      method,
      headers: {
        ...{ host: 'localhost:4173', authorization: `Bearer ${token}` },
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- answers are looked into
    return { status: answer.status, json: (await answer.json()) as any };
  };
  const logged = async () => {
    const { rows } = await at().postgres.session((session) =>
      session.query(
        "SELECT account, count(*) FROM loam.log_item WHERE kind = 'item' AND content IS NOT NULL AND account IS NOT NULL GROUP BY account",
      ),
    );
    return new Map(rows.map(([account, n]) => [String(account), Number(n)]));
  };

  beforeAll(async () => {
    people = await world(at().postgres);
    await lamindb(at().postgres);
    node = await openNode(at().postgres, people.instance, standIn());
    const { ground, limits, instance } = people;
    app = createHttp({ ground, limits, origin, log: () => undefined });
    const { replica, turns } = node;
    app.route(
      '/api/instances',
      restRoutes({
        ...{ ground, model, instance, read: (work) => replica.read(work) },
        write: (access, work) => turns.write(access, work),
        bring: (account) => bringUser(turns, account),
      }),
    );
    const { account } = await people.person('peer', 'write');
    await bringUser(node.turns, account);
    device = await openDevice(at().postgres, node, account);
    await device.pull(node);
  });
  afterAll(async () => {
    device.close();
    await node.close();
  });

  it('[row 113] what REST writes is the account’s, comes to peers, and theirs is seen by REST', async () => {
    const { account, token } = await key('scientist');
    const made = await ask(token, 'PUT', ulabels, [{ name: 'by REST' }, { name: 'and another' }]);
    expect(made).toMatchObject({ status: 200, json: [{ name: 'by REST' }, { name: 'and another' }] });
    const changed = await ask(token, 'PATCH', `${ulabels}/${made.json[0].uid}`, { description: 'changed' });
    expect(changed.json).toMatchObject({ uid: made.json[0].uid, description: 'changed' });
    // One record of the log for each act.
    expect((await logged()).get(account.uid)).toBe(3);
    await device.pull(node);
    const arrived = `SELECT l.description, u.uid FROM lamindb_ulabel l JOIN lamindb_user u ON u.id = l.created_by_id
      WHERE l.name = 'by REST'`;
    expect(device.rows(arrived)).toEqual([['changed', account.uid]]);
    device.engine.create('ULabel', { name: 'by a peer' });
    await device.push(node);
    const seen = await ask(token, 'POST', ulabels, { select: ['name', 'created_by(uid)'] });
    expect(seen.json).toEqual(
      expect.arrayContaining([{ name: 'by a peer', created_by: { uid: device.account.uid } }]),
    );
    const gone = await ask(token, 'DELETE', `${ulabels}/${made.json[1].uid}`);
    expect(gone.json).toEqual({ deleted_count: 1 });
    await device.pull(node);
    expect(device.rows('SELECT branch_id FROM lamindb_ulabel WHERE name = ?', ['and another'])).toEqual([
      [-1],
    ]);
  });

  it('[row 111] is in the audit log with its account and branch', async () => {
    const { account, token } = await key('audited');
    await ask(token, 'PUT', ulabels, { name: 'audited' });
    const { rows } = await at().postgres.session((session) =>
      session.query('SELECT event, branch FROM loam.audit WHERE actor = $1 AND branch IS NOT NULL', [
        account.uid,
      ]),
    );
    expect(rows.length).toBeGreaterThan(0);
    expect(rows[0]?.[1]).toBe(seedIds.main.uid);
  });

  it('[row 110] is refused where a peer’s record would be, and nothing of the request stays', async () => {
    const before = await logged();
    const { token: limited } = await key('limited', 'write', { branches: ['branchuid001'] });
    const onMain = await ask(limited, 'PUT', ulabels, [{ name: 'x 1' }, { name: 'x 2' }]);
    expect(onMain).toMatchObject({ status: 403, json: { error: { code: 'NoWriteAccess' } } });
    expect(onMain.json.detail).toContain('API key');
    const { token, account } = await key('writer');
    for (const [path, body] of [
      // Spaces and users are administrators' to make; a place that is protected takes merges alone.
      ['/modules/core/space', { name: 'mine' }],
      ['/modules/core/user', { handle: 'x', uid: 'abcdefgh' }],
    ] as const)
      expect([path, (await ask(token, 'PUT', path, body)).status]).toEqual([path, 403]);
    const rule = {
      instance: people.instance,
      by: people.admin,
      kind: 'branch',
      place: seedIds.main.uid,
    } as const;
    await setPlaceRule(people.ground, { ...rule, writers: 'members', protected: true });
    expect((await ask(token, 'PUT', ulabels, { name: 'x 3' })).status).toBe(403);
    await setPlaceRule(people.ground, { ...rule, writers: 'granted', protected: false });
    expect((await ask(token, 'PUT', ulabels, { name: 'x 4' })).status).toBe(403);
    await giveRight(people.ground, { ...rule, account: account.uid });
    expect((await ask(token, 'PUT', ulabels, { name: 'now' })).status).toBe(200);
    await setPlaceRule(people.ground, { ...rule, writers: 'members', protected: false });
    const after = await logged();
    expect(after.get(account.uid)).toBe(1);
    after.delete(account.uid);
    expect(after).toEqual(before);
    const left = await ask(token, 'POST', ulabels, { filter: { name: { startswith: 'x ' } } });
    expect(left.json).toEqual([]);
    expect(node.faults).toEqual([]);
  });

  it('a mistake in the middle of a request leaves nothing of it', async () => {
    const { token, account } = await key('careless');
    const answer = await ask(token, 'PUT', ulabels, [{ name: 'good' }, { name: 'bad', nothing: 1 }]);
    expect(answer).toMatchObject({ status: 400, json: { error: { code: 'FieldValidationError' } } });
    expect((await ask(token, 'POST', ulabels, { filter: { name: 'good' } })).json).toEqual([]);
    expect((await logged()).has(account.uid)).toBe(false);
  });

  it('many at once, beside a peer that writes', async () => {
    const { token, account } = await key('busy');
    const asked = Array.from({ length: 6 }, (_, i) =>
      ask(
        token,
        'PUT',
        ulabels,
        Array.from({ length: 3 }, (__, j) => ({ name: `busy ${i} ${j}` })),
      ),
    );
    for (let i = 0; i < 5; i++) {
      device.engine.create('ULabel', { name: `beside ${i}` });
      await device.push(node);
    }
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200]);
    expect((await logged()).get(account.uid)).toBe(18);
    await device.pull(node);
    const count = (like: string) =>
      device.rows('SELECT count(*) FROM lamindb_ulabel WHERE name LIKE ?', [like])[0]?.[0];
    expect([count('busy %'), count('beside %')]).toEqual([18, 5]);
    const there = await ask(token, 'POST', `${ulabels}/count`, { filter: { name: { startswith: 'b' } } });
    expect(there.json.count).toBeGreaterThanOrEqual(23);
    expect(node.faults).toEqual([]);
  });
});
