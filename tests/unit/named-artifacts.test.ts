// Artifacts by the names that a query calls them: key or uid, the latest version, and what comes near a wrong name.
import { expect, it } from 'vitest';
import type { Engine } from '../../src/lib/engine/index.ts';
import { memoryEngine, refusal } from './memory-engine.ts';

const named = async (engine: Engine, names: string[]) =>
  (await engine.querySources([{ of: 'artifact', names }]))[0] ?? [];

it('finds by key and by uid, in the order asked', async () => {
  const { engine, artifacts } = await memoryEngine();
  const [a = '', b = ''] = artifacts('lab/a.parquet', "lab/it's b.csv");
  const found = await named(engine, ["lab/it's b.csv", a, b.slice(0, 16)]);
  expect(found.map(({ uid, name }) => [uid, name])).toEqual([
    [b, "lab/it's b.csv"],
    [a, 'lab/a.parquet'],
    [b, "lab/it's b.csv"],
  ]);
  expect(await named(engine, [])).toEqual([]);
});

it('names what comes near, and nothing that is in the trash', async () => {
  const { engine, artifacts } = await memoryEngine();
  const [gone = ''] = artifacts('lab/old.parquet', 'lab/cells.parquet', 'other/cells.csv', 'x/plate-7.csv');
  engine.trashArtifacts([gone]);
  const near = async (name: string) => (await refusal(() => named(engine, [name]))).details['near'];
  expect(await near('cells.parquet')).toEqual(['lab/cells.parquet']);
  expect(await near('nowhere/cells.parquet')).toEqual(['lab/cells.parquet']);
  expect(await near('CELLS')).toEqual(
    ['lab/cells.parquet', 'other/cells.csv'].sort((a, b) => a.length - b.length),
  );
  expect(await near('lab/cels.parquet')).toEqual(['lab/cells.parquet']);
  expect(await near('lab/old.parquet')).not.toContain('lab/old.parquet');
  expect(await near('%')).toEqual([]);
  const refused = await refusal(() => named(engine, ['lab/cels.parquet']));
  expect(refused).toMatchObject({ code: 'DoesNotExist', details: { name: 'lab/cels.parquet' } });
  expect(refused.message).toBe(
    `There is no artifact with the key or uid "lab/cels.parquet". Did you mean 'lab/cells.parquet'?`,
  );
});

it('does not guess between two artifacts with one key', async () => {
  const { engine, artifacts } = await memoryEngine();
  const uids = artifacts('same.csv', 'same.csv');
  const refused = await refusal(() => named(engine, ['same.csv']));
  expect(refused.code).toBe('MultipleObjectsReturned');
  expect([...(refused.details['near'] as string[])].sort()).toEqual([...uids].sort());
});
