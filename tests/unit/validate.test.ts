// Datasets against schemas without a Python beside: what a finding tells, what is written for a valid artifact and what is not,
// built-in schemas. That verdicts equal LaminDB's is shown in tests/compat/validate.test.ts.
import { beforeEach, describe, expect, it } from 'vitest';
import { readDataset, type RowsTable } from '../../src/lib/formats/curate/read-dataset.ts';
import { bufferSource } from '../fixtures/sources.ts';
import { utf8 } from '../fixtures/bytes.ts';
import { memoryEngine, refusal, type MemoryEngine } from './memory-engine.ts';

let m: MemoryEngine;
let e: MemoryEngine['engine'];
const feature = (name: string, dtype: string, more: Record<string, unknown> = {}) =>
  e.create('Feature', { name, dtype, ...more });
const schema = (features: unknown[], more: Record<string, unknown> = {}): string =>
  e.create('Schema', { features, ...more }).uid;
const csv = (uid: string, text: string, artifact: string | null = null) =>
  e.validateDataset(uid, (asks) => readDataset(bufferSource(utf8(text)), 'table.csv', asks), artifact);
const rows = (uid: string, columns: RowsTable['columns']) =>
  e.validateDataset(uid, (asks) => readDataset({ rows: { columns } }, 'rows', asks));

beforeEach(async () => {
  m?.driver.close();
  m = await memoryEngine();
  e = m.engine;
  e.create('bionty.CellType', { name: 'T cell', ontology_id: 'CL:0000084', synonyms: 'T-cell|T lymphocyte' });
  e.create('bionty.CellType', { name: 'B cell', ontology_id: 'CL:0000236' });
});

