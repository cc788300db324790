// Following the inbox: each transaction of others is handed on once, soon, and again after a failure.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { installCapture } from '../../server/capture.ts';
import { followEdits, type Follower } from '../../server/edits-of-others.ts';
import { openLamindb } from '../../server/lamindb-database.ts';
import { openPostgres } from '../../server/node-postgres.ts';
import { inPostgresTransaction } from '../../server/postgres.ts';
import { LoamError } from '../../src/lib/engine/errors.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import { onBoth, seed } from './both.ts';

onBoth('[row 69] the inbox is followed', (at, kind) => {
  const ask = async (sql: string) => (await at().postgres.session((session) => session.query(sql))).rows;
  const label = (uid: string) =>
    ask(
      `INSERT INTO lamindb_ulabel(uid, name, is_type, created_by_id, _aux) VALUES ('${uid}', '${uid}', false, 1, NULL)`,
    );
  const heard: string[] = [];
  const errors: LoamError[] = [];
  const started: Follower[] = [];
  let refuse = 0;

  const follow = async (postgres = at().postgres, every = 60_000) => {
    const follower = await followEdits({
      postgres,
      model,
      every,
      async take(transaction, pieces, session) {
        const uids: string[] = [];
        for await (const operations of pieces)
          for (const { operation } of operations)
            uids.push(...((operation.v?.uid ?? [operation.c?.uid]) as string[]));
        await session.query('INSERT INTO kept(xid, uids) VALUES ($1, $2)', [transaction.xid, uids.join()]);
        if (refuse > 0) {
          refuse--;
          throw new LoamError('OperationalError', 'The log is full.');
        }
        heard.push(uids.join());
      },
      onError: (error) => errors.push(error),
    });
    started.push(follower);
    return follower;
  };

  beforeAll(async () => {
    await openLamindb(at().postgres, model, seed);
    await at().postgres.session((session) => installCapture(session, model));
    await ask('CREATE TABLE kept (xid text PRIMARY KEY, uids text)');
  });
  afterAll(async () => {
    for (const follower of started) await follower.stop();
  });

  test('what waited comes first, then each as it is committed', async () => {
    await label('before01');
    const follower = await follow();
    await follower.caughtUp();
    expect(heard).toEqual(['before01']);
    await label('after001');
    // By the notice alone: the inbox is not looked at for a minute.
    await expect.poll(() => heard).toEqual(['before01', 'after001']);
    await follower.stop();
    await label('after002');
    await label('after003');
    expect(heard.length).toBe(2);
    await (await follow()).caughtUp();
    expect(heard.slice(2)).toEqual(['after002', 'after003']);
    expect(await ask('SELECT count(*) FROM loam.inbox')).toEqual([[0]]);
  });

  test('a failure is told, leaves nothing half done, and is tried again', async () => {
    refuse = 2;
    await label('failing1');
    await expect.poll(() => heard.at(-1)).toBe('failing1');
    expect(errors.map(({ code }) => code)).toEqual(['OperationalError', 'OperationalError']);
    expect(await ask(`SELECT count(*) FROM kept WHERE uids = 'failing1'`)).toEqual([[1]]);
  });

  test.runIf(kind === 'postgres')('several servers hand each on once', async () => {
    const address = at().address ?? '';
    const others = [await openPostgres({ address }), await openPostgres({ address })];
    const followers: Follower[] = [];
    for (const other of others) followers.push(await follow(other, 50));
    await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        at().postgres.session((session) =>
          inPostgresTransaction(session, async () => {
            for (const part of ['a', 'b'])
              await session.query(
                `INSERT INTO lamindb_ulabel(uid, name, is_type, created_by_id, _aux) VALUES ('many${part}${100 + i}', 'x', false, 1, NULL)`,
              );
          }),
        ),
      ),
    );
    await expect
      .poll(async () => (await ask('SELECT count(*) FROM loam.inbox'))[0]?.[0], { timeout: 20_000 })
      .toBe(0);
    const many = heard.filter((uids) => uids.startsWith('many'));
    expect(many.length).toBe(40);
    expect(new Set(many).size).toBe(40);
    for (const follower of followers) await follower.stop();
    for (const other of others) await other.close();
  });
});
