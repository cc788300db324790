// Mending a dataset: fixes are plain data, judged on what was read and written into a copy, which then validates by itself.
import { beforeEach, describe, expect, it } from 'vitest';
import type { Fix } from '../../src/lib/engine/curate/fixes.ts';
import { changedText } from '../../src/lib/engine/curate/fixes.ts';
import { createSimilar, distance } from '../../src/lib/engine/curate/similar.ts';
import type { FrameAsk } from '../../src/lib/engine/curate/frame.ts';
import { fixedCsv } from '../../src/lib/formats/curate/fixed-csv.ts';
import { readDataset } from '../../src/lib/formats/curate/read-dataset.ts';
import { bufferSource } from '../fixtures/sources.ts';
import { memoryEngine, type MemoryEngine } from './memory-engine.ts';

let m: MemoryEngine;
let e: MemoryEngine['engine'];

beforeEach(async () => {
  m?.driver.close();
  m = await memoryEngine();
  e = m.engine;
  for (const [name, synonyms] of [
    ['T cell', 'T lymphocyte|T-cell'],
    ['B cell', 'B lymphocyte'],
    ['natural killer cell', 'NK cell'],
    ['classical monocyte', null],
  ] as const)
    e.create('CellType', { name, synonyms });
});

const bytesOf = (text: string) => new TextEncoder().encode(text);
const csv = (text: string) => {
  let reads = 0;
  return {
    reader: (asks: readonly FrameAsk[]) => {
      reads++;
      return readDataset(bufferSource(bytesOf(text)), 'x.csv', asks);
    },
    reads: () => reads,
  };
};
function schemaOf(fields: Record<string, unknown> = {}): string {
  const cell = e.create('Feature', { name: 'cell_type', dtype: 'cat[bionty.CellType]', coerce: true });
  const n = e.create('Feature', { name: 'n_genes', dtype: 'int' });
  return e.create('Schema', { name: 'cells', features: [{ uid: cell.uid }, { uid: n.uid }], ...fields }).uid;
}
async function written(text: string, fixes: Fix[], gzip = false): Promise<string> {
  let out = '';
  const parts = fixedCsv(bufferSource(bytesOf(text)), { separator: ',', gzip }, fixes, () => {});
  for await (const part of parts) out += new TextDecoder().decode(part);
  return out;
}
const at = { slot: 'columns' };

