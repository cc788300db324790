// Validation through the page's own worker: a saved artifact, a dropped file and rows, with progress and cancel; the file is
// read in a worker of its own. What is right and wrong is shown in Node (tests/unit, tests/compat).
import { afterAll, describe, expect, it } from 'vitest';
import { connectEngine } from '../../src/lib/client/engine.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import { createInstance } from '../../src/lib/engine/schema/open.ts';
import { openMemory } from '../../src/lib/storage/sql/memory.ts';
import { generateLab, LAB_FOLDERS } from '../fixtures/generate.ts';

const client = connectEngine();
const { engine } = client;
afterAll(() => client.close());

const file = (text: string, name: string): File => new File([text], name);
const unsaved = (given: File) => ({ name: given.name, file: given, files: null });

let schema = '';
it('works in a database of its own', async () => {
  const driver = await openMemory();
  const random = (bytes: Uint8Array) => crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>);
  createInstance(driver, { model, clock: () => Date.now(), random, name: 'validate' });
  const database = new File([driver.serialize() as Uint8Array<ArrayBuffer>], 'validate.db');
  await engine.examineDatabase('validate', { file: database, wal: null });
  const id = await engine.openDatabase('validate', 'work', 'validate');
  await expect.poll(async () => (await engine.status()).database, { timeout: 20_000 }).toBe(id);
  await engine.create('ULabel', { name: 'a' });
  const label = await engine.create('Feature', { name: 'label', dtype: 'cat[ULabel]', coerce: true });
  const n = await engine.create('Feature', { name: 'n', dtype: 'int' });
  schema = (await engine.create('Schema', { features: [{ uid: label.uid }, { uid: n.uid }], name: 'both' }))
    .uid;
});

describe('validation from the page', () => {
  it('[row 43] lists what is wrong with a file before it is saved', async () => {
    const result = await engine.validateFile(unsaved(file('label,n\na,1\nz,2\n', 'x.csv')), schema);
    expect(result).toMatchObject({ ok: false, counts: { errors: 1 } });
    expect(result.findings[0]).toMatchObject({ column: 'label', values: [{ text: 'z', rows: [1] }] });
    const rows = {
      columns: [
        { name: 'label', values: ['a'] },
        { name: 'n', values: [1] },
      ],
    };
    expect((await engine.validateRows(rows, schema)).ok).toBe(true);
    const broken = file('PAR1 is no parquet file, though it says so PAR1', 'x.parquet');
    await expect(engine.validateFile(unsaved(broken), schema)).rejects.toMatchObject({
      code: 'FileUnreadable',
    });
  });

  it('[row 43] saves a valid artifact with schema and labels, and undoes it in one step', async () => {
    const { drop } = await engine.drop(
      [{ id: '1', key: 'data/x.csv', file: file('label,n\na,1\na,2\n', 'x.csv'), files: null }],
      {},
    );
    const item = async () => (await engine.drops()).find((one) => one.drop === drop);
    await expect.poll(async () => (await item())?.state, { timeout: 20_000 }).toBe('saved');
    const uid = (await item())?.artifact?.uid ?? '';
    expect((await engine.validateArtifact(uid, schema)).ok).toBe(true);
    const { saved, result } = await engine.saveValidated(uid, schema);
    expect([saved, result.ok]).toEqual([true, true]);
    const found = await engine.artifactSchemas(uid);
    expect(found).toMatchObject({
      found: true,
      validating: { name: 'both' },
      slots: [{ slot: 'columns', total: 2 }],
    });
    await engine.undo();
    expect(await engine.artifactSchemas(uid)).toMatchObject({ validating: null, slots: [] });
  });

  it('[row 48] reads the slots of a store that lies in a folder and of an h5ad', async () => {
    const { uid } = await engine.builtinSchema('anndata_ensembl_gene_ids_and_valid_features_in_obs');
    const lab = await generateLab();
    const h5ad = lab.find(({ path }) => path.endsWith('.h5ad') && !path.includes('damaged'));
    const bytes = h5ad?.bytes as Uint8Array<ArrayBuffer>;
    const result = await engine.validateFile(unsaved(new File([bytes], 'x.h5ad')), uid);
    expect(result.slots.map(({ slot }) => slot)).toEqual(['obs', 'var.T']);
    expect(result).toMatchObject({ ok: true, counts: { errors: 0 } });
    expect(result.counts.notices).toBeGreaterThan(0);
    const folder = LAB_FOLDERS.find((name) => name.endsWith('.zarr')) ?? '';
    const files = lab
      .filter(({ path }) => path.startsWith(`${folder}/`))
      .map(({ path, bytes: own }) => ({
        path: path.slice(folder.length + 1),
        file: new File([own as Uint8Array<ArrayBuffer>], path),
      }));
    const store = await engine.validateFile({ name: folder, file: null, files }, uid);
    expect(store.slots.map(({ slot, rows }) => [slot, rows > 0])).toEqual([
      ['obs', true],
      ['var.T', false],
    ]);
  });

  it('tells progress and ends when it is cancelled', async () => {
    const told: number[] = [];
    const stop = client.onEvent((event) => {
      if (event.type === 'view' && event.progress.token === 'long') told.push(event.progress.done);
    });
    const lines = Array.from({ length: 3_000_000 }, (_, i) => `a,${i}`).join('\n');
    const long = unsaved(file(`label,n\n${lines}\n`, 'long.csv'));
    const running = engine.validateFile(long, schema, 'long');
    await expect.poll(() => told.length, { timeout: 20_000 }).toBeGreaterThan(0);
    await engine.cancelValidation('long');
    await expect(running).rejects.toMatchObject({ code: 'Cancelled' });
    stop();
    expect((await engine.validateFile(unsaved(file('label,n\na,1\n', 'x.csv')), schema)).ok).toBe(true);
  });
});
