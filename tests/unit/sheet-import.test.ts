// Tables into sheets: checked as a whole, one act, rows always new; the outcomes of LaminDB's Record.from_dataframe, which
// were read off lamindb 2.12.1 where marked "run".
import { beforeEach, describe, expect, it } from 'vitest';
import { memoryEngine, refusal, type MemoryEngine } from './memory-engine.ts';

let m: MemoryEngine;
let e: MemoryEngine['engine'];
let sheet: { uid: string };
beforeEach(async () => {
  m?.driver.close();
  m = await memoryEngine();
  e = m.engine;
  for (const [name, dtype] of [
    ['experiment', 'str'],
    ['n_cells', 'int'],
    ['gc', 'float'],
    ['tissue', 'cat[ULabel]'],
    ['tags', 'list[cat[ULabel]]'],
  ] as const)
    e.create('Feature', { name, dtype });
  for (const name of ['lung', 'liver']) e.create('ULabel', { name }, { searchNames: false });
  const optional = ['gc', 'tissue', 'tags'].map((feature) => ({ feature, optional: true }));
  const schema = e.create('Schema', { name: 'sheet', features: ['experiment', 'n_cells', ...optional] });
  sheet = { uid: e.create('Record', { name: 'Samples', schema: { uid: schema.uid } }).uid };
});

const table = {
  __lamindb_record_name__: ['a', 'b'],
  experiment: ['e1', 'e2'],
  n_cells: [1, 2],
  gc: [0.5, null],
  tissue: ['lung', 'liver'],
};
const values = () =>
  m.rows(
    `SELECT r.name, f.name, j.value FROM lamindb_recordjson j JOIN lamindb_record r ON r.id = j.record_id
     JOIN lamindb_feature f ON f.id = j.feature_id ORDER BY j.id`,
  );

