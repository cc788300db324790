// `ln` over an engine in Node, used as a script uses it: a database and storage folder on disk, files in and out, queries,
// features, ties, versions, runs.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { initInstance } from '../../cli/instance.ts';
import { connect, type Ln } from '../../cli/ln.ts';
import { writeSettings } from '../../cli/settings.ts';
import type { LnObject } from '../../src/lib/sdk/types.ts';
import { refusal as refused } from './memory-engine.ts';

const here = mkdtempSync(join(tmpdir(), 'loam-sdk-'));
const said: string[] = [];
let ln: Ln;
let close = () => {};

beforeAll(async () => {
  await initInstance(join(here, 'store'), 'lab');
  writeSettings(here, { storage: join(here, 'store') });
  ({ ln, close } = await connect(here, { tell: (text) => said.push(text) }));
});
afterAll(() => {
  close();
  rmSync(here, { recursive: true, force: true });
});

describe('rows', () => {
  it('are made with and without new, found again by name, changed and read anew', async () => {
    const type = await ln.ULabel({ name: 'Status', is_type: true }).save();
    const label = await new ln.ULabel({ name: 'passed', type }).save();
    expect(label.uid).toMatch(/^\w{8}$/);
    expect(label.type_id).toBe(type.id);
    expect((await label.type)?.name).toBe('Status');
    expect(Object.keys(label)).toContain('description');
    label.description = 'all checks green';
    expect(await label.save()).toBe(label);
    expect((await ln.ULabel.get(label.uid)).description).toBe('all checks green');
    label.type = null;
    await label.save();
    expect(label.type_id).toBeNull();
    expect(await label.type).toBeNull();
    said.length = 0;
    const again = await ln.ULabel({ name: 'passed' }).save();
    expect(again.id).toBe(label.id);
    expect(said.join()).toContain('Returning the ULabel with the same name');
  });

  it('refuse wrong fields and values with LaminDB’s error names', async () => {
    const wrong = ln.ULabel as unknown as (fields: Record<string, unknown>) => LnObject<'ULabel'>;
    expect(await refused(() => wrong({ nam: 'x' }).save())).toMatchObject({ name: 'FieldValidationError' });
    expect(await refused(() => wrong({ name: 5 }).save())).toMatchObject({ name: 'ValidationError' });
    expect(await refused(() => ln.ULabel.get('nothing'))).toMatchObject({ name: 'DoesNotExist' });
    expect(await refused(() => ln.ULabel.filter({ nam: 'x' }).all())).toMatchObject({ name: 'FieldError' });
    expect(await refused(() => ln.ULabel.filter({ name: undefined }).all())).toMatchObject({
      name: 'ValueError',
    });
    expect(await refused(() => ln.registry('Nothing'))).toMatchObject({ name: 'InvalidArgument' });
    const unsaved = ln.ULabel({ name: 'later' });
    expect(await refused(() => ln.ULabel.filter({ parents: unsaved }).all())).toMatchObject({
      name: 'ValueError',
    });
    expect(await refused(() => unsaved.parents.add('passed'))).toMatchObject({ name: 'ValueError' });
    expect(await refused(() => unsaved.delete())).toMatchObject({ name: 'ValueError' });
  });

  it('[row 58] go to the trash, come back, and go for good', async () => {
    const label = await ln.ULabel({ name: 'short-lived' }).save();
    await label.delete();
    expect(label.branch_id).toBe(-1);
    expect(await ln.ULabel.filter({ name: 'short-lived' }).count()).toBe(0);
    expect(await refused(() => label.delete())).toMatchObject({ name: 'InvalidArgument' });
    await label.restore();
    expect(label.branch_id).toBe(1);
    expect(await ln.ULabel.filter({ name: 'short-lived' }).exists()).toBe(true);
    await label.delete({ permanent: true });
    expect(await refused(() => ln.ULabel.get(label.uid))).toMatchObject({ name: 'DoesNotExist' });
    for (const name of ['a1', 'a2']) await ln.ULabel({ name }).save();
    expect(await ln.ULabel.filter({ name__in: ['a1', 'a2'] }).delete({ permanent: true })).toBe(2);
  });

  it('are tied to others under LaminDB’s relation names', async () => {
    const { CellType } = ln.bionty;
    const t = await CellType({ name: 'T cell' }).save();
    const cd8 = await CellType({ name: 'CD8-positive T cell' }).save();
    await cd8.parents.add(t);
    expect(await cd8.parents.toList('name')).toEqual(['T cell']);
    expect((await t.children.all()).map((row) => row.name)).toEqual(['CD8-positive T cell']);
    expect(await cd8.parents.filter({ name__startswith: 'B' }).count()).toBe(0);
    const b = await CellType({ name: 'B cell' }).save();
    await cd8.parents.set([b]);
    expect(await cd8.parents.toList('name')).toEqual(['B cell']);
    expect(await refused(() => b.parents.add(cd8))).toMatchObject({ name: 'ValidationError' });
    // Ties show rows in the trash too, as LaminDB's related managers do; a query of the registry does not.
    await b.delete();
    expect(await cd8.parents.toList('name')).toEqual(['B cell']);
    expect(await cd8.parents.filter({ name__startswith: 'B' }).count()).toBe(1);
    expect(await CellType.filter({ children: cd8 }).count()).toBe(0);
    await b.restore();
    await cd8.parents.clear();
    expect(await cd8.parents.count()).toBe(0);
    const keys = await CellType.lookup();
    expect(keys['cd8_positive_t_cell']?.id).toBe(cd8.id);
    expect((await CellType.search('T cell'))[0]?.name).toBe('T cell');
    expect(await CellType.validate(['T cell', 'X cell'])).toEqual([true, false]);
    const made = await CellType.fromValues(['B cell', 'NK cell']);
    expect(made.map(({ id }) => id)).toEqual([b.id, undefined]);
    await made[1]?.save();
    expect(await CellType.filter({ name: 'NK cell' }).exists()).toBe(true);
  });
});

