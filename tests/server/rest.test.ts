// REST in LaminHub's shape over a replica: lists, objects, counts, groups, the schema; who may ask.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEmbedded } from '../../server/embedded-postgres.ts';
import { makeKey } from '../../server/people/api-keys.ts';
import { removeMember, setRole } from '../../server/people/members.ts';
import type { Postgres } from '../../server/postgres.ts';
import { instanceId, instanceUid } from '../../src/lib/engine/schema/instance-id.ts';
import { world, type World } from './people-world.ts';
import { restWorld, type Rest } from './rest-world.ts';

const artifacts = '/modules/core/artifact';
const ulabels = '/modules/core/ulabel';

describe('REST in LaminHub’s shape', () => {
  let postgres: Postgres;
  let people: World;
  let rest: Rest;
  let uids: string[] = [];
  beforeAll(async () => {
    postgres = await openEmbedded();
    people = await world(postgres);
    rest = await restWorld(people);
    const { engine } = rest.here;
    uids = rest.here.artifacts('raw/a.csv', 'raw/b.csv', 'clean/c.parquet');
    engine.addLabels([uids[0] ?? '', uids[1] ?? ''], ['Batch 1']);
    engine.addLabels([uids[0] ?? ''], ['Control']);
    engine.create('ULabel', { name: 'Above' });
    engine.relate('ULabel', 'Batch 1', 'parents', { add: ['Above'] });
    engine.createFeature('gc_content', 'float');
    engine.setFeatures(uids[0] ?? '', { gc_content: 0.5 });
    await engine.trash('Artifact', [{ uid: uids[2] ?? '' }]);
  }, 120_000);
  afterAll(() => postgres.close());

  const post = async (path: string, body: unknown = {}) => await rest.ask(path, { body });
  const names = (rows: { name?: string; key?: string }[]) => rows.map((row) => row.name ?? row.key);

  it('[row 113] lists rows with all their own fields, of main alone, newest page rules as asked', async () => {
    const { status, json } = await post(`${artifacts}?limit=1&offset=1`);
    expect(status).toBe(200);
    expect(json).toHaveLength(1);
    expect(json[0]).toMatchObject({ uid: uids[1], key: 'raw/b.csv', size: 1, _key_is_virtual: true });
    expect(json[0]).not.toHaveProperty('storage_id');
    expect(json[0].created_at).toMatch(/^\d{4}-\d\d-\d\dT.*\+00:00$/);
    const withKeys = await post(`${artifacts}?include_foreign_keys=true`);
    expect(withKeys.json[0]).toMatchObject({ storage_id: 1, branch_id: 1 });
    expect(names(withKeys.json)).toEqual(['raw/a.csv', 'raw/b.csv']);
  });

  it('filters as LaminHub’s clients write it, and as LaminDB does', async () => {
    const found = async (filter: unknown) => names((await post(artifacts, { filter, select: ['key'] })).json);
    expect(await found({ key: { eq: 'raw/a.csv' } })).toEqual(['raw/a.csv']);
    expect(await found({ key: 'raw/a.csv' })).toEqual(['raw/a.csv']);
    expect(await found({ key: { ne: 'raw/a.csv' } })).toEqual(['raw/b.csv']);
    expect(await found({ key__endswith: 'b.csv' })).toEqual(['raw/b.csv']);
    expect(await found({ uid: { startswith: (uids[0] ?? '').slice(0, 16) } })).toEqual(['raw/a.csv']);
    expect(await found({ 'ulabels.name': { in: ['Control'] } })).toEqual(['raw/a.csv']);
    expect(await found({ ulabels: { name: { eq: 'Batch 1' }, uid: { is_null: false } } })).toEqual([
      'raw/a.csv',
      'raw/b.csv',
    ]);
    expect(await found({ and: [{ suffix: { eq: '.csv' } }, { not: { ulabels__name: 'Control' } }] })).toEqual(
      ['raw/b.csv'],
    );
    expect(await found({ or: [{ key: 'raw/b.csv' }, { gc_content: { gt: 0.4 } }] })).toEqual([
      'raw/a.csv',
      'raw/b.csv',
    ]);
    expect(await found({ gc_content: { gt: 0.6 } })).toEqual([]);
    expect(await found({ size: { gte: 1, lt: 2 }, run: null })).toEqual(['raw/a.csv', 'raw/b.csv']);
    // The trash is seen where it is asked for.
    expect(await found({ branch_id: -1 })).toEqual(['clean/c.parquet']);
  });

  it('a row comes once, however many of its links match', async () => {
    const filter = { 'ulabels.name': { in: ['Batch 1', 'Control'] } };
    expect(names((await post(artifacts, { filter, select: ['key'] })).json)).toEqual([
      'raw/a.csv',
      'raw/b.csv',
    ]);
    expect((await post(`${artifacts}/count`, { filter })).json).toEqual({ count: 2 });
  });

  it('selects relations, to one and to many, with what is wanted of them', async () => {
    const select = ['uid', 'created_by(handle)', 'ulabels(name,parents(name))', 'storage(root)', 'run'];
    const { json } = await post(`${artifacts}?limit=2`, { select });
    expect(json[0]).toEqual({
      uid: uids[0],
      created_by: { handle: expect.any(String) },
      ulabels: [
        { name: 'Batch 1', parents: [{ name: 'Above' }] },
        { name: 'Control', parents: [] },
      ],
      storage: { root: expect.any(String) },
      run: null,
    });
    expect(json[1].ulabels).toHaveLength(1);
    const one = await post(`${artifacts}?limit=2&limit_to_many=1`, { select: ['ulabels.name'] });
    // Beside a relation the row has all of its own fields.
    expect(one.json[0]).toMatchObject({ uid: uids[0], ulabels: [{ name: 'Batch 1' }] });
  });

  it('one row by uid, by its beginning, by id; the body may be missing', async () => {
    const whole = await rest.ask(`${artifacts}/${uids[0]}`, { method: 'POST' });
    expect(whole.json).toMatchObject({ key: 'raw/a.csv' });
    const id = whole.json.id as number;
    expect((await post(`${artifacts}/${id}`)).json).toEqual(whole.json);
    expect((await rest.ask(`${artifacts}/${uids[0]?.slice(0, 16)}?select=uid,storage(root)`)).json).toEqual({
      uid: uids[0],
      storage: { root: expect.any(String) },
    });
    const missing = await post(`${artifacts}/zzzzzzzzzzzzzzzz`);
    expect(missing).toMatchObject({ status: 404, json: { error: { code: 'DoesNotExist' } } });
    expect(missing.json.detail).toBe(missing.json.error.message);
  });

  it('orders, searches by rank, and searches in relations', async () => {
    const order_by = [{ field: 'key', descending: true }];
    expect(names((await post(artifacts, { order_by, select: ['key'] })).json)).toEqual([
      'raw/b.csv',
      'raw/a.csv',
    ]);
    expect(names((await post(artifacts, { search: 'B.CSV', select: ['key'] })).json)).toEqual(['raw/b.csv']);
    const inLabels = { search: 'contr', search_in: ['ulabels.name'], select: ['key'] };
    expect(names((await post(artifacts, inLabels)).json)).toEqual(['raw/a.csv']);
    const byAddress = await rest.ask(
      `${ulabels}?search=batch&select=name&filter=${encodeURIComponent('{"is_type":{"eq":false}}')}&order_by=-name`,
    );
    expect(byAddress.json).toEqual([{ name: 'Batch 1' }]);
  });

  it('values, groups, counts of relations, relatives', async () => {
    expect((await post(`${artifacts}/fields/ulabels.name`)).json).toEqual(['Batch 1', 'Control']);
    expect((await post(`${artifacts}/fields/ulabels.name`, { search: 'bat' })).json).toEqual(['Batch 1']);
    const groups = await post(`${artifacts}/group-by`, {
      dimensions: [{ field_name: 'ulabels.name' }],
      measures: [
        { field_name: 'id', agg_func: 'count', alias: 'n' },
        { field_name: 'size', agg_func: 'sum' },
      ],
    });
    expect(groups.json).toEqual([
      { 'ulabels.name': 'Batch 1', n: 2, size__sum: 2 },
      { 'ulabels.name': 'Control', n: 1, size__sum: 1 },
    ]);
    const suffixes = await post(`${artifacts}/group-by`, {
      dimensions: [{ field_name: 'suffix' }],
      measures: [{ field_name: 'id', agg_func: 'count', alias: 'n' }],
      filter: { ulabels__name__in: ['Batch 1', 'Control'] },
    });
    expect(suffixes.json).toEqual([{ suffix: '.csv', n: 2 }]);
    const { id } = (await post(`${artifacts}/${uids[0]}`)).json as { id: number };
    const counts = await rest.ask(`${artifacts}/${id}/counts`);
    expect(counts.json).toMatchObject({ ulabels: 2, projects: 0 });
    const relatives = await post(`${ulabels}/relatives`, {
      relatives: { values: ['Batch 1'], field: 'name', kind: 'ancestors' },
      select: ['name'],
    });
    expect(relatives.json).toEqual([{ name: 'Above' }]);
    const below = {
      relatives: { values: ['Above'], field: 'name', kind: 'descendants', depth: 1 },
      select: ['name'],
    };
    expect((await post(`${ulabels}/relatives`, below)).json).toEqual([{ name: 'Batch 1' }]);
  });

  it('statistics and tables with rows', async () => {
    const { json } = await rest.ask('/statistics?q=core.Artifact&q=core.ULabel');
    // LaminHub counts the trash too.
    expect(json).toEqual({ instance_size: 3, counts: { core: { Artifact: 3, ULabel: 3 } } });
    const all = await rest.ask('/statistics');
    expect(all.json.counts.bionty.Source).toBeGreaterThan(10);
    expect((await rest.ask('/non_empty_tables')).json.non_empty_tables.core).toContain('ULabel');
    expect((await rest.ask('/statistics?q=ULabel')).status).toBe(400);
  });

  it('the schema tells of fields what LaminDB’s own tells', async () => {
    const { json } = await rest.ask('/schema');
    expect(Object.keys(json).sort()).toEqual(['bionty', 'core']);
    expect(json.core.artifact).toMatchObject({ class_name: 'Artifact', table_name: 'lamindb_artifact' });
    expect(json.core.artifactulabel).toMatchObject({ class_name: 'ArtifactULabel', is_link_table: true });
    expect(json.core.artifact.fields.id).toEqual({
      ...{ type: 'AutoField', column_name: 'id', through: null, field_name: 'id', model_name: 'artifact' },
      ...{ schema_name: 'core', is_link_table: false, is_primary_key: true, is_editable: false },
      ...{
        relation_type: null,
        related_field_name: null,
        related_model_name: null,
        related_schema_name: null,
      },
    });
    expect(json.core.artifact.fields.created_by).toMatchObject({
      ...{ type: 'ForeignKey', column_name: 'created_by_id', relation_type: 'many-to-one' },
      ...{ related_field_name: 'created_artifacts', related_model_name: 'user', related_schema_name: 'core' },
      through: { left_key: 'created_by_id', right_key: 'id', link_table_name: null },
    });
    expect(json.bionty.gene.fields.pathways).toMatchObject({
      ...{ type: 'ManyToManyField', column_name: null, relation_type: 'many-to-many' },
      ...{ related_field_name: 'genes', related_model_name: 'pathway' },
      through: { left_key: 'gene_id', right_key: 'pathway_id', link_table_name: 'bionty_pathway_genes' },
    });
    expect((await rest.ask('/schema/core/artifact')).json).toEqual(json.core.artifact);
    // Every model of the schema can be asked for.
    for (const [module, models] of Object.entries(json))
      for (const name of Object.keys(models as object))
        expect([name, (await post(`/modules/${module}/${name}?limit=1`)).status]).toEqual([name, 200]);
  });

  it('artifacts by the path of their bytes', async () => {
    const root = String(rest.here.value('SELECT root FROM lamindb_storage WHERE id = 1'));
    const byPath = (path: string) => rest.ask(`/artifacts/by-path?path=${encodeURIComponent(path)}`);
    expect((await byPath(`${root}/.lamindb/${uids[0]}.csv`)).json.body.artifact).toMatchObject({
      ...{ uid: uids[0], storage_id: 1 },
    });
    expect((await byPath('raw/b.csv')).json.body.artifact).toMatchObject({ uid: uids[1] });
    expect((await byPath(`${root}/raw/b.csv`)).status).toBe(404);
    expect((await byPath('s3://elsewhere/x')).status).toBe(404);
    expect((await rest.ask('/artifacts/by-path')).status).toBe(400);
  });

  it('the instance by its uid, or by the UUID that LaminDB makes it of', async () => {
    const slug = 'owner/lab';
    const [instance, hex] = [await instanceUid(slug), await instanceId(slug)];
    const other = await restWorld(people, { instance });
    const { account } = await people.person('elsewhere', 'admin', instance);
    const made = { instance, by: account, account: account.uid, name: 'key', role: 'read', days: 1 } as const;
    const { token: key } = await makeKey(people.ground, made);
    const uuid = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
    for (const name of [instance, uuid, uuid.toUpperCase(), hex])
      expect([name, (await other.ask(`/api/instances/${name}/statistics`, { key })).status]).toEqual([
        name,
        200,
      ]);
    const wrong = uuid.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'));
    for (const name of [wrong, people.instance])
      expect((await other.ask(`/api/instances/${name}/statistics`, { key })).status).toBe(403);
  });

  it('[row 110] is for members alone, by key or session, and roles hold at once', async () => {
    expect((await rest.ask(artifacts, { body: {}, key: null })).status).toBe(401);
    expect((await rest.ask(artifacts, { body: {}, key: 'loam_key_wrong' })).status).toBe(401);
    const elsewhere = await rest.ask('/api/instances/instance0002/schema');
    const nowhere = await rest.ask('/api/instances/nowhere/schema');
    expect([elsewhere.status, nowhere.status]).toEqual([403, 403]);
    const member = await people.person('leaver', 'read');
    const site = (path: string) =>
      rest.app.request(`http://localhost:4173/api/instances/${people.instance}${path}`, {
        headers: { host: 'localhost:4173', cookie: `loam=${member.token}` },
      });
    expect((await site('/statistics')).status).toBe(200);
    await setRole(people.ground, {
      ...{ instance: people.instance, by: people.admin, account: member.account.uid, role: 'write' },
    });
    expect((await site('/statistics')).status).toBe(200);
    await removeMember(people.ground, {
      ...{ instance: people.instance, by: people.admin, account: member.account.uid },
    });
    expect((await site('/statistics')).status).toBe(403);
  });
});
