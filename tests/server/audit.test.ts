// The audit log's chain: written with what it tells, and every tampering found.
import { beforeAll, expect, test } from 'vitest';
import { appendAudit, auditHead, readAudit, verifyAudit, type AuditHead } from '../../server/people/audit.ts';
import { transact, type Ground } from '../../server/people/ground.ts';
import { inPostgresTransaction, type PostgresSession } from '../../server/postgres.ts';
import { onBoth } from './both.ts';
import { refusal, world } from './people-world.ts';

/** Small whole numbers from a seed, the same each time. */
const dice = (seed: number) => (below: number) => {
  seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
  return (seed >>> 8) % below;
};

onBoth('[row 111] Audit log', (at) => {
  const use = <T>(work: (session: PostgresSession) => Promise<T>) => at().postgres.session(work);
  const count = 300;
  let ground: Ground;
  let head: AuditHead;
  beforeAll(async () => {
    ({ ground } = await world(at().postgres));
    await transact(ground, (tx) => {
      for (let i = 0; i < count; i++)
        tx.tell({
          ...{
            event: i % 2 ? 'row.changed' : 'row.made',
            actor: `actor00${i % 3}`,
            instance: i % 5 ? 'one' : 'two',
          },
          ...{
            branch: i % 4 ? 'main' : null,
            tab: 'lamindb_artifact',
            device: 'laptop',
            writtenAt: 1_000_000 + i,
          },
          details: { i, text: 'é “x” \\ 😀' },
        });
      return Promise.resolve();
    });
    head = await use(auditHead);
  });

  test('a whole log is whole; it is filtered, and offline writes have both times', async () => {
    const verdict = await use((session) => verifyAudit(session, [head]));
    expect(verdict).toEqual({ entries: head.seq, head, faults: [] });
    const found = await use((session) =>
      readAudit(session, { instance: 'two', actor: 'actor001', event: 'row.made', limit: 3 }),
    );
    expect(found).toHaveLength(3);
    for (const row of found)
      expect(row).toMatchObject({ instance: 'two', actor: 'actor001', event: 'row.made' });
    expect(found[0]).toMatchObject({
      device: 'laptop',
      at: '2026-11-28 00:00:00.000000',
      tab: 'lamindb_artifact',
    });
    expect(found[0]?.writtenAt).toMatch(/^1970-01-01 00:16:40\.\d{6}$/);
    const older = await use((session) => readAudit(session, { before: 5, limit: 9999 }));
    expect(older.map(({ seq }) => seq)).toEqual([4, 3, 2, 1]);
    expect(await use((session) => readAudit(session, { until: '2020-01-01' }))).toEqual([]);
  });

  test('written with what it tells, or not at all; many at once leave no gap', async () => {
    const before = await use(auditHead);
    await refusal(
      transact(ground, (tx) => {
        tx.tell({ event: 'never', actor: null });
        return Promise.reject(new Error('no'));
      }),
    );
    expect(await use(auditHead)).toEqual(before);
    await Promise.all(
      Array.from({ length: 12 }, () =>
        use((session) =>
          inPostgresTransaction(session, () =>
            appendAudit(session, ground.now(), [{ event: 'at once', actor: null }]),
          ),
        ),
      ),
    );
    expect((await use(auditHead)).seq).toBe(before.seq + 12);
    expect((await use((session) => verifyAudit(session, [before]))).faults).toEqual([]);
    await refusal(
      use((session) => session.query(`UPDATE loam.audit SET event = 'x' WHERE seq = 1`)),
      'ValidationError',
    );
    await refusal(
      use((session) => session.query('DELETE FROM loam.audit')),
      'ValidationError',
    );
    await refusal(
      use((session) => session.exec('TRUNCATE loam.audit')),
      'ValidationError',
    );
  });

  test('250 tamperings by somebody who may everything in the database: all are found', async () => {
    const roll = dice(7);
    const total = (await use(auditHead)).seq;
    const anchor = await use(auditHead);
    const pick = () => 2 + roll(total - 3);
    const ways: ((seq: number) => string)[] = [
      (seq) => `UPDATE loam.audit SET actor = coalesce(actor, '') || 'x' WHERE seq = ${seq}`,
      (seq) => `UPDATE loam.audit SET at = at + interval '1 microsecond' WHERE seq = ${seq}`,
      (seq) => `UPDATE loam.audit SET details = details || ' ' WHERE seq = ${seq}`,
      (seq) =>
        `UPDATE loam.audit SET branch = subject || 'b', subject = branch || 's', tab = 't' WHERE seq = ${seq}`,
      (seq) => `UPDATE loam.audit SET hash = sha256(hash) WHERE seq = ${seq}`,
      (seq) => `DELETE FROM loam.audit WHERE seq = ${seq}`,
      (seq) =>
        `DELETE FROM loam.audit WHERE seq = ${seq}; UPDATE loam.audit SET seq = seq - 1 WHERE seq > ${seq}`,
      (seq) =>
        `UPDATE loam.audit SET seq = -seq WHERE seq IN (${seq}, ${seq + 1}); UPDATE loam.audit SET seq = CASE WHEN seq = -${seq} THEN ${seq + 1} ELSE ${seq} END WHERE seq < 0`,
      () =>
        `INSERT INTO loam.audit SELECT 0, at, instance, actor, event, subject, branch, tab, device, written_at, details, hash FROM loam.audit WHERE seq = 3`,
      // The end is cut off and the head fits: only what was kept elsewhere knows.
      (seq) =>
        `DELETE FROM loam.audit WHERE seq > ${seq}; UPDATE loam.audit_head SET seq = ${seq}, hash = (SELECT hash FROM loam.audit WHERE seq = ${seq})`,
    ];
    let missed = 0;
    await use(async (session) => {
      for (let i = 0; i < 250; i++) {
        const way = ways[i % ways.length];
        const sql = way?.(pick()) ?? '';
        await session.query('BEGIN');
        await session.exec('ALTER TABLE loam.audit DISABLE TRIGGER USER');
        await session.exec('ALTER TABLE loam.audit DROP CONSTRAINT audit_pkey');
        await session.exec(sql);
        const { faults } = await verifyAudit(session, [anchor]);
        if (faults.length === 0) missed += 1;
        await session.query('ROLLBACK');
      }
    });
    expect(missed).toBe(0);
    expect((await use((session) => verifyAudit(session, [anchor]))).faults).toEqual([]);
  });
});