describe('a finding', () => {
  it('[row 43] names each value, how often it comes, its first rows, and what it is a synonym of', async () => {
    const uid = schema([feature('cell', 'cat[bionty.CellType]', { coerce: true }), feature('n', 'int')]);
    const lines = [
      'T cell,1',
      'T-cell,2',
      'moon cell,3',
      'T-cell,4',
      'moon cell,5',
      'moon cell,6',
      'B cell,7',
    ];
    const result = await csv(uid, `cell,n\n${lines.join('\n')}\n`);
    expect(result).toMatchObject({ ok: false, counts: { errors: 1, cells: 5, terms: 4, validTerms: 2 } });
    expect(result.findings).toHaveLength(1);
    const [finding] = result.findings;
    expect(finding).toMatchObject({
      kind: 'terms',
      slot: 'columns',
      column: 'cell',
      check: 'ValidationError',
      valueCount: 2,
      terms: { registry: 'bionty.CellType', field: 'name', featureUid: expect.any(String) as string },
    });
    expect(finding?.values).toMatchObject([
      { text: 'moon cell', count: 3, rows: [2, 4, 5], standard: null },
      { text: 'T-cell', count: 2, rows: [1, 3], standard: 'T cell' },
    ]);
    expect(finding?.message).toBe(
      "The column 'cell': 2 values are not in bionty.CellType: 'moon cell', 'T-cell' (rows 2, 3, 4, 5, 6). " +
        "Use the registry's names: 'T-cell' is 'T cell'. Mend typos, or add what is missing to bionty.CellType.",
    );
  });

  it('[row 43] tells the reason and what to do for each kind of fault, all at once', async () => {
    const uid = schema(
      [
        feature('a', 'int'),
        feature('b', 'date'),
        feature('c', 'str', { nullable: false }),
        feature('d', 'float'),
      ],
      { maximal_set: true, ordered_set: true },
    );
    const result = await csv(uid, 'b,a,c,more\nsoon,1,x,1\n2024-01-01,two,,2\n');
    const told = result.findings.map(({ check, column, message }) => [check, column, message]);
    expect(told).toEqual([
      ['COLUMN_NOT_IN_DATAFRAME', 'd', expect.stringMatching(/'d' \(float\) is missing\. Add it/)],
      ['COLUMN_NOT_IN_SCHEMA', 'more', expect.stringMatching(/no column 'more'.*Remove the column/)],
      ['COLUMN_NOT_ORDERED', 'b', expect.stringMatching(/'b' stands where 'a' has to be/)],
      ['COLUMN_NOT_ORDERED', 'a', expect.stringMatching(/'a' stands where 'b' has to be/)],
      ['WRONG_DATATYPE', 'a', expect.stringMatching(/is no int: it holds text or mixed values.*set coerce/)],
      ['WRONG_DATATYPE', 'b', expect.stringMatching(/is no date: 'soon'.*set coerce/)],
      ['SERIES_CONTAINS_NULLS', 'c', expect.stringMatching(/1 empty cell \(row 2\).*Fill them in/)],
    ]);
    expect(result.slots).toMatchObject([{ slot: 'columns', ok: false, rows: 2, columns: 4, errors: 7 }]);
  });

  it('[row 43] names the values that cannot be converted', async () => {
    const uid = schema([feature('a', 'int', { coerce: true }), feature('b', 'date', { coerce: true })]);
    const result = await csv(uid, 'a,b\n1,2024-05-17\ntwo,2024-02-30\n3,2024-05-18\n');
    expect(result.findings.map(({ check, values }) => [check, values.map(({ text }) => text)])).toEqual([
      ['DATATYPE_COERCION', ['two']],
      ['DATATYPE_COERCION', ['2024-02-30']],
    ]);
    expect((await csv(uid, 'a,b\n1,2024-05-17\n2,2024-02-29\n')).ok).toBe(true);
  });

  it('keeps a thousand values of more, and says how many there are', async () => {
    const uid = schema([feature('label', 'cat[ULabel]')]);
    const values = Array.from({ length: 2500 }, (_, i) => `l${i}`);
    const { findings } = await rows(uid, [{ name: 'label', values, category: true }]);
    expect(findings[0]).toMatchObject({ valueCount: 2500, cells: 2500 });
    expect(findings[0]?.values).toHaveLength(1000);
  });

  it('does not call valid what has too many values to be looked up', async () => {
    const uid = schema([feature('label', 'cat[ULabel]')]);
    const read = async (asks: Parameters<typeof readDataset>[2]) => {
      const told = await readDataset({ rows: { columns: [{ name: 'label', values: [] }] } }, 'rows', asks);
      for (const column of told.frames[0]?.columns ?? [])
        Object.assign(column, { dtype: 'category', cut: true });
      return told;
    };
    const result = await e.validateDataset(uid, read);
    expect(result).toMatchObject({ ok: false, findings: [{ kind: 'terms', column: 'label' }] });
  });

  it('a term in the trash is none', async () => {
    const uid = schema([feature('cell', 'cat[bionty.CellType]')]);
    const column = { name: 'cell', values: ['B cell'], category: true };
    expect((await rows(uid, [column])).ok).toBe(true);
    await e.trash('bionty.CellType', ['B cell']);
    expect(await rows(uid, [column])).toMatchObject({ ok: false, findings: [{ kind: 'terms' }] });
  });

  it('two labels of one name on one level are ambiguous', async () => {
    e.create('ULabel', { name: 'twice' });
    e.create('ULabel', { name: 'twice' }, { searchNames: false });
    const uid = schema([feature('label', 'cat[ULabel]')]);
    const result = await rows(uid, [{ name: 'label', values: ['twice'], category: true }]);
    expect(result.findings).toMatchObject([{ kind: 'ambiguous', column: 'label', severity: 'error' }]);
  });

  it('says so where a file is damaged, is no table, or the schema is for something else', async () => {
    const uid = schema([feature('a', 'int')]);
    expect(await refusal(() => csv(uid, 'a\n"1\n'))).toMatchObject({ code: 'FileUnreadable' });
    expect(await refusal(() => csv(uid, 'a\n1,2,3\n1,2,3,4\n'))).toMatchObject({ code: 'FileUnreadable' });
    const picture = bufferSource(Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 0));
    const read = await e.validateDataset(uid, (asks) => readDataset(picture, 'x.png', asks));
    expect(read).toMatchObject({ ok: false, findings: [{ kind: 'schema', check: 'InvalidArgument' }] });
    const builtin = e.builtinSchema('ensembl_gene_ids_and_valid_features_in_obs');
    expect(await csv(builtin.uid, 'a\n1\n')).toMatchObject({
      ok: false,
      findings: [
        {
          kind: 'schema',
          message: expect.stringContaining('is for AnnData, but this is DataFrame') as string,
        },
      ],
    });
    expect(await refusal(() => csv('0000000000000009', 'a\n1\n'))).toMatchObject({ code: 'DoesNotExist' });
  });
});

