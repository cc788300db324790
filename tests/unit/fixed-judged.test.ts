// What is judged while a dataset is mended is what its copy then is: the same changes on held values and on the file leave the
// same type, gaps and values, in Arrow, Zarr and HDF5. And names of rows are mended like values.
import * as arrow from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import { changedColumn } from '../../src/lib/engine/curate/changed-column.ts';
import { fixedColumns, type Fix } from '../../src/lib/engine/curate/fixes.ts';
import type { ColumnRead, FrameAsk } from '../../src/lib/engine/curate/frame.ts';
import { fixedArrowFile } from '../../src/lib/formats/curate/fixed-arrow-file.ts';
import { fixedCsv } from '../../src/lib/formats/curate/fixed-csv.ts';
import { fixedHdf5 } from '../../src/lib/formats/curate/fixed-hdf5.ts';
import { fixedZarr } from '../../src/lib/formats/curate/fixed-zarr.ts';
import { readDataset } from '../../src/lib/formats/curate/read-dataset.ts';
import { folderStore } from '../../src/lib/formats/zarr-store.ts';
import { join } from '../fixtures/bytes.ts';
import { bufferSource } from '../fixtures/sources.ts';
import { h5adBytes } from '../fixtures/write-h5ad.ts';
import { zarrAnnData } from '../fixtures/write-zarr.ts';
import { memoryEngine } from './memory-engine.ts';

type Spec = [what: string, ...fixes: ({ kind: Fix['kind'] } & Record<string, unknown>)[]];
const map = (values: Record<string, string>) => ({ kind: 'map' as const, values });
const cast = (to: string) => ({ kind: 'cast' as const, to });
const fill = (value: string) => ({ kind: 'fill' as const, value });

const told = ({ dtype, nulls, values }: ColumnRead) => ({
  dtype,
  nulls,
  values: (values ?? []).map(({ text, count, kind }) => [text, count, kind]).sort(),
});

/** Both ways of each list of changes to one column. */
async function both(
  fixesOf: (spec: Spec) => Fix[],
  spec: Spec,
  slot: string,
  at: number,
  read: () => Promise<ColumnRead>,
  copied: (fixes: Fix[]) => Promise<ColumnRead>,
): Promise<[ReturnType<typeof told>, ReturnType<typeof told>]> {
  const fixes = fixesOf(spec);
  const before = await read();
  const names = Array.from({ length: at + 1 }, (_, i) => (i === at ? before.name : `other ${i}`));
  const column = fixedColumns(slot, names, fixes)[at];
  return [told(changedColumn(before, column?.changes ?? [], false)), told(await copied(fixes))];
}

