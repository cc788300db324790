// Files before they are saved: which schemas are offered for them, and that they are judged as they will be once saved.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FrameAsk } from '../../src/lib/engine/curate/frame.ts';
import { readDataset } from '../../src/lib/formats/curate/read-dataset.ts';
import { bufferSource } from '../fixtures/sources.ts';
import { memoryEngine, type MemoryEngine } from './memory-engine.ts';

let m: MemoryEngine;
const made: Record<string, string> = {};

beforeAll(async () => {
  m = await memoryEngine();
  const { engine: e } = m;
  const n = e.create('Feature', { name: 'n', dtype: 'int' });
  const add = (name: string, fields: object) => {
    made[name] = e.create('Schema', { name, features: [{ uid: n.uid }], ...fields }).uid;
  };
  add('any table', { otype: 'DataFrame' });
  add('parquet alone', { otype: 'DataFrame', suffix: '.parquet' });
  add('csv alone', { otype: 'DataFrame', suffix: '.csv', ordered_set: true });
  add('sheet', { maximal_set: true });
  e.create('Schema', { name: 'cells', otype: 'AnnData', slots: { obs: { uid: made['any table'] } } });
  e.create('Schema', { name: 'Panels', is_type: true });
  const [first = '', second = ''] = m.artifacts('old.csv', 'new.csv');
  e.update('Artifact', { uid: second }, { schema: { uid: made['sheet'] } });
  e.update('Artifact', { uid: first }, { schema: { uid: made['any table'] } });
});
afterAll(() => m.driver.close());

const offered = (otype: string, ...names: string[]) =>
  m.engine.datasetSchemas(otype, names).map(({ name, used, builtin }) => [name, used, builtin]);

describe('[row 43] files that are not saved yet', () => {
  it('are offered the schemas of their kind and suffix, those of the newest artifacts first', () => {
    expect(offered('DataFrame', 'x.csv')).toEqual([
      ['sheet', true, false],
      ['any table', true, false],
      ['csv alone', false, false],
      ['valid_features', false, true],
    ]);
    expect(offered('DataFrame', 'a/x.csv', 'y.parquet').map(([name]) => name)).toEqual([
      'sheet',
      'any table',
      'csv alone',
      'parquet alone',
      'valid_features',
    ]);
    expect(offered('AnnData', 'x.h5ad').map(([name]) => name)).toEqual([
      'cells',
      'anndata_ensembl_gene_ids_and_valid_features_in_obs',
    ]);
    expect(offered("x' OR 1=1 --", 'x.csv')).toEqual([]);
  });

  it('are judged by the suffix that they will have, and nothing is written', async () => {
    const before = m.state();
    const bytes = new TextEncoder().encode('n\n1\n2\n');
    const read = (asks: readonly FrameAsk[]) => readDataset(bufferSource(bytes), 'x.csv', asks);
    const judge = (schema: string, key: string) => m.engine.validateFile(made[schema] ?? '', read, key);
    expect((await judge('csv alone', 'runs/x.csv')).ok).toBe(true);
    const refused = await judge('parquet alone', 'runs/x.csv');
    expect(refused.findings.map(({ message }) => message)).toEqual([
      expect.stringContaining('The schema is for .parquet files, but this one is .csv.'),
    ]);
    // Rows that are no file have none.
    expect((await m.engine.validateDataset(made['parquet alone'] ?? '', read)).ok).toBe(true);
    expect(m.state()).toBe(before);
  });
});
