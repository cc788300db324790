// A transaction that fails at any of its statements, with sync on: neither the change nor its place in a log is there; the
// next one does both. The same for what others bring.
import { expect, test } from 'vitest';
import { LoamError } from '../../src/lib/engine/errors.ts';
import { insert, update } from '../../src/lib/engine/write/apply.ts';
import { bring, device, main, trusting, vectorOf, type Device } from './sync-world.ts';

/** The nth statement from now on fails, as on a full disk; ROLLBACK works. */
function failAt({ driver }: Device, nth: number): () => void {
  const { run, all, many } = driver;
  let asked = 0;
  const check = (sql: string): void => {
    if (/^ROLLBACK/.test(sql)) return;
    if (++asked === nth) throw new LoamError('StorageFull', 'The disk is full.');
  };
  driver.run = (sql, params) => (check(sql), run.call(driver, sql, params));
  driver.all = (sql, params) => (check(sql), all.call(driver, sql, params));
  driver.many = (sql, n, columns) => (check(sql), many.call(driver, sql, n, columns));
  return () => Object.assign(driver, { run, all, many });
}

const tables = ['loam_record', 'loam_act', 'loam_sync_doc', 'loam_sync_client', 'loam_sync_item'];
const kept = (of: Device) => [
  of.state(),
  JSON.stringify(
    tables.map((table) => of.rows(`SELECT * FROM ${table}`)),
    (_, value: unknown) => (value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value),
  ),
];

/** Every record of the history that is done has its place, once; clocks of each client are in a row. */
function sound(of: Device): void {
  expect(
    of.value(`SELECT count(*) FROM loam_record r JOIN loam_act a ON a.id = r.act LEFT JOIN loam_sync_item i
      ON i.client = r.client AND i.clock = r.clock AND i.record = r.id WHERE a.status = 'done' AND i.seq IS NULL`),
  ).toBe(0);
  for (const { doc } of of.log.logs())
    for (const [client, next] of vectorOf(of, doc)) {
      expect(of.value('SELECT count(*) FROM loam_sync_item WHERE client = ?', [client])).toBe(next);
      expect(of.value('SELECT max(clock) FROM loam_sync_item WHERE client = ?', [client])).toBe(next - 1);
    }
}

const limits = { records: 3, bytes: 1e9, sessions: 2 };

test.each([
  'the first of a session',
  'a later one',
  'one that seals the log',
  'the last of a long act',
  'an update of others',
] as const)('%s fails at any statement and changes nothing', async (what) => {
  const other = await device(2);
  for (let i = 0; i < 3; i++) other.engine.createULabel(`other ${i}`);
  other.log.refuse(main, [{ client: vectorOf(other)[0]?.[0] ?? 0, clock: 1 }], 'no');
  const news = other.log.updateSince(main, Uint8Array.of(0)).bytes;
  const a = await device(1, what === 'one that seals the log' ? { limits } : {});
  if (what !== 'the first of a session') a.engine.createULabel('before');
  if (what === 'one that seals the log')
    for (const seed of [3, 4]) {
      const peer = await device(seed);
      peer.engine.createULabel(`of ${seed}`);
      bring(peer, a);
    }
  const { writer } = a.engine;
  let n = 0;
  const act = async (): Promise<unknown> => {
    n++;
    if (what === 'an update of others') return a.log.receive(main, news, trusting);
    if (what !== 'the last of a long act')
      return writer.act({ kind: 'create', title: `try ${n}` }, function* (tx) {
        const id = yield* insert(tx, 'lamindb_ulabel', 1, {
          uid: `try${String(n).padStart(5, '0')}`,
          name: `try ${n}`,
        });
        yield* update(tx, 'lamindb_ulabel', [id], { description: 'more' });
      });
    let slices = 0;
    return writer.longAct({ kind: 'import', title: `try ${n}` }, () =>
      slices++ < 2
        ? function* (tx) {
            yield* insert(tx, 'lamindb_ulabel', 1, {
              uid: `try${slices}${String(n).padStart(4, '0')}`,
              name: `try ${n} ${slices}`,
            });
          }
        : null,
    );
  };
  const before = kept(a);
  for (let nth = 1; ; nth++) {
    const mend = failAt(a, nth);
    let failed: unknown = null;
    try {
      await act();
    } catch (error) {
      failed = error;
    }
    mend();
    if (failed === null) {
      expect(nth).toBeGreaterThan(5);
      break;
    }
    expect(failed).toMatchObject({ code: 'StorageFull' });
    expect(kept(a), `statement ${nth}`).toEqual(before);
  }
  expect(kept(a)).not.toEqual(before);
  sound(a);
  await act();
  sound(a);
  const server = await device(9);
  for (const { doc } of a.log.logs()) bring(a, server, doc);
  for (const { doc } of a.log.logs()) expect(vectorOf(server, doc)).toEqual(vectorOf(a, doc));
});
