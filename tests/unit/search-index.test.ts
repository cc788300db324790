// The index of texts never changes an answer: at every moment of feeding, renaming, deleting and undoing, searches and
// lists give what they give without it.
import { beforeAll, expect, it } from 'vitest';
import type { Engine } from '../../src/lib/engine/index.ts';
import { emptyView } from '../../src/lib/engine/view/view.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import { runSync } from '../../src/lib/engine/statement.ts';
import { insert } from '../../src/lib/engine/write/apply.ts';
import { openSearchIndex } from '../../src/lib/engine/write/search-index.ts';
import { memoryEngine, type MemoryEngine } from './memory-engine.ts';

const n = 2_200;
const parts = [
  'Kidney',
  'plate',
  'É tude',
  'say "hi"',
  '100%',
  'a_b',
  'ΔΣ',
  '🧬 gene',
  "O'Neill",
  'x',
  'straße',
  '\\d',
];
/** The same names on every run, most of them shared by few. */
const nameOf = (i: number): string =>
  `${parts[i % parts.length]} ${parts[(i * 7 + 3) % parts.length]} ${i % 97}-${(i * 31) % 1013}`;
const asked = [
  ...[
    'kidney',
    'PLATE 4',
    'tude',
    '"hi"',
    '100%',
    'a_b',
    '_',
    'Σ',
    'δσ',
    '🧬 g',
    "o'ne",
    'ß',
    'STRASSE',
    '\\d 1',
    '77-',
    'nowhere',
    'xx',
  ],
  ...['renamed', 'late', 'kidney plate'],
];

let m: MemoryEngine;
let plain: Engine;
let labels: string[];

beforeAll(async () => {
  m = await memoryEngine(undefined, { searchIndex: true });
  m.engine.writer.act({ kind: 'seed', title: 'seed' }, (tx) =>
    insert(tx, 'lamindb_ulabel', n, {
      uid: Array.from({ length: n }, (_, i) => String(i).padStart(8, '0')),
      name: Array.from({ length: n }, (_, i) => nameOf(i)),
      description: Array.from({ length: n }, (_, i) => (i % 5 ? null : `about ${nameOf(i + 1)}`)),
    }),
  );
  labels = m.rows('SELECT uid FROM lamindb_ulabel ORDER BY id').map(([uid]) => String(uid));
});

const indexed = () => m.engine.writer.journal.search;

/** Every question with the index and, on the same rows, without it. */
function expectSame(): void {
  const answers = () =>
    asked.map((text) => [
      text,
      m.engine.searchRows('ULabel', text, { limit: null }),
      m.engine
        .listRows({ ...emptyView('ULabel'), search: text }, { after: null, limit: 200 })
        .rows.map(({ key }) => key),
    ]);
  const found = answers();
  const { journal } = m.engine.writer;
  const kept = journal.search;
  journal.search = null;
  try {
    expect(found).toEqual(answers());
  } finally {
    journal.search = kept;
  }
}

function feedAll(rows = 700): number {
  let slices = 0;
  while (m.engine.writer.feedSearch(rows) > 0) slices += 1;
  return slices;
}

it('[row 7] answers as without it before, while and after it is fed', () => {
  expectSame();
  expect(m.engine.writer.feedSearch(700)).toBeGreaterThan(0);
  expectSame();
  expect(m.engine.writer.feedSearch(700)).toBe(700);
  expectSame();
  expect(feedAll()).toBeGreaterThan(1);
  expectSame();
  // The last few rows are read: they are not worth a slice.
  expect(n - Number(indexed()?.upto.get('lamindb_ulabel'))).toBeLessThan(200);
  // It is asked at all: letters that no row has need no look at the rows.
  const plan = m.rows(
    `EXPLAIN QUERY PLAN SELECT rowid FROM "loam_search_lamindb_ulabel" WHERE "loam_search_lamindb_ulabel" MATCH '"kid"'`,
  );
  expect(String(plan[0]?.[3])).toContain('VIRTUAL TABLE INDEX');
  expect(
    m.rows(
      `SELECT count(*) FROM "loam_search_lamindb_ulabel" WHERE "loam_search_lamindb_ulabel" MATCH '"kid" AND "idn"'`,
    ),
  ).toEqual([
    [
      m.rows(
        `SELECT 1 FROM lamindb_ulabel WHERE name || coalesce(description, '') LIKE '%kidn%' AND id <= ?`,
        [indexed()?.upto.get('lamindb_ulabel') ?? 0],
      ).length,
    ],
  ]);
});

it('[row 7] knows what was changed, deleted, made and undone since', async () => {
  for (const uid of labels.slice(40, 300)) m.engine.update('ULabel', { uid }, { name: `renamed ${uid}` });
  expectSame();
  await m.engine.trash(
    'ULabel',
    labels.slice(100, 160).map((uid) => ({ uid })),
  );
  expectSame();
  feedAll();
  expect(m.value('SELECT count(*) FROM loam_search_dirty')).toBe(0);
  expectSame();
  await m.engine.undo();
  await m.engine.undo();
  expectSame();
  m.engine.create('ULabel', { name: 'a late one', description: 'Kidney plate' });
  expectSame();
  await m.engine.purge(
    'ULabel',
    labels.slice(500, 520).map((uid) => ({ uid })),
  );
  expectSame();
  feedAll(50);
  expectSame();
});

it('waits for an act that is not finished, whose rows may be taken back', async () => {
  let at = 0;
  const { writer } = m.engine;
  await expect(
    writer.longAct({ kind: 'test', title: 'many' }, () => {
      if (at > 0) {
        expect(writer.feedSearch()).toBe(0);
        expectSame();
      }
      if (at++ === 3) throw new Error('stopped');
      const names = Array.from({ length: 300 }, (_, i) => `late kidney ${at} ${i}`);
      return (tx) =>
        insert(tx, 'lamindb_ulabel', names.length, {
          uid: names.map((_, i) => `l${at}${String(i).padStart(6, '0')}`),
          name: names,
        }) as never;
    }),
  ).rejects.toThrow('stopped');
  expectSame();
  feedAll();
  expectSame();
});

it('is left alone where the database is only looked at, and is no part of the exported data', async () => {
  const other = await memoryEngine();
  plain = other.engine;
  expect(plain.writer.journal.search).toBeNull();
  expect(plain.writer.feedSearch()).toBe(0);
  expect(other.rows("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'loam_search%'")).toEqual([[0]]);
});

it('goes where it knows other columns than the table has, and is made anew', async () => {
  const index = indexed();
  expect(index?.upto.get('lamindb_ulabel')).toBeGreaterThan(0);
  const open = () => runSync(m.driver, openSearchIndex(model));
  expect(open()).toEqual(index);
  m.driver.run("UPDATE loam_search SET columns = 'uid,name' WHERE tab = 'lamindb_ulabel'");
  const { journal } = m.engine.writer;
  journal.search = open();
  expect(journal.search?.upto.size).toBe(0);
  expect(m.rows("SELECT name FROM sqlite_schema WHERE name LIKE 'loam_search_lamindb%'")).toEqual([]);
  expectSame();
  feedAll();
  expect(indexed()?.upto.get('lamindb_ulabel')).toBeGreaterThan(0);
  expectSame();
});