describe('Arrow', () => {
  const numbers = new arrow.Table({
    text: arrow.vectorFromArray(['1', '2.5', null, '2.0', 'x'], new arrow.Utf8()),
    kind: arrow.vectorFromArray(
      ['a', 'b', null, 'a', 'b'],
      new arrow.Dictionary(new arrow.Utf8(), new arrow.Int8()),
    ),
    int: arrow.vectorFromArray([1, 2, 3, 4, 4], new arrow.Int16()),
    gaps: arrow.vectorFromArray([1, null, 3, 3, 4], new arrow.Int32()),
    float: arrow.vectorFromArray([1, NaN, 2.5, 3, 3], new arrow.Float64()),
    good: arrow.vectorFromArray([true, false, true, false, true], new arrow.Bool()),
    long: arrow.vectorFromArray([1n, null, 3n, 4n, 5n], new arrow.Int64()),
  });
  const pandas = {
    index_columns: [],
    columns: numbers.schema.fields.map(({ name }) => ({
      name,
      field_name: name,
      numpy_type: name === 'long' ? 'Int64' : 'object',
    })),
  };
  numbers.schema.metadata.set('pandas', JSON.stringify(pandas));
  const file = arrow.tableToIPC(numbers, 'file');
  const names = numbers.schema.fields.map(({ name }) => name);
  const columnOf = async (bytes: Uint8Array, at: number): Promise<ColumnRead> => {
    const ask: FrameAsk = {
      slot: 'columns',
      transposed: false,
      namesOnly: false,
      index: 'none',
      columns: [{ at, want: 'values' }],
    };
    const { frames } = await readDataset(bufferSource(bytes), 'x.arrow', [ask]);
    return frames[0]?.columns[0] as ColumnRead;
  };
  const cases: Spec[] = [
    ['text', map({ x: '7' })],
    ['text', map({ '1': '', x: '2.5' }), fill('none')],
    ['text', map({ x: '3' }), cast('float')],
    ['text', map({ x: '3', '2.5': '2' }), cast('int')],
    ['text', map({ x: '3', '2.5': '2' }), fill('1'), cast('int'), map({ 3: '9' })],
    ['text', cast('category')],
    ['kind', map({ a: 'b' })],
    ['kind', map({ a: '' }), fill('c'), cast('str')],
    ['int', map({ 4: '40000' })],
    ['int', map({ 4: '1' })],
    ['int', map({ 1: '1.5' })],
    ['int', map({ 1: '' })],
    ['int', cast('float')],
    ['int', cast('str')],
    ['int', cast('str'), cast('category')],
    ['gaps', fill('7')],
    ['gaps', map({ 3: '4' })],
    ['gaps', fill('0.5')],
    ['float', map({ '2.5': '2' }), fill('1'), cast('int')],
    ['float', map({ '3.0': '4' })],
    ['float', fill('2.5')],
    ['float', map({ '2.5': '2' }), cast('int')],
    ['good', map({ True: 'False' })],
    ['good', cast('int')],
    ['good', map({ True: '' })],
    ['long', fill('2')],
    ['long', map({ 1: '' })],
    ['long', map({ 1: '1.5' })],
  ];
  it.each(
    cases.map(
      (spec, i) =>
        [
          `${i} ${spec[0]} ${spec
            .slice(1)
            .map((one) => JSON.stringify(one))
            .join(' ')}`,
          spec,
        ] as const,
    ),
  )('%s', async (_, spec) => {
    const at = names.indexOf(spec[0]);
    const [judged, copy] = await both(
      ([column, ...fixes]) => fixes.map((fix) => ({ slot: 'columns', column, ...fix }) as Fix),
      spec,
      'columns',
      at,
      () => columnOf(file, at),
      async (fixes) => columnOf(await fixedArrowFile(bufferSource(file), fixes, () => {}), at),
    );
    // A cast always leaves types that may have gaps, as pandas' own that have none.
    const plain = (dtype: string): string => dtype.replace(/^u?int\d+$/i, 'int').replace(/^boolean$/, 'bool');
    expect({ ...copy, dtype: plain(copy.dtype) }).toEqual({ ...judged, dtype: plain(judged.dtype) });
  });
});

const stored = {
  obsNames: ['c1', 'c2', 'c3', 'c4'],
  varNames: ['CD8A', 'CD4'],
  category: { name: 'kind', categories: ['a', 'b'], codes: [0, 1, -1, 0] },
  number: { name: 'n', values: [1, 2.5, NaN, 3] },
};
const storedCases: [at: number, Spec][] = [
  [0, ['kind', map({ a: 'b' }), fill('z')]],
  [0, ['kind', map({ a: '1', b: '2' }), cast('float')]],
  [1, ['n', map({ '2.5': '2' }), fill('0'), cast('int')]],
  [1, ['n', map({ '2.5': '' })]],
  [1, ['n', fill('7')]],
  [1, ['n', fill('7'), cast('str')]],
];
const storedFixes = ([column, ...fixes]: Spec): Fix[] =>
  fixes.map((fix) => ({ slot: 'obs', column, ...fix }) as Fix);
const obsAsk = (at: number): FrameAsk => ({
  slot: 'obs',
  transposed: false,
  namesOnly: false,
  index: 'none',
  columns: [{ at, want: 'values' }],
});
const title = ([at, spec]: [number, Spec]) =>
  [
    `${spec[0]} ${spec
      .slice(1)
      .map((one) => JSON.stringify(one))
      .join(' ')}`,
    at,
    spec,
  ] as const;

describe('HDF5', () => {
  const columnOf = async (bytes: Uint8Array, at: number): Promise<ColumnRead> =>
    (await readDataset(bufferSource(bytes), 'x.h5ad', [obsAsk(at)])).frames[0]?.columns[0] as ColumnRead;
  it.each(storedCases.map(title))('%s', async (_, at, spec) => {
    const file = await h5adBytes(stored);
    const [judged, copy] = await both(
      storedFixes,
      spec,
      'obs',
      at,
      () => columnOf(file, at),
      async (fixes) => columnOf(await fixedHdf5(bufferSource(file), fixes), at),
    );
    expect(copy).toEqual(judged);
  });
});