describe('a table becomes rows of a sheet', () => {
  it('in one act, anew each time (run)', async () => {
    const before = m.state();
    const done = await e.importRows(sheet, table);
    expect(done).toMatchObject({ type: { ...sheet, name: 'Samples' }, created: 2, ignored: [] });
    expect(values()).toEqual([
      ['a', 'experiment', '"e1"'],
      ['a', 'n_cells', '1'],
      ['a', 'gc', '0.5'],
      ['b', 'experiment', '"e2"'],
      ['b', 'n_cells', '2'],
    ]);
    expect(m.value('SELECT count(*) FROM lamindb_recordulabel')).toBe(2);
    await e.importRows(sheet, table);
    expect(m.value('SELECT count(*) FROM lamindb_record WHERE is_type = 0')).toBe(4);
    await e.undo();
    await e.undo();
    expect(m.state()).toBe(before);
    await e.redo();
    expect(values()).toHaveLength(5);
  });

  it('with columns that are no features told and left out (run)', async () => {
    expect((await e.importRows(sheet, { ...table, zzz: [1, 2] })).ignored).toEqual(['zzz']);
  });

  it('from text that people typed', async () => {
    const text = { name: ['a'], experiment: ['e'], n_cells: ['12'], gc: [''], tags: ['lung; liver'] };
    await e.importRows(sheet, text, { typed: true });
    expect(values().map((r) => r[2])).toEqual(['"e"', '12']);
    expect(m.value('SELECT count(*) FROM lamindb_recordulabel')).toBe(2);
  });

  it('named by the index of the sheet', async () => {
    e.create('Feature', { name: 'sample_id', dtype: 'str' });
    const schema = e.create('Schema', { features: ['n_cells'], index: 'sample_id' });
    const indexed = { uid: e.create('Record', { name: 'Indexed', schema: { uid: schema.uid } }).uid };
    await e.importRows(indexed, { sample_id: ['s1', 's1'], n_cells: [1, 2] });
    expect(values()).toEqual([
      ['s1', 'n_cells', '1'],
      ['s1', 'n_cells', '2'],
    ]);
    const error = await refusal(() => e.importRows(indexed, { sample_id: ['s', null], n_cells: [1, 2] }));
    expect(error.message).toContain("missing required features 'sample_id' (row 2)");
  });

  it('in a new sheet below Imports, with the columns that are features (run)', async () => {
    const before = m.state();
    const done = await e.importRows({ create: 'mydf' }, { ...table, zzz: [1, 2] });
    expect(done).toMatchObject({ created: 2, type: { name: 'mydf' }, ignored: ['zzz'] });
    expect(
      m.rows(
        `SELECT t.name, p.uid, s.name, s.otype, s.n_members, i.uid FROM lamindb_record t JOIN lamindb_record p ON p.id = t.type_id
         JOIN lamindb_schema s ON s.id = t.schema_id JOIN lamindb_schema i ON i.id = s.type_id WHERE t.uid = ?`,
        [done.type.uid],
      ),
    ).toEqual([['mydf', 'W3WdiFRZTvTJajNp', 'mydf', 'DataFrame', 4, 'DGZkj4yhGWMJE5fu']]);
    const again = await refusal(() => e.importRows({ create: 'mydf' }, table));
    expect(again.message).toContain("type 'mydf' already exists under 'Imports'");
    await e.importRows({ uid: done.type.uid }, table);
    await e.undo();
    await e.undo();
    expect(m.state()).toBe(before);
  });

  it('in a page, by name alone (run)', async () => {
    const page = { uid: e.create('Record', { name: 'Page', is_type: true }).uid };
    expect((await e.importRows(page, { name: ['a', 'b'] })).created).toBe(2);
    expect((await refusal(() => e.importRows(page, table))).message).toContain(
      'Bulk setting features in records requires all records to have the same non-null type schema.',
    );
  });

  it('with links that other records hold', async () => {
    e.create('Feature', { name: 'author', dtype: 'cat[Record]' });
    e.create('Feature', { name: 'books', dtype: 'list[cat[Record]]', values_through: 'author' });
    e.create('Feature', { name: 'note', dtype: 'str', values_through: 'description' });
    for (const name of ['B1', 'B2']) e.create('Record', { name }, { searchNames: false });
    const schema = e.create('Schema', { features: ['books', 'note'] });
    const authors = { uid: e.create('Record', { name: 'Authors', schema: { uid: schema.uid } }).uid };
    await e.importRows(authors, { name: ['Ann', 'Bob'], books: [['B1'], ['B2']], note: ['n1', 'n2'] });
    expect(
      m.rows(
        'SELECT b.name, a.name, a.description FROM lamindb_recordrecord l JOIN lamindb_record b ON b.id = l.record_id JOIN lamindb_record a ON a.id = l.value_id ORDER BY l.id',
      ),
    ).toEqual([
      ['B1', 'Ann', 'n1'],
      ['B2', 'Bob', 'n2'],
    ]);
  });

  const without = ({ n_cells: _n, ...rest }: typeof table) => rest;
  it.each([
    [
      without(table),
      "Cannot set type to 'Samples' on Record 'a': missing required features 'n_cells' (row 1, and in 1 more)",
    ],
    [{ ...table, n_cells: [1, null] }, "on Record 'b': missing required features 'n_cells' (row 2)"],
    [{ ...table, n_cells: [1, 'two'] }, 'Expected dtype for "n_cells" is "int", got "two".'],
    [{ ...table, tissue: ['nope', 'lung'] }, "1 term not validated in feature 'tissue': 'nope'"],
    [{ ...table, n_cells: [1] }, 'each a list of the same length'],
    [{ ...table, __lamindb_record_name__: [true, 'b'] }, 'value must be a string, not boolean (row 1)'],
    [{ name: [] }, 'no rows'],
  ])('is refused whole: %j (run)', async (columns, words) => {
    const before = m.state();
    const error = await refusal(() => e.importRows(sheet, columns));
    expect(error.message).toContain(words);
    expect(m.state()).toBe(before);
  });

  it('goes back whole when it fails late', async () => {
    const count = 3000;
    const long = {
      name: Array.from({ length: count }, (_, i) => `r${i}`),
      experiment: Array<string>(count).fill('e'),
      n_cells: Array.from({ length: count }, (_, i) => (i === count - 1 ? 1.5 : i)),
    };
    const before = m.state();
    const error = await refusal(() => e.importRows(sheet, long));
    expect(error.details['row']).toBe(count);
    expect(m.state()).toBe(before);
    long.n_cells[count - 1] = 1;
    const done = await e.importRows(sheet, long);
    expect(new Set(done.uids).size).toBe(count);
    await e.undo();
    expect(m.state()).toBe(before);
  });
});
