// First pages of long filtered lists: whether many rows match or few, the page is the one that sorting all of them gives.
import { beforeAll, describe, expect, it } from 'vitest';
import type { Cursor } from '../../src/lib/engine/view/page.ts';
import { emptyView, type View } from '../../src/lib/engine/view/view.ts';
import { insert } from '../../src/lib/engine/write/apply.ts';
import { memoryEngine, type MemoryEngine } from './memory-engine.ts';

const count = 24_000;
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
