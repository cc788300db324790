// First pages of long filtered lists: whether many rows match or few, the page is the one that sorting all of them gives.
import { beforeAll, describe, expect, it } from 'vitest';
import type { Cursor } from '../../src/lib/engine/view/page.ts';
import { emptyView, type FilterTest, type View } from '../../src/lib/engine/view/view.ts';
import { insert, update } from '../../src/lib/engine/write/apply.ts';
import { memoryEngine, type MemoryEngine } from './memory-engine.ts';

const count = 24_000;
/** In CI every test goes with another one. */
const long = process.env['LOAM_LONG'] === '1';
/** `often` is on every third row, `seldom` on every 150th, `rare` on every 5,000th from the 4,999th on. */
const kindOf = (i: number) =>
  i % 5000 === 4999 ? 'rare' : i % 150 === 1 ? 'seldom' : i % 3 === 0 ? 'often' : null;
let m: MemoryEngine;

beforeAll(async () => {
  m = await memoryEngine();
  const all = Array.from({ length: count }, (_, i) => i);
  m.engine.writer.act({ kind: 'seed', title: 'seed' }, (tx) =>
    insert(tx, 'lamindb_ulabel', count, {
      uid: all.map((i) => String(i).padStart(8, '0')),
      name: all.map((i) => `n${(i * 7919) % count}`),
      reference_type: all.map(kindOf),
    }),
  );
}, 60_000);

/** Old rows come first by id and by time of making; what is asked for is far from where the order begins. */
describe('[row 11] pages far behind the beginning of the order', () => {
  let far: MemoryEngine;
  const tests: FilterTest[] = [
    { kind: 'test', field: 'id', op: 'lt', value: 9_000 },
    { kind: 'test', field: 'id', op: 'gt', value: 15_000 },
    { kind: 'test', field: 'created_at', op: 'lt', value: '2026-01-02 03:00:00' },
    { kind: 'test', field: 'created_at', op: 'range', value: ['2026-01-01 20:00:00', '2026-01-02 03:00:00'] },
    { kind: 'test', field: 'created_at', op: 'gte', value: '2026-01-02 05:00:00' },
    { kind: 'test', field: 'name', op: 'lt', value: 'n1' },
    { kind: 'test', field: 'description', op: 'exact', value: 'even' },
    { kind: 'test', field: 'description', op: 'isnull', value: true },
    { kind: 'test', field: 'reference_type', op: 'exact', value: 'often' },
  ];

  beforeAll(async () => {
    far = await memoryEngine(undefined, { searchIndex: true });
    const all = Array.from({ length: count }, (_, i) => i);
    const time = (i: number) =>
      `2026-01-0${1 + Math.floor(i / 12_000)} ${String(Math.floor((i % 12_000) / 500)).padStart(2, '0')}:00:00`;
    far.engine.writer.act({ kind: 'seed', title: 'seed' }, (tx) =>
      insert(tx, 'lamindb_ulabel', count, {
        uid: all.map((i) => String(i).padStart(8, '0')),
        name: all.map((i) => `n${(i * 7919) % count}`),
        description: all.map((i) => (i < 20_000 ? (i % 2 ? 'odd' : 'even') : null)),
        reference_type: all.map(kindOf),
        created_at: all.map(time),
        updated_at: all.map(time),
      }),
    );
  }, 60_000);

  const pagesOf = (items: FilterTest[], by: string, descending: boolean): string[] => {
    const view: View = { ...emptyView('ULabel'), filter: { kind: 'all', items }, order: { by, descending } };
    const found: string[] = [];
    let after: Cursor | null = null;
    do {
      const page = far.engine.listRows(view, { after, limit: 60 });
      found.push(...page.rows.map((row) => row.key));
      after = page.cursors?.last ?? null;
    } while (after && found.length < 120);
    return found;
  };
  /** By looking at every row. */
  const plainly = (items: FilterTest[], by: string, descending: boolean): string[] => {
    const sql = items.map(({ field, op, value }) => {
      const list = (Array.isArray(value) ? value : [value]).map((v) =>
        typeof v === 'number' ? v : `'${String(v)}'`,
      );
      const column = `+"${field}"`;
      if (op === 'isnull') return `(${column} IS NULL OR ${column} = '')`;
      if (op === 'range') return `${column} BETWEEN ${list.join(' AND ')}`;
      return `${column} ${{ lt: '<', gt: '>', gte: '>=', exact: '=' }[op as 'lt'] ?? ''} ${list[0]}`;
    });
    const way = descending ? 'DESC' : 'ASC';
    return far
      .rows(
        `SELECT uid FROM lamindb_ulabel WHERE +branch_id = 1 AND ${sql.join(' AND ')} ORDER BY +"${by}" ${way}, id ${way} LIMIT 120`,
      )
      .map(([uid]) => String(uid));
  };
  function expectSame(): void {
    for (const [i, test] of tests.entries())
      for (const items of long || i % 3 === 0
        ? [[test], [test, tests[(i * 5 + 2) % tests.length] ?? test]]
        : [[test]])
        for (const by of ['updated_at', ['created_at', 'id', 'description'][i % 3] ?? 'id'])
          for (const descending of [true, false])
            expect(pagesOf(items, by, descending), `${JSON.stringify(items)} ${by} ${descending}`).toEqual(
              plainly(items, by, descending),
            );
  }

  it('are the same without bounds of stretches, while they are made and with them', () => {
    expectSame();
    expect(far.engine.writer.feedZones()).toBe(1);
    expect(far.engine.writer.feedZones()).toBeGreaterThan(500);
    expectSame();
    while (far.engine.writer.feedZones() > 0);
    expect(far.value('SELECT count(*) FROM loam_zones_lamindb_ulabel')).toBe(Math.floor(count / 512));
    expectSame();
  }, 120_000);

  it('are the same after changes, undone or not', async () => {
    const ids = far.rows('SELECT id FROM lamindb_ulabel WHERE id % 701 = 5').map(([id]) => Number(id));
    far.engine.writer.act({ kind: 'test', title: 'of late' }, (tx) =>
      update(tx, 'lamindb_ulabel', ids, {
        name: ids.map((id) => `a${id}`),
        description: ids.map((id) => `b${id % 3}`),
      }),
    );
    expectSame();
    const uids = far
      .rows('SELECT uid FROM lamindb_ulabel WHERE id % 97 = 3')
      .map(([uid]) => ({ uid: String(uid) }));
    await far.engine.trash('ULabel', uids);
    await far.engine.purge('ULabel', uids.slice(0, 40));
    expectSame();
    await far.engine.undo();
    await far.engine.undo();
    far.engine.create('ULabel', { name: 'a0', description: 'even' });
    expectSame();
  }, 120_000);
});