describe('fixes', () => {
  const messy = [
    'sample,cell_type,n_genes',
    's1,T lymphocyte,10',
    's2,T lymphocyte,11',
    's3,B cel,12',
    's4,natural killer cell,x',
    '"s,5",unheard of,14',
    '',
  ].join('\n');

  it('[row 43] each failing cell is told with its column, value, rows and reason', async () => {
    const source = csv(messy);
    const session = e.openCuration({
      artifact: null,
      schema: schemaOf(),
      reader: source.reader,
      textual: true,
    });
    const { result, slots } = await session.check([]);
    expect(result.ok).toBe(false);
    const terms = result.findings.find(({ kind }) => kind === 'terms');
    expect(terms?.values.map(({ text, count, rows, standard }) => [text, count, rows, standard])).toEqual([
      ['T lymphocyte', 2, [0, 1], 'T cell'],
      ['B cel', 1, [2], null],
      ['unheard of', 1, [4], null],
    ]);
    const odd = result.findings.find(({ kind }) => kind === 'dtype');
    expect(odd?.message).toBe(
      "The column 'n_genes': 1 value is no int: 'x' (row 4). Change them, and the column is read as int.",
    );
    expect(odd?.values.map(({ text, rows }) => [text, rows])).toEqual([['x', [3]]]);
    expect(slots[0]?.columns).toEqual(['sample', 'cell_type', 'n_genes']);
  });

  it('[row 44] typos get ranked suggestions, a synonym maps all its rows, and the copy validates by itself', async () => {
    const schema = schemaOf();
    const source = csv(messy);
    const session = e.openCuration({ artifact: null, schema, reader: source.reader, textual: true });
    const { result } = await session.check([]);
    const terms = result.findings.find(({ kind }) => kind === 'terms')?.terms;
    if (!terms) throw new Error('no terms were looked for');
    const suggested = await e.suggestTerms(terms, ['B cel', 'unheard of', 'killer cell natural']);
    expect(suggested['B cel']?.[0]).toEqual({ name: 'B cell', score: 0.85 });
    expect(suggested['unheard of']).toEqual([]);
    expect(suggested['killer cell natural']?.[0]?.name).toBe('natural killer cell');
    const values = { 'T lymphocyte': 'T cell', 'B cel': 'B cell', 'unheard of': 'classical monocyte' };
    const fixes: Fix[] = [
      { ...at, kind: 'map', column: 'cell_type', values },
      { ...at, kind: 'map', column: 'n_genes', values: { x: '13' } },
    ];
    const after = await session.check(fixes);
    expect(after.result.findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    const copy = await written(messy, fixes);
    expect(copy).toBe(
      [
        'sample,cell_type,n_genes',
        's1,T cell,10',
        's2,T cell,11',
        's3,B cell,12',
        's4,natural killer cell,13',
        '"s,5",classical monocyte,14',
        '',
      ].join('\n'),
    );
    expect((await e.validateDataset(schema, csv(copy).reader)).ok).toBe(true);
  });

  it('[row 46] a fix is judged without the file, and a row made meanwhile counts at once', async () => {
    const source = csv(messy);
    const session = e.openCuration({
      artifact: null,
      schema: schemaOf(),
      reader: source.reader,
      textual: true,
    });
    await session.check([]);
    const mend: Fix = { ...at, kind: 'map', column: 'cell_type', values: { 'B cel': 'B cell' } };
    await session.check([mend]);
    const reads = source.reads();
    const { result } = await session.check([mend, { ...mend, values: { 'T lymphocyte': 'T cell' } }]);
    expect(source.reads()).toBe(reads);
    const left = () => result.findings.find(({ kind }) => kind === 'terms')?.values.map(({ text }) => text);
    expect(left()).toEqual(['unheard of']);
    e.create('CellType', { name: 'unheard of' });
    const after = await session.check([mend, { ...mend, values: { 'T lymphocyte': 'T cell' } }]);
    expect(after.result.findings.some(({ kind }) => kind === 'terms')).toBe(false);
    expect(source.reads()).toBe(reads);
  });

  it('columns are renamed, dropped and filled', async () => {
    const text = 'Cell type,n_genes,junk\nT cell,1,a\n,2,b\nT cell,,c\n';
    const schema = schemaOf({ maximal_set: true });
    const session = e.openCuration({ artifact: null, schema, reader: csv(text).reader, textual: true });
    const before = await session.check([]);
    expect(before.result.findings.map(({ kind }) => kind)).toContain('missing_column');
    expect(before.slots[0]?.renames).toEqual({ cell_type: [{ name: 'Cell type', score: 1 }] });
    const fixes: Fix[] = [
      { ...at, kind: 'rename', column: 'Cell type', to: 'cell_type' },
      { ...at, kind: 'fill', column: 'cell_type', value: 'B cell' },
      { ...at, kind: 'fill', column: 'n_genes', value: '0' },
      { ...at, kind: 'drop', column: 'junk' },
    ];
    const { result } = await session.check(fixes);
    expect(result.findings.filter(({ severity }) => severity === 'error')).toEqual([
      // Whole numbers with a gap were read as numbers; whether the filled column is whole only the copy tells.
      ...result.findings.filter(({ kind }) => kind === 'dtype'),
    ]);
    const copy = await written(text, fixes);
    expect(copy).toBe('cell_type,n_genes\nT cell,1\nB cell,2\nT cell,0\n');
    expect((await e.validateDataset(schema, csv(copy).reader)).ok).toBe(true);
  });

  it('a chain of changes is followed, and an empty text empties the cell', () => {
    const map = (values: Record<string, string>) => ({
      kind: 'map' as const,
      values: new Map(Object.entries(values)),
    });
    expect(changedText('a', [map({ a: 'b' }), map({ b: 'c' })])).toBe('c');
    expect(changedText('a', [map({ a: '' }), { kind: 'fill', value: 'z' }])).toBe('z');
    expect(changedText(null, [map({ '': 'x' })])).toBe(null);
    // Names of what every object has are values like others.
    expect(changedText('constructor', [map({})])).toBe('constructor');
  });

  it('what no fix names stays as it was: numbers, quoted texts, line ends, an index without a name', async () => {
    const text = 'a,b\r\nr1,007,"x ""y"", z"\r\nr2,1e3,\r\n';
    expect(await written(text, [])).toBe(text);
    expect(await written(text, [{ ...at, kind: 'map', column: 'a', values: { '7': '8' } }])).toBe(
      text.replace('007', '8'),
    );
  });
});

it('[row 45] unknown terms become rows below the type that the schema asks for, in one act and one undo', async () => {
  const type = e.create('ULabel', { name: 'Donor', is_type: true });
  const donor = e.create('Feature', { name: 'donor', dtype: `cat[ULabel[${type.uid}]]`, coerce: true });
  const schema = e.create('Schema', { name: 'donors', features: [{ uid: donor.uid }] }).uid;
  const session = e.openCuration({
    artifact: null,
    schema,
    reader: csv('donor\nd1\nd2\nd1\n').reader,
    textual: true,
  });
  const terms = (await session.check([])).result.findings[0]?.terms;
  if (!terms) throw new Error('no terms were looked for');
  expect(e.createTerms(terms, ['d1', 'd2', 'd1'])).toBe(2);
  expect((await session.check([])).result.ok).toBe(true);
  expect(m.rows(`SELECT name FROM lamindb_ulabel WHERE type_id IS NOT NULL ORDER BY name`)).toEqual([
    ['d1'],
    ['d2'],
  ]);
  await e.undo();
  expect((await session.check([])).result.counts.errors).toBe(1);
});

describe('likeness', () => {
  it('counts slips, swaps of neighbours as one', () => {
    expect(distance('monocyte', 'moncoyte', 9)).toBe(1);
    expect(distance('kitten', 'sitting', 9)).toBe(3);
    expect(distance('', 'abc', 9)).toBe(3);
  });
  it('knows synonyms, accents and word order', () => {
    const similar = createSimilar([
      { name: 'Müller cell', synonyms: ['Mueller glia'] },
      { name: 'T cell', synonyms: [] },
    ]);
    expect(similar.find('muller-cell', 2)[0]).toEqual({ name: 'Müller cell', score: 1 });
    expect(similar.find('Muller glia', 2)[0]?.name).toBe('Müller cell');
    expect(similar.find('cell T', 1)[0]).toEqual({ name: 'T cell', score: 0.95 });
    expect(similar.find('hepatocyte', 3)).toEqual([]);
  });
});

it('[row 46] one edit of a table of 100,000 rows asks the registries for what it changed alone', async () => {
  const kinds = Array.from({ length: 20_000 }, (_, i) => `cell ${i}`);
  const lines = ['cell_type,n_genes'];
  for (let i = 0; i < 100_000; i++) lines.push(`${kinds[i % kinds.length] ?? ''},${i}`);
  const session = e.openCuration({
    artifact: null,
    schema: schemaOf(),
    reader: csv(lines.join('\n')).reader,
    textual: true,
  });
  // How much is asked of the database: names go as one parameter.
  let asked = 0;
  const all = m.driver.all;
  m.driver.all = (sql, params = []) => {
    for (const value of params) asked += String(value).length;
    return all.call(m.driver, sql, params);
  };
  await session.check([]);
  expect(asked).toBeGreaterThan(100_000);
  const fixes: Fix[] = [];
  for (let i = 0; i < 7; i++) {
    fixes.push({ ...at, kind: 'map', column: 'cell_type', values: { [`cell ${i}`]: 'T cell' } });
    asked = 0;
    const { result } = await session.check(fixes);
    expect(asked).toBeLessThan(1_000);
    expect(result.findings.find(({ kind }) => kind === 'terms')?.valueCount).toBe(20_000 - i - 1);
  }
});

it('[row 46] the first edit of a column of numbers and of texts reads nothing: they are read ahead', async () => {
  const lines = ['sample,cell_type,n_genes,n_counts'];
  for (let i = 0; i < 100_000; i++)
    lines.push(`s${i % 1000},T cell,${i === 500 ? '' : i},${i === 99_000 ? 'n.d.' : i * 3}`);
  const cell = e.create('Feature', { name: 'cell_type', dtype: 'cat[bionty.CellType]', coerce: true });
  const n = e.create('Feature', { name: 'n_genes', dtype: 'int', nullable: false });
  const counts = e.create('Feature', { name: 'n_counts', dtype: 'int', coerce: true });
  const sample = e.create('Feature', { name: 'sample', dtype: 'str' });
  const features = [{ uid: sample.uid }, { uid: cell.uid }, { uid: n.uid }, { uid: counts.uid }];
  const schema = e.create('Schema', { name: 'counted', features }).uid;
  const source = csv(lines.join('\n'));
  const session = e.openCuration({ artifact: null, schema, reader: source.reader, textual: true });
  const { result } = await session.check([]);
  expect(result.findings.filter(({ severity }) => severity === 'error').map(({ column }) => column)).toEqual([
    'n_genes',
    'n_genes',
    'n_counts',
  ]);
  const reads = source.reads();
  const fixes: Fix[] = [];
  const edit = async (fix: Fix): Promise<number> => {
    fixes.push(fix);
    return (await session.check(fixes)).result.counts.errors;
  };
  expect(await edit({ ...at, kind: 'map', column: 'n_counts', values: { 'n.d.': '' } })).toBe(2);
  expect(await edit({ ...at, kind: 'fill', column: 'n_genes', value: '7' })).toBe(0);
  expect(await edit({ ...at, kind: 'map', column: 'n_counts', values: { '3': '4' } })).toBe(0);
  expect(await edit({ ...at, kind: 'map', column: 'sample', values: { s1: 's2' } })).toBe(0);
  expect(source.reads()).toBe(reads);
});