describe('artifacts', () => {
  let artifact: LnObject<'Artifact'>;

  it('[row 101] are saved from bytes, paths, folders, tables and values, and loaded back', async () => {
    artifact = await ln.Artifact.fromText('x,y\n1,a\n2.5,"b ""c"", d"\n', {
      key: 'data/a.csv',
      kind: 'dataset',
    }).save();
    expect(artifact).toMatchObject({ key: 'data/a.csv', suffix: '.csv', kind: 'dataset', is_latest: true });
    expect(artifact.hash).toMatch(/^[\w-]{22}$/);
    expect(await artifact.path()).toBe(join(here, 'store', '.lamindb', `${artifact.uid}.csv`));
    expect(await artifact.cache()).toBe(await artifact.path());
    expect(await artifact.load()).toEqual([
      { x: 1, y: 'a' },
      { x: 2.5, y: 'b "c", d' },
    ]);
    writeFileSync(join(here, 'b.json'), '{"n": 1}');
    const json = await ln.Artifact('b.json', { description: 'from a path', ulabels: ['passed'] }).save();
    expect(json).toMatchObject({ key: 'b.json', description: 'from a path' });
    expect(await json.load()).toEqual({ n: 1 });
    expect(await json.ulabels.toList('name')).toEqual(['passed']);
    mkdirSync(join(here, 'set'));
    writeFileSync(join(here, 'set', 'one.txt'), 'one');
    writeFileSync(join(here, 'set', 'two.txt'), 'second');
    const folder = await ln.Artifact.fromFolder('set', { key: 'sets/first' }).save();
    expect(folder.n_files).toBe(2);
    expect((await folder.files()).map(({ path, size }) => [path, size]).sort()).toEqual([
      ['one.txt', 3],
      ['two.txt', 6],
    ]);
    expect(await (await folder.open('two.txt')).text()).toBe('second');
    expect(await refused(() => folder.open('../b.json'))).toMatchObject({ name: 'DoesNotExist' });
    const rows = [
      { id: 1, name: 'ä', ok: true, at: new Date('2026-01-31T12:00:00Z'), more: null },
      { id: 2, name: null, ok: false, at: null, more: 0.5 },
    ];
    const frame = await (await ln.Artifact.fromDataFrame(rows, { key: 't.parquet' })).save();
    expect(frame.otype).toBe('DataFrame');
    expect(await frame.load()).toEqual(rows);
    expect(await refused(() => ln.Artifact('missing.csv').save())).toMatchObject({ name: 'DoesNotExist' });
    expect(await refused(() => ln.Artifact.fromDataFrame(rows, { key: 't.xls' }))).toMatchObject({
      name: 'InvalidArgument',
    });
    expect(await refused(() => ln.Artifact('b.json', { keys: 'x' } as object).save())).toMatchObject({
      name: 'FieldValidationError',
    });
    said.length = 0;
    expect((await ln.Artifact('b.json').save()).id).toBe(json.id);
    expect(said.join()).not.toBe('');
  });

  it('[row 14] have versions, of which the stem means the newest', async () => {
    const next = await ln.Artifact.fromText('x,y\n3,c\n', { key: 'other.csv', revises: artifact }).save();
    expect(next.stem_uid).toBe(artifact.stem_uid);
    expect(next).toMatchObject({ key: 'other.csv', version: '0001' });
    expect(await next.versions.toList('uid')).toEqual([next.uid, artifact.uid]);
    expect((await ln.Artifact.get(artifact.stem_uid)).id).toBe(next.id);
    next.version = '2.0';
    await next.save();
    expect((await next.refresh()).version).toBe('2.0');
    expect(await ln.Artifact.filter({ key: 'data/a.csv', is_latest: true }).count()).toBe(0);
    expect(await ln.Artifact.filter({ key: 'data/a.csv' }).one()).toMatchObject({ uid: artifact.uid });
  });

  it('[row 4] carry feature values, which filters ask for beside fields', async () => {
    await ln.Feature({ name: 'temperature', dtype: 'float' }).save();
    const treatment = await ln.Feature({ name: 'treatment', dtype: ln.ULabel }).save();
    expect(treatment.dtype).toBe('cat[ULabel]');
    const dmso = await ln.ULabel({ name: 'DMSO' }).save();
    const json = await ln.Artifact.get({ key: 'b.json' });
    await artifact.features.setValues({ temperature: 21.5, treatment: dmso });
    await json.features.addValues({ temperature: 37 });
    expect(await artifact.features.getValues()).toEqual({ temperature: 21.5, treatment: 'DMSO' });
    expect(await artifact.features.get('temperature')).toBe(21.5);
    const temperature = await ln.Feature.get({ name: 'temperature' });
    const keys = (query: { toList(field: string): Promise<unknown[]> }) => query.toList('key');
    expect(await keys(ln.Artifact.filter(temperature.gt(30)))).toEqual(['b.json']);
    expect(await keys(ln.Artifact.filter({ temperature__gt: 20, suffix: '.csv' }))).toEqual(['data/a.csv']);
    expect(await keys(ln.Artifact.filter({ treatment: 'DMSO' }))).toEqual(['data/a.csv']);
    expect(await keys(ln.Artifact.filter(temperature.lt(30).or({ size: 8 }), { is_latest: false }))).toEqual([
      'data/a.csv',
    ]);
    await artifact.features.removeValues('temperature');
    expect(await artifact.features.getValues()).toEqual({ treatment: 'DMSO' });
    expect(await refused(() => artifact.features.setValues({ temperature: 'warm' }))).toMatchObject({
      name: 'ValidationError',
    });
    await artifact.labels.add([dmso], { feature: treatment });
    await json.labels.add([dmso]);
    expect(await ln.Artifact.filter({ ulabels: dmso }).distinct().count()).toBe(2);
    const record = await ln.Record({ name: 'sample 1', features: { temperature: 4 } }).save();
    expect(await record.features.getValues()).toEqual({ temperature: 4 });
    expect(await ln.Record.filter(temperature.lte(4)).toList('name')).toEqual(['sample 1']);
  });

  it('[row 3] are filtered over relations, joined by and, or and not', async () => {
    const { Artifact, Q } = ln;
    expect(await Artifact.filter({ created_by__handle__startswith: 'anon' }).count()).toBeGreaterThan(3);
    expect(
      await Artifact.filter({ run__transform__key: 'loam/drop-files', size__lt: 10 }).toList('key'),
    ).toEqual(expect.arrayContaining(['b.json', 'sets/first']));
    const some = Artifact.filter(Q({ suffix: '.json' }).or({ suffix: '.parquet' })).exclude({
      key__contains: 't.',
    });
    expect(await some.toList('key')).toEqual(['b.json']);
    expect(await Artifact.filter(Q.not(Q.or({ suffix: '.csv' }, { suffix: '.json' }))).count()).toBe(2);
    expect(
      await Artifact.filter({ $or: [{ suffix: '.json' }, { $not: { size__lt: 1e6 } }] }).toList('key'),
    ).toEqual(['b.json']);
    const runs = ln.Run.filter({ transform__key: 'loam/drop-files' });
    expect(await Artifact.filter({ run__in: runs }).count()).toBeGreaterThan(3);
    expect(await Artifact.filter({ created_at__gt: new Date('2020-01-01') }).count()).toBeGreaterThan(3);
    const sorted = Artifact.filter().orderBy('-size');
    expect(await sorted.first()).toMatchObject({ key: 't.parquet' });
    expect((await sorted.last())?.size).toBe(Math.min(...((await sorted.toList('size')) as number[])));
    expect(await refused(() => Artifact.filter().one())).toMatchObject({ name: 'MultipleObjectsReturned' });
    expect(await refused(() => Artifact.filter({ key: 'no' }).one())).toMatchObject({ name: 'DoesNotExist' });
    expect(await Artifact.filter({ key: 'no' }).oneOrNone()).toBeNull();
    const seen = [];
    for await (const row of Artifact.filter().orderBy('id').limit(2)) seen.push(row.key);
    expect(seen).toHaveLength(2);
    const { values, missing } = await Artifact.facet('suffix');
    expect(values.find(({ value }) => value === '.csv')?.count).toBe(2);
    expect(missing).toBe(0);
  });

  it('become data frames with what look-ups and features lead to', async () => {
    const frame = await ln.Artifact.filter({ size__gt: 5 })
      .orderBy('key')
      .toDataFrame({ include: ['ulabels__name', 'created_by__handle'], features: ['treatment'] });
    expect(frame.shape[0]).toBe(await ln.Artifact.filter({ size__gt: 5 }).count());
    const row = frame.rows().find(({ key }) => key === 'data/a.csv');
    expect(row).toMatchObject({ created_by__handle: 'anonymous', treatment: 'DMSO' });
    expect(frame.column('key')).toEqual([...(frame.column('key') ?? [])].sort());
    expect(String(frame)).toMatch(/^id +uid +key/);
    expect((await ln.Artifact.toDataFrame({ limit: 1 })).shape[0]).toBe(1);
  });

  it('[row 15] are described in words', async () => {
    expect(await artifact.describe()).toMatch(
      /^Artifact: data\/a\.csv \(0000\)[\s\S]*treatment +ULabel +DMSO/,
    );
    expect(await ln.Artifact.describe()).toMatch(/^Artifact[\s\S]*\.key/);
  });

  it('[row 40] gather in collections, whose older versions keep their rows', async () => {
    const json = await ln.Artifact.get({ key: 'b.json' });
    const first = await ln.Collection({ key: 'all', artifacts: [artifact] }).save();
    const second = await first.append(json);
    expect(second.stem_uid).toBe(first.stem_uid);
    expect(await first.artifacts.toList('key')).toEqual(['data/a.csv']);
    expect(await second.artifacts.orderBy('id').toList('key')).toEqual(['data/a.csv', 'b.json']);
    expect(await second.versions.count()).toBe(2);
  });
});