const asked = (value: string, by: string, descending: boolean): View => ({
  ...emptyView('ULabel'),
  filter: { kind: 'all', items: [{ kind: 'test', field: 'reference_type', op: 'exact', value }] },
  order: { by, descending },
});

describe('[row 11] pages of a filtered list of 24,000', () => {
  it.each(['often', 'seldom', 'rare'])('are the rows in their order: %s', (value) => {
    for (const by of ['id', 'name', 'created_at', 'description'])
      for (const descending of [false, true]) {
        const way = descending ? 'DESC' : 'ASC';
        const wanted = m.rows(
          `SELECT uid FROM lamindb_ulabel WHERE reference_type = ? ORDER BY "${by}" ${way}, id ${way} LIMIT 150`,
          [value],
        );
        const found: string[] = [];
        let after: Cursor | null = null;
        do {
          const page = m.engine.listRows(asked(value, by, descending), { after, limit: 50 });
          found.push(...page.rows.map((row) => row.key));
          after = page.cursors?.last ?? null;
        } while (after && found.length < 150);
        expect(found, `${by} ${way}`).toEqual(wanted.map(String));
        const last = m.engine.listRows(asked(value, by, descending), {
          after: null,
          limit: 4,
          backwards: true,
        });
        const end = m.rows(
          `SELECT uid FROM lamindb_ulabel WHERE reference_type = ? ORDER BY "${by}" ${way}, id ${way}`,
          [value],
        );
        expect(last.rows.map((row) => row.key)).toEqual(end.slice(-4).map(String));
      }
  });
});