describe('a valid artifact', () => {
  const dataset = (text: string) => (asks: Parameters<typeof readDataset>[2]) =>
    readDataset(bufferSource(utf8(text)), 'table.csv', asks);

  it('[row 43] gets the schema, the inferred slot and its labels in one act with one undo', async () => {
    const [uid = ''] = m.artifacts('table.csv');
    const asked = schema([feature('cell', 'cat[bionty.CellType]', { coerce: true }), feature('n', 'int')]);
    feature('other', 'str');
    const before = m.state();
    const done = await e.saveValidated(
      uid,
      asked,
      dataset('cell,n,other\nT cell,1,x\nB cell,2,y\nT cell,3,z\n'),
    );
    expect(done).toMatchObject({ saved: true, result: { ok: true, counts: { notices: 1 } } });
    expect(m.value('SELECT s.uid FROM lamindb_artifact a JOIN lamindb_schema s ON s.id = a.schema_id')).toBe(
      asked,
    );
    expect(m.rows('SELECT slot FROM lamindb_artifactschema')).toEqual([['columns']]);
    expect(
      m.rows(`SELECT c.name, f.name FROM bionty_artifactcelltype l JOIN bionty_celltype c ON c.id = l.celltype_id
        JOIN lamindb_feature f ON f.id = l.feature_id ORDER BY l.id`),
    ).toEqual([
      ['T cell', 'cell'],
      ['B cell', 'cell'],
    ]);
    // Once more changes nothing.
    const after = m.state();
    await e.saveValidated(uid, asked, dataset('cell,n\nT cell,1\nB cell,2\n'));
    expect(m.state()).toBe(after);
    await e.undo();
    expect(m.state()).toBe(before);
  });

  it('[row 43] is not touched where the dataset is not valid', async () => {
    const [uid = ''] = m.artifacts('table.csv');
    const asked = schema([feature('n', 'int')]);
    const before = m.state();
    const done = await e.saveValidated(uid, asked, dataset('n\nx\n'));
    expect(done).toMatchObject({ saved: false, result: { ok: false } });
    expect(m.state()).toBe(before);
  });

  it('has to have the features that the schema asks for beside the dataset, and its suffix', async () => {
    const [uid = ''] = m.artifacts('table.csv');
    feature('lab', 'str');
    const beside = schema([{ feature: 'lab' }]);
    const asked = e.create('Schema', {
      features: [feature('n', 'int')],
      otype: 'DataFrame',
      suffix: '.parquet',
      slots: { __external__: { uid: beside } },
    }).uid;
    const told = (await csv(asked, 'n\n1\n', uid)).findings.map(({ kind, column, slot }) => [
      kind,
      column,
      slot,
    ]);
    expect(told).toEqual([
      ['metadata', 'lab', '__external__'],
      ['schema', null, 'columns'],
    ]);
    e.setFeatures(uid, { lab: 'north' });
    expect((await csv(asked, 'n\n1\n', uid)).findings.map(({ kind }) => kind)).toEqual(['schema']);
  });

  it('a locked artifact stays as it is', async () => {
    const [uid = ''] = m.artifacts('table.csv');
    e.update('Artifact', { uid }, { is_locked: true });
    const asked = schema([feature('n', 'int')]);
    expect(await refusal(() => e.saveValidated(uid, asked, dataset('n\n1\n')))).toMatchObject({
      code: 'NoWriteAccess',
    });
  });
});

describe('built-in schemas', () => {
  it('[row 47] are made when they are asked for, under LaminDB’s uids, once', () => {
    const both = e.builtinSchema('anndata_ensembl_gene_ids_and_valid_features_in_obs');
    expect(both.uid).toBe('0000000000000002');
    expect(e.builtinSchema('valid_features').uid).toBe('0000000000000000');
    expect(e.builtinSchema('valid_ensembl_gene_ids').uid).toBe('0000000000000001');
    expect(e.builtinSchema('ensembl_gene_ids_and_valid_features_in_obs').uid).toBe(both.uid);
    expect(m.value('SELECT count(*) FROM lamindb_schema')).toBe(3);
    expect(m.rows('SELECT slot FROM lamindb_schemacomponent ORDER BY id')).toEqual([['obs'], ['var.T']]);
    expect(() => e.builtinSchema('valid_everything')).toThrow(/no built-in schema/);
  });
});