describe('tracking', () => {
  it('makes a run with what was read as inputs and what was saved as outputs', async () => {
    const input = await ln.Artifact.get({ key: 'b.json' });
    expect(await refused(() => ln.finish())).toMatchObject({ name: 'InvalidArgument' });
    const run = await ln.track({ key: 'scripts/count.ts', source: 'count()', params: { deep: 1 } });
    expect(run).toMatchObject({ status: 'started', params: { deep: 1 }, finished_at: null });
    expect(ln.context.run?.id).toBe(run.id);
    expect((await run.transform)?.key).toBe('scripts/count.ts');
    await input.load();
    await input.open();
    const output = await ln.Artifact.fromJson({ n: 2 }, { key: 'counted.json' }).save();
    expect(output.run_id).toBe(run.id);
    await output.cache();
    const label = await ln.ULabel({ name: 'made by a run' }).save();
    expect(label.run_id).toBe(run.id);
    expect(await ln.track()).toBe(run);
    const done = await ln.finish();
    expect(done).toMatchObject({ id: run.id, status: 'completed', finished_at: expect.any(String) });
    expect(ln.context.run).toBeNull();
    expect(await run.input_artifacts.toList('key')).toEqual(['b.json']);
    expect(await run.output_artifacts.toList('key')).toEqual(['counted.json']);
    expect(await ln.Run.filter({ transform__key: 'scripts/count.ts' }).count()).toBe(1);
    expect(JSON.stringify(await output.lineage())).toContain(`["run_${run.uid}","artifact_${output.uid}"]`);
    const later = await ln.Artifact.fromText('free', { key: 'free.txt' }).save();
    expect(later.run_id).not.toBe(run.id);
    ln.settings.track_run_inputs = false;
    const second = await ln.track((await run.transform)?.uid ?? '');
    await input.load();
    expect(await second.input_artifacts.count()).toBe(0);
    await ln.finish('errored');
    expect(second.status).toBe('errored');
    ln.settings.track_run_inputs = true;
  });

  it('knows where it is', () => {
    expect(ln.settings).toMatchObject({ instance: { slug: 'anonymous/lab' }, branch: { name: 'main' } });
    expect(ln.registries).toEqual(expect.arrayContaining(['Artifact', 'bionty.CellType']));
  });
});
