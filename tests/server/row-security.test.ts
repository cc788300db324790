// Postgres alone refuses what an account may not write (decision 0039): by SQL under the account's role, and through turns
// whose own judge says yes to everything.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { model } from '../../src/lib/engine/model/model.ts';
import { insertOne, remove, update } from '../../src/lib/engine/write/apply.ts';
import type { SqlValue } from '../../src/lib/engine/ports.ts';
import { factDifferences, postgresFacts } from '../../scripts/postgres-facts.mjs';
import { copyIntoReplica } from '../../server/mirror/copy.ts';
import { createMirror } from '../../server/mirror/mirror.ts';
import { installRowSecurity, type As } from '../../server/mirror/row-security.ts';
import type { Account } from '../../server/people/accounts.ts';
import { accessOf, setPlaceRule, type WriteTerms } from '../../server/people/rights.ts';
import type { PostgresSession } from '../../server/postgres.ts';
import { bringUser } from '../../server/sync/users.ts';
import { onBoth } from './both.ts';
import { world, type World } from './people-world.ts';
import {
  ordinary,
  places,
  sceneSql,
  sqlAttacks,
  type Attacker,
  type SqlAttack,
} from './row-security-attacks.ts';
import { lamindb, openDevice, openNode, type Device, type Node } from './sync-world.ts';

vi.mock('../../server/sync/judge.ts', () => ({ createJudge: () => ({ judge: () => null, forget() {} }) }));

const terms: WriteTerms = { role: 'admin', spaces: null, branches: null, merge: false };