describe('Zarr', () => {
  const files = zarrAnnData('x', 3, stored);
  const folder = (some: typeof files) => ({
    files: some.map(({ path, bytes }) => ({ path, source: bufferSource(bytes) })),
  });
  const columnOf = async (some: typeof files, at: number): Promise<ColumnRead> =>
    (await readDataset(folder(some), 'x.zarr', [obsAsk(at)])).frames[0]?.columns[0] as ColumnRead;
  const more: [number, Spec][] = [
    [1, ['n', map({ '2.5': '2' }), cast('int')]],
    [0, ['kind', map({ a: 'True', b: 'False' }), cast('bool')]],
  ];
  it.each([...storedCases, ...more].map(title))('%s', async (_, at, spec) => {
    const [judged, copy] = await both(
      storedFixes,
      spec,
      'obs',
      at,
      () => columnOf(files, at),
      async (fixes) => {
        const objects = await fixedZarr(folderStore(folder(files)), fixes, () => {});
        const old = new Map(files.map(({ path, bytes }) => [path, bytes]));
        const made = [...objects].map(([path, object]) => ({
          path,
          bytes: 'bytes' in object ? object.bytes : (old.get(object.from) as Uint8Array),
        }));
        return columnOf(made, at);
      },
    );
    expect(copy).toEqual(judged);
  });
});

describe('names of rows', () => {
  it('[row 44] names of variables map to what their synonyms mean, and the copy is valid', async () => {
    const { engine: e } = await memoryEngine();
    e.create('Organism', { name: 'human', ontology_id: 'NCBITaxon:9606' });
    e.create('Gene', {
      symbol: 'CD8A',
      ensembl_gene_id: 'ENSG00000153563',
      organism: 'human',
      synonyms: 'CD8|Leu2',
    });
    e.create('Gene', { symbol: 'CD4', ensembl_gene_id: 'ENSG00000010610', organism: 'human' });
    e.create('Gene', { symbol: 'CD3E', ensembl_gene_id: 'ENSG00000198851', organism: 'human' });
    const genes = e.create('Schema', { name: 'genes', itype: 'bionty.Gene.symbol', maximal_set: true });
    const schema = e.create('Schema', {
      name: 'cells',
      otype: 'AnnData',
      slots: { 'var.T': { id: genes.id } },
    }).uid;
    const file = await h5adBytes({ ...stored, varNames: ['CD3E', 'Leu2', 'CD4x'] });
    const reader = (bytes: Uint8Array) => (asks: readonly FrameAsk[]) =>
      readDataset(bufferSource(bytes), 'x.h5ad', asks);
    const session = e.openCuration({ artifact: null, schema, reader: reader(file), textual: false });
    const { result, slots, casts } = await session.check([]);
    const names = result.findings.find(({ kind }) => kind === 'names');
    expect([slots[0]?.transposed, casts]).toEqual([true, true]);
    expect(names?.values.map(({ text, standard }) => [text, standard])).toEqual([
      ['Leu2', 'CD8A'],
      ['CD4x', null],
    ]);
    const suggested = names?.terms ? await e.suggestTerms(names.terms, ['CD4x']) : {};
    expect(suggested['CD4x']?.[0]?.name).toBe('CD4');
    const fix: Fix = {
      slot: 'var.T',
      column: 'index',
      index: true,
      kind: 'map',
      values: { Leu2: 'CD8A', CD4x: 'CD4' },
    };
    expect((await session.check([fix])).result.ok).toBe(true);
    // Two variables of one name are let through, but not without a word.
    const twice = (await session.check([{ ...fix, values: { Leu2: 'CD4', CD4x: 'CD4' } }])).result;
    expect([twice.ok, twice.counts.notices]).toEqual([true, 1]);
    expect(twice.findings[0]?.message).toMatch(/^1 name now stands for 2 rows: 'CD4'\. anndata asks/);
    expect(twice.findings[0]?.values[0]?.rows).toEqual([1, 2]);
    const copy = await fixedHdf5(bufferSource(file), [fix]);
    expect((await e.validateDataset(schema, reader(copy))).ok).toBe(true);
    expect((await session.check([])).result.ok).toBe(false);
  });

  it('[row 44] an index of categories is judged and written, in a text table too', async () => {
    const { engine: e } = await memoryEngine();
    for (const name of ['d1', 'd2']) e.create('ULabel', { name });
    const donor = e.create('Feature', { name: 'donor', dtype: 'cat[ULabel]' });
    const n = e.create('Feature', { name: 'n', dtype: 'int' });
    const schema = e.create('Schema', {
      name: 'donors',
      features: [{ uid: n.uid }],
      index: { uid: donor.uid },
    }).uid;
    const text = 'n\ndonor one,1\nd2,2\n';
    const reader = (some: string) => (asks: readonly FrameAsk[]) =>
      readDataset(bufferSource(new TextEncoder().encode(some)), 'x.csv', asks);
    const session = e.openCuration({ artifact: null, schema, reader: reader(text), textual: true });
    const before = (await session.check([])).result;
    expect(before.findings.find(({ kind }) => kind === 'index')?.values.map(({ text: one }) => one)).toEqual([
      'donor one',
    ]);
    const fix: Fix = {
      slot: 'columns',
      column: 'donor',
      index: true,
      kind: 'map',
      values: { 'donor one': 'd1' },
    };
    expect((await session.check([fix])).result.ok).toBe(true);
    const parts: Uint8Array[] = [];
    for await (const part of fixedCsv(
      bufferSource(new TextEncoder().encode(text)),
      { separator: ',', gzip: false },
      [fix],
      () => {},
    ))
      parts.push(part);
    const copy = new TextDecoder().decode(join(parts));
    expect(copy).toBe('n\nd1,1\nd2,2\n');
    expect((await e.validateDataset(schema, reader(copy))).ok).toBe(true);
  });
});

