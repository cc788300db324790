// The hard cases of the mirror: unique values that move, types, what Postgres refuses, cut-off flushes, edits on both sides.
import { beforeEach, describe, expect, test } from 'vitest';
import { numbers } from '../fixtures/numbers.ts';
import { anyAct } from '../sim/acts.ts';
import type { Peer } from '../sim/peer.ts';
import { MirrorRefused } from '../../server/mirror/mirror-refused.ts';
import { onBoth } from './both.ts';
import { mirrored, type Mirrored } from './mirror-world.ts';
import { anyEdit } from './sql-edits.ts';

onBoth('the mirror’s hard cases', (at, kind) => {
  let here: Mirrored;
  beforeEach(async () => (here = await mirrored(at().postgres)));
  const ask = async (sql: string) => (await at().postgres.session((session) => session.query(sql))).rows;
  const run = (sql: string) => here.driver.exec(sql);
  const label = (id: number, uid: string, more: [string, string][] = []) =>
    run(
      `INSERT INTO lamindb_ulabel(${['id', 'uid', 'name', 'is_type', 'created_by_id', 'branch_id', 'created_on_id', 'space_id', 'is_locked', 'created_at', 'updated_at', ...more.map(([c]) => c)].join()})
       VALUES (${[String(id), `'${uid}'`, `'label ${id}'`, '0', '1', '1', '1', '1', '0', "'2026-01-01 00:00:00.000000'", "'2026-01-01 00:00:00.000000'", ...more.map(([, v]) => v)].join()})`,
    );
  const peer = () =>
    ({
      get engine() {
        return here.engine;
      },
      rows: here.rows,
      client: 3,
    }) as unknown as Peer;

  test('[row 69] unique values change hands within one flush', async () => {
    for (const [i, uid] of ['aaaaaaaa', 'bbbbbbbb', 'cccccccc', 'dddddddd'].entries()) label(101 + i, uid);
    await here.flush();
    const ids = await ask('SELECT uid, id FROM lamindb_ulabel ORDER BY uid');
    // Round in a ring, one that goes and one that comes.
    run(`UPDATE lamindb_ulabel SET uid = uid || '~' WHERE id BETWEEN 101 AND 104`);
    run(`UPDATE lamindb_ulabel SET uid = 'bbbbbbbb' WHERE id = 101`);
    run(`UPDATE lamindb_ulabel SET uid = 'cccccccc' WHERE id = 102`);
    run(`UPDATE lamindb_ulabel SET uid = 'aaaaaaaa' WHERE id = 103`);
    run('DELETE FROM lamindb_ulabel WHERE id = 104');
    label(105, 'dddddddd');
    await here.flush();
    expect(await here.differences()).toEqual([]);
    // They are the same rows as before, with other uids.
    const after = new Map((await ask('SELECT id, uid FROM lamindb_ulabel')).map(([id, uid]) => [id, uid]));
    expect(after.get(ids[0]?.[1] ?? null)).toBe('bbbbbbbb');
    expect(after.get(ids[2]?.[1] ?? null)).toBe('aaaaaaaa');
  });

  test('[row 69] types come before what is of them, new or old', async () => {
    label(101, 'aaaaaaaa');
    label(102, 'bbbbbbbb');
    await here.flush();
    // A new label of a type that was none, which is of one that is newer still.
    label(103, 'cccccccc', [['type_id', '101']]);
    label(104, 'dddddddd');
    run('UPDATE lamindb_ulabel SET is_type = 1 WHERE id IN (101, 104)');
    run('UPDATE lamindb_ulabel SET type_id = 104 WHERE id IN (101, 102)');
    await here.flush();
    expect(await here.differences()).toEqual([]);
    // The other way round: what was the type is of it now.
    run('UPDATE lamindb_ulabel SET type_id = NULL WHERE id = 101');
    run('UPDATE lamindb_ulabel SET type_id = 101 WHERE id = 104');
    await here.flush();
    expect(await here.differences()).toEqual([]);
  });

  test('[row 69] a renamed feature has one history of its names, and what Postgres adds is not added', async () => {
    here.engine.create('Feature', { name: 'height', dtype: 'int' });
    await here.flush();
    const uid = String(here.rows("SELECT uid FROM lamindb_feature WHERE name = 'height'")[0]?.[0]);
    here.engine.update('Feature', { uid }, { name: 'size' });
    await here.flush();
    expect(await here.differences()).toEqual([]);
  });

  describe('[row 73] what Postgres refuses is told of the row, and leaves nothing', () => {
    const cases: [string, () => void, string, RegExp][] = [
      [
        'a text that is too long',
        () => run(`UPDATE lamindb_ulabel SET name = '${'x'.repeat(300)}' WHERE id = 101`),
        'aaaaaaaa',
        /too long/,
      ],
      [
        'a type that is none',
        () => run('UPDATE lamindb_ulabel SET type_id = 102 WHERE id = 101'),
        'aaaaaaaa',
        /type/,
      ],
      [
        'a circle of types',
        () =>
          run(
            'UPDATE lamindb_ulabel SET is_type = 1, type_id = CASE id WHEN 101 THEN 102 ELSE 101 END WHERE id IN (101, 102)',
          ),
        '',
        /type|cycle/,
      ],
      [
        'a character that Postgres has not',
        () => run(`UPDATE lamindb_ulabel SET name = 'a' || char(0) WHERE id = 102`),
        'bbbbbbbb',
        /./,
      ],
      [
        'a number that is none',
        () => run(`UPDATE lamindb_ulabel SET is_locked = 7.5 WHERE id = 102`),
        'bbbbbbbb',
        /boolean/,
      ],
    ];
    test.each(cases)('%s', async (_, spoil, key, reason) => {
      label(101, 'aaaaaaaa');
      label(102, 'bbbbbbbb');
      await here.flush();
      const before = await here.differences();
      here.driver.exec('BEGIN');
      // Others of the same statement are not told.
      run("UPDATE lamindb_ulabel SET description = 'of the same flush'");
      spoil();
      const error = await here.flush().catch((thrown: unknown) => thrown);
      here.driver.exec('ROLLBACK');
      expect(error).toBeInstanceOf(MirrorRefused);
      const { details, message } = error as MirrorRefused;
      expect(details['table']).toBe('lamindb_ulabel');
      if (key !== '') expect(details['key']).toBe(key);
      expect(message).toMatch(reason);
      expect(await here.differences()).toEqual(before);
      expect(await here.flush()).toBe(0);
    });
  });

  test('[row 69] cut off between the two COMMITs, the rows are found by their keys', async () => {
    const write = () => {
      label(101, 'aaaaaaaa');
      run('INSERT INTO lamindb_ulabel_parents(id, from_ulabel_id, to_ulabel_id) VALUES (51, 101, 101)');
    };
    here.driver.exec('BEGIN');
    write();
    await here.flush();
    // Postgres has committed.
    here.driver.exec('ROLLBACK');
    expect((await here.differences()).length).toBeGreaterThan(0);
    await here.reopen();
    // The log says it again.
    here.driver.exec('BEGIN');
    write();
    await at().postgres.session((session) => here.mirror.skip(session));
    here.driver.exec('COMMIT');
    expect(await here.flush()).toBe(0);
    expect(await here.differences()).toEqual([]);
    // It is known which rows they are.
    run('DELETE FROM lamindb_ulabel_parents WHERE id = 51; DELETE FROM lamindb_ulabel WHERE id = 101');
    await here.flush();
    expect(await ask(`SELECT 1 FROM lamindb_ulabel WHERE uid = 'aaaaaaaa'`)).toEqual([]);
    expect(await here.differences()).toEqual([]);
  });

  test('[row 69] the same without skip: a flush that is repeated writes nothing twice', async () => {
    here.driver.exec('BEGIN');
    label(101, 'aaaaaaaa');
    await here.flush();
    here.driver.exec('ROLLBACK');
    label(101, 'aaaaaaaa');
    label(102, 'bbbbbbbb');
    await here.flush();
    expect(await ask(`SELECT count(*) FROM lamindb_ulabel`)).toEqual([[2]]);
    expect(await here.differences()).toEqual([]);
  });

  test('[row 69] a label that Python has just deleted, and that somebody uses here', async () => {
    label(101, 'aaaaaaaa');
    label(102, 'bbbbbbbb');
    await here.flush();
    await ask(`DELETE FROM lamindb_ulabel WHERE uid = 'aaaaaaaa'`);
    run('INSERT INTO lamindb_ulabel_parents(id, from_ulabel_id, to_ulabel_id) VALUES (51, 101, 102)');
    await here.flush();
    expect(await here.differences()).toEqual([]);
    await here.take();
    await here.flush();
    expect(await here.differences()).toEqual([]);
    expect(here.rows(`SELECT 1 FROM lamindb_ulabel WHERE uid = 'aaaaaaaa'`)).toEqual([]);
  });

  test.each([1, 2, 3])(
    '[row 69] any SQL edits are in the replica, on both sides at once too (%i)',
    async (seed) => {
      const chance = numbers(seed * 31);
      for (let i = 0; i < 12; i++)
        await anyAct(peer(), chance, { branches: false, clashes: false, merges: false });
      await here.flush();
      const said: string[] = [];
      for (let round = 0; round < 5; round++) {
        for (let i = 0; i < 6; i++) said.push(await anyEdit(at().postgres, chance));
        await here.take();
        await here.flush();
        expect(await here.differences(), `after ${said.join('; ')}`).toEqual([]);
      }
      expect(said.filter((what) => !what.startsWith('refused')).length).toBeGreaterThan(said.length / 2);
      for (let round = 0; round < 4; round++) {
        for (let i = 0; i < 4; i++) {
          said.push(await anyEdit(at().postgres, chance));
          said.push(await anyAct(peer(), chance, { branches: false, clashes: false, merges: false }));
        }
        // What was here goes there before the edits are known, and after.
        if (chance() < 0.5) await here.flush();
        await here.take();
        await here.flush();
        expect(await here.differences(), `both, after ${said.join('; ')}`).toEqual([]);
      }
    },
  );

  test.runIf(kind === 'postgres')('[row 69] 20,000 rows are a few statements', async () => {
    run(
      `WITH RECURSIVE n(i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 20999)
       INSERT INTO lamindb_ulabel(id, uid, name, is_type, created_by_id, branch_id, created_on_id, space_id, is_locked, created_at, updated_at)
       SELECT i, 'u' || i, 'n' || i, 0, 1, 1, 1, 1, 0, '2026-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000' FROM n`,
    );
    const { postgres } = at();
    let statements = 0;
    await postgres.session(async (session) => {
      await session.query('BEGIN');
      await here.mirror.flush(
        { ...session, query: (sql, params) => (statements++, session.query(sql, params)) },
        null,
      );
      await session.query('COMMIT');
    });
    expect(statements).toBeLessThan(60);
    expect(await ask('SELECT count(*) FROM lamindb_ulabel')).toEqual([[20_000]]);
    expect(await here.differences()).toEqual([]);
  });
});