onBoth('row-level security', (at) => {
  let here: World;
  let as: As;
  let before: Awaited<ReturnType<typeof facts>>;
  const who = new Map<Attacker, Account>();
  const uidOf = (attacker: Attacker) => who.get(attacker)?.uid ?? '';
  const facts = () =>
    at().postgres.session((session) =>
      postgresFacts(async (sql) =>
        (await session.query(sql)).rows.map((row) => row.map((v) => (v === null ? null : String(v)))),
      ),
    );
  const rule = (kind: 'space' | 'branch', place: string, writers: 'members' | 'granted', guarded = false) =>
    setPlaceRule(here.ground, {
      ...{ instance: here.instance, by: here.admin, kind, place, writers, protected: guarded },
    });

  beforeAll(async () => {
    const { postgres } = at();
    here = await world(postgres);
    await lamindb(postgres);
    before = await facts();
    await postgres.session((session) => session.exec(sceneSql));
    await rule('branch', places.branch, 'granted');
    await rule('branch', places.guarded, 'members', true);
    who.set('boss', here.admin);
    who.set('writer', (await here.person('writer')).account);
    who.set('reader', (await here.person('reader', 'read')).account);
    who.set('stranger', (await here.person('stranger', 'write', 'instance0002')).account);
    const made = await installRowSecurity(postgres, model, here.instance);
    expect(made.why).toBeNull();
    as = made.as as As;
  });

  /** Runs it in a transaction that is given up; answers with the rows it wrote. */
  const tried = (sql: string, first: (session: PostgresSession) => Promise<void>): Promise<number> =>
    at().postgres.session(async (session) => {
      await session.query('BEGIN');
      try {
        await first(session);
        let changes = 0;
        for (const one of sql.split('; ')) ({ changes } = await session.query(one));
        await session.query('SET CONSTRAINTS ALL IMMEDIATE');
        return changes;
      } finally {
        await session.query('ROLLBACK');
      }
    });
  const byAccount = ({ sql, by, terms: some }: SqlAttack) =>
    tried(sql, (session) => as(session, uidOf(by), { ...terms, ...some }));

  it.each(sqlAttacks)('[row 110] refused by SQL alone: $title', async (attack) => {
    const outcome = await byAccount(attack).catch((error: unknown) => error);
    if (outcome !== 0) {
      expect(outcome).toMatchObject({ code: 'NoWriteAccess' });
      return;
    }
    // Rows that were passed over are there: the server itself writes them.
    const ours = await at().postgres.session(async (session) => {
      await session.query('BEGIN');
      const { changes } = await session.query(attack.sql);
      await session.query('ROLLBACK');
      return changes;
    });
    expect(ours).toBeGreaterThan(0);
  });

  it.each(ordinary)('allowed: $title', async (one) => {
    expect(await byAccount(one)).toBeGreaterThan(0);
  });

  it('the owner and roles of others are not limited, and LaminDB’s schema has 0 differences', async () => {
    const label = "UPDATE public.lamindb_ulabel SET description = 'y' WHERE id IN (51, 52, 53)";
    expect(await tried(label, async () => {})).toBe(3);
    expect(
      await tried(label, async (session) => {
        await session.exec(
          'CREATE ROLE somebody_else; GRANT USAGE ON SCHEMA public TO somebody_else; GRANT SELECT, UPDATE ON public.lamindb_ulabel TO somebody_else; SET LOCAL ROLE somebody_else',
        );
      }),
    ).toBe(3);
    // With the server's rights again within the same transaction.
    expect(
      await tried(label, async (session) => {
        await as(session, uidOf('reader'));
        await as(session, null);
      }),
    ).toBe(3);
    expect(factDifferences(await facts(), before)).toEqual([]);
  });

  it('is made once, is made again where it was taken away, and leaves policies of others alone', async () => {
    const { postgres } = at();
    const policies = async () =>
      (await postgres.session((s) => s.query('SELECT count(*), max(oid::bigint) FROM pg_policy'))).rows[0];
    const known = await policies();
    expect((await installRowSecurity(postgres, model, here.instance)).why).toBeNull();
    expect(await policies()).toEqual(known);
    await postgres.session((s) => s.exec('DROP POLICY loam_update ON public.lamindb_ulabel'));
    expect((await installRowSecurity(postgres, model, here.instance)).why).toBeNull();
    expect((await policies())?.[0]).toBe(known?.[0]);
    await postgres.session((s) => s.exec('CREATE POLICY of_the_hub ON public.lamindb_ulabel USING (true)'));
    const { as: none, why } = await installRowSecurity(postgres, model, here.instance);
    expect(none).toBeNull();
    expect(why).toMatch(/lamindb_ulabel has row-level security of others.*its own checks alone/);
    await postgres.session((s) => s.exec('DROP POLICY of_the_hub ON public.lamindb_ulabel'));
  });

  it('where the server may not make roles it is said, and nothing is changed', async () => {
    const { postgres } = at();
    const limited = {
      ...postgres,
      session: <T>(use: (session: PostgresSession) => Promise<T>) =>
        postgres.session(async (session) => {
          await session.exec('SET ROLE plain_owner');
          try {
            return await use(session);
          } finally {
            await session.exec('RESET ROLE');
          }
        }),
    };
    await postgres.session((s) =>
      s.exec('CREATE ROLE plain_owner; GRANT USAGE ON SCHEMA loam TO plain_owner'),
    );
    const { as: none, why } = await installRowSecurity(limited, model, here.instance);
    expect(none).toBeNull();
    expect(why).toMatch(/not possible in this database.*its own checks alone/);
  });

  describe('through turns whose judge allows everything', () => {
    let node: Node & { folder: string };
    const devices: Device[] = [];
    const open = async (attacker: Attacker) => {
      const account = who.get(attacker) as Account;
      await bringUser(node.turns, account);
      const made = await openDevice(at().postgres, node, account);
      await made.pull(node);
      devices.push(made);
      return made;
    };
    const inPostgres = async (sql: string) =>
      (await at().postgres.session((session) => session.query(sql))).rows;
    const idOf = (of: Device, table: string, uid: string) =>
      Number(of.rows(`SELECT id FROM lamindb_${table} WHERE uid = ?`, [uid])[0]?.[0]);
    const change = (of: Device, table: string, uid: string, values: Record<string, SqlValue>) =>
      of.engine.writer.act({ kind: 'update', title: 'A change' }, (tx) =>
        update(tx, `lamindb_${table}`, [idOf(of, table, uid)], values),
      );
    const make = (of: Device, uid: string, values: Record<string, SqlValue> = {}) =>
      of.engine.writer.act({ kind: 'create', title: `Label ${uid}` }, (tx) =>
        insertOne(tx, 'lamindb_ulabel', {
          ...{ uid, name: uid, space_id: 1, branch_id: 1, created_on_id: 1, is_type: 0, is_locked: 0 },
          ...{ created_by_id: tx.author.userId, ...values },
        }),
      );
    const everybody = async () => {
      for (const one of devices) await one.push(node);
      for (const one of devices) await one.pull(node);
    };
    const same = () => {
      const [first, ...others] = devices.map((of) =>
        of.rows('SELECT uid, name, description, space_id, branch_id FROM lamindb_ulabel ORDER BY uid'),
      );
      for (const other of others) expect(other).toEqual(first);
    };

    beforeAll(async () => {
      node = await openNode(at().postgres, here.instance, {
        createMirror: (deps) => createMirror({ ...deps, as }),
        copyTables: (session, driver) => copyIntoReplica(session, driver, model),
      });
      for (const attacker of ['boss', 'writer', 'reader'] as const) await open(attacker);
    });
    afterAll(async () => {
      for (const one of devices) one.close();
      await node?.close();
    });

    const attacks: [
      title: string,
      attack: (of: Device, space: number, branch: (uid: string) => number) => void,
    ][] = [
      ['edits in a closed space', (of) => change(of, 'ulabel', 'inspace1', { description: 'mine' })],
      ['takes out of it', (of) => change(of, 'ulabel', 'inspace1', { space_id: 1 })],
      ['puts into it', (of, space) => change(of, 'ulabel', 'openopen', { space_id: space })],
      ['makes there', (of, space) => make(of, 'madespac', { space_id: space })],
      ['edits on a closed branch', (of) => change(of, 'ulabel', 'onbranch', { description: 'mine' })],
      [
        'puts onto it',
        (of, _, branch) => change(of, 'ulabel', 'linkfree', { branch_id: branch(places.branch) }),
      ],
      ['edits on a protected one', (of) => change(of, 'ulabel', 'onguard1', { description: 'mine' })],
      ['trashes from it', (of) => change(of, 'ulabel', 'onguard1', { branch_id: -1 })],
      ['renames a space', (of) => change(of, 'space', places.space, { name: 'mine' })],
      ['renames a user', (of) => change(of, 'user', here.admin.uid, { name: 'mine' })],
      [
        'unlinks in a closed space',
        (of) =>
          of.engine.writer.act({ kind: 'update', title: 'Unlink' }, (tx) =>
            remove(tx, 'lamindb_ulabelproject', [
              Number(
                of.rows(
                  "SELECT p.id FROM lamindb_ulabelproject p JOIN lamindb_ulabel u ON u.id = p.ulabel_id WHERE u.uid = 'inspace1'",
                )[0]?.[0],
              ),
            ]),
          ),
      ],
    ];

    it('[row 110] each attack is kept as refused with Postgres’ reason, between writes that pass; all converge', async () => {
      const [boss, writer, reader] = devices as [Device, Device, Device];
      const space = idOf(writer, 'space', places.space);
      const state =
        "SELECT uid, description, space_id, branch_id FROM lamindb_ulabel WHERE uid IN ('inspace1', 'openopen', 'onbranch', 'onguard1', 'linkfree', 'madespac') ORDER BY uid";
      const [was, links] = [
        await inPostgres(state),
        await inPostgres('SELECT count(*) FROM lamindb_ulabelproject'),
      ];
      make(writer, 'passes01');
      for (const [, attack] of attacks) attack(writer, space, (uid) => idOf(writer, 'branch', uid));
      make(writer, 'passes02');
      make(reader, 'byreader');
      change(boss, 'space', places.space, { description: 'the boss was here' });
      await everybody();
      expect(writer.engine.sync.refused()).toHaveLength(attacks.length);
      expect(reader.engine.sync.refused()).toHaveLength(1);
      expect(boss.engine.sync.refused()).toHaveLength(0);
      const reasons = (await inPostgres('SELECT reason FROM loam.log_item WHERE content IS NULL')).flat();
      expect(reasons).toHaveLength(attacks.length + 1);
      for (const reason of reasons)
        expect(reason).toMatch(
          /^The row .* cannot be written .* Postgres: the account has no right to write it there/,
        );
      expect(await inPostgres(state)).toEqual(was);
      expect(await inPostgres('SELECT count(*) FROM lamindb_ulabelproject')).toEqual(links);
      expect(
        (
          await inPostgres(
            "SELECT uid FROM lamindb_ulabel WHERE uid LIKE 'passes%' OR uid = 'byreader' ORDER BY 1",
          )
        ).flat(),
      ).toEqual(['passes01', 'passes02']);
      expect(
        await inPostgres(`SELECT name, description FROM lamindb_space WHERE uid = '${places.space}'`),
      ).toEqual([['closed', 'the boss was here']]);
      same();
      expect(node.faults).toEqual([]);
    });

    it('[row 110] a proven merge onto a protected branch passes, and nothing else does', async () => {
      const [boss, writer] = devices as [Device, Device];
      writer.engine.createBranch('side', { switch: true });
      writer.engine.create('ULabel', { name: 'from the side' });
      await everybody();
      await rule('branch', 'mmmmmmmmmmmm', 'members', true);
      try {
        const access = await at().postgres.session((s) => accessOf(s, here.instance, boss.account));
        if (!access) throw new Error('no access');
        await node.turns.write(access, (engine) => engine.mergeBranch('side'));
        await expect(
          node.turns.write(access, (engine) => engine.create('ULabel', { name: 'straight onto it' })),
        ).rejects.toMatchObject({ code: 'NoWriteAccess' });
        expect(
          await inPostgres(
            "SELECT u.name, b.name FROM lamindb_ulabel u JOIN lamindb_branch b ON b.id = u.branch_id WHERE u.name IN ('from the side', 'straight onto it')",
          ),
        ).toEqual([['from the side', 'main']]);
      } finally {
        await rule('branch', 'mmmmmmmmmmmm', 'members');
      }
    });
  });
});