it('[row 46] whole numbers of a text table whose gaps are filled are whole ones at once', async () => {
  const { engine: e } = await memoryEngine();
  const n = e.create('Feature', { name: 'n', dtype: 'int', nullable: false });
  const schema = e.create('Schema', { name: 'counts', features: [{ uid: n.uid }] }).uid;
  const bytes = new TextEncoder().encode('n\n1\n\n""\n3\n');
  let reads = 0;
  const reader = (asks: readonly FrameAsk[]) => (reads++, readDataset(bufferSource(bytes), 'x.csv', asks));
  const session = e.openCuration({ artifact: null, schema, reader, textual: true });
  expect((await session.check([])).result.findings.map(({ kind }) => kind).sort()).toEqual([
    'dtype',
    'nulls',
  ]);
  const fix: Fix = { slot: 'columns', column: 'n', kind: 'fill', value: '2' };
  expect((await session.check([fix])).result.ok).toBe(true);
  const before = reads;
  expect((await session.check([{ ...fix, value: '2.5' }])).result.ok).toBe(false);
  expect(reads).toBe(before);
});

it('[row 43] [row 44] texts that keep a column of a typed file from being numbers are told, mended, and the column is converted', async () => {
  const { engine: e } = await memoryEngine();
  const n = e.create('Feature', { name: 'n', dtype: 'int' });
  const size = e.create('Feature', { name: 'size', dtype: 'int' });
  const schema = e.create('Schema', { name: 'counts', features: [{ uid: n.uid }, { uid: size.uid }] }).uid;
  const table = new arrow.Table({
    n: arrow.vectorFromArray(['1', 'n.d.', '3'], new arrow.Utf8()),
    size: arrow.vectorFromArray([1, 2.5, 3], new arrow.Float64()),
  });
  const file = arrow.tableToIPC(table, 'file');
  const reader = (bytes: Uint8Array) => (asks: readonly FrameAsk[]) =>
    readDataset(bufferSource(bytes), 'x.arrow', asks);
  const session = e.openCuration({ artifact: null, schema, reader: reader(file), textual: false });
  const { result } = await session.check([]);
  expect(result.findings.map(({ message }) => message)).toEqual([
    "The column 'n': 1 value is no int: 'n.d.' (row 2). Change them, then convert the column.",
    "The column 'size': 1 value is no int: '2.5' (row 2). Change them, then convert the column.",
  ]);
  const slot = 'columns';
  const converted: Fix[] = [
    { slot, column: 'n', kind: 'cast', to: 'int' },
    { slot, column: 'size', kind: 'cast', to: 'int' },
  ];
  // What cannot be converted stays, with the values that keep it from that.
  const early = (await session.check(converted)).result;
  expect(early.findings.map(({ values }) => values.map(({ text }) => text))).toEqual([['n.d.'], ['2.5']]);
  await expect(fixedArrowFile(bufferSource(file), converted, () => {})).rejects.toThrow(
    /'n.d.' is no whole number/,
  );
  const fixes: Fix[] = [
    { slot, column: 'n', kind: 'map', values: { 'n.d.': '' } },
    { slot, column: 'size', kind: 'map', values: { '2.5': '2' } },
    ...converted,
  ];
  expect((await session.check(fixes)).result.ok).toBe(true);
  const copy = await fixedArrowFile(bufferSource(file), fixes, () => {});
  expect((await e.validateDataset(schema, reader(copy))).ok).toBe(true);
});
