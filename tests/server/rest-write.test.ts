// What is written by REST: LaminHub's bodies and answers, as the account's own acts. The turn itself is the server's; here
// the work is done on the replica at once.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEmbedded } from '../../server/embedded-postgres.ts';
import type { Postgres } from '../../server/postgres.ts';
import { openApiOf } from '../../server/rest/openapi.ts';
import { routesOf } from '../../server/rest/rest.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import type { Access } from '../../src/lib/engine/sync/access.ts';
import { world } from './people-world.ts';
import { restWorld, type Rest } from './rest-world.ts';

const ulabels = '/modules/core/ulabel';

describe('REST that writes', () => {
  let postgres: Postgres;
  let rest: Rest;
  let key = '';
  const accesses: Access[] = [];
  beforeAll(async () => {
    postgres = await openEmbedded();
    rest = await restWorld(await world(postgres), {
      async write(access, work) {
        accesses.push(access);
        return await work(rest.here.engine);
      },
    });
    key = await rest.key('writer', 'write');
  }, 120_000);
  afterAll(() => postgres.close());

  const send = async (method: string, path: string, body?: unknown) => {
    const { status, json } = await rest.ask(path, { method, key, ...(body === undefined ? {} : { body }) });
    return { status, json };
  };
  const names = async (filter: unknown) =>
    ((await rest.ask(ulabels, { body: { filter, select: ['name'] } })).json as { name: string }[]).map(
      ({ name }) => name,
    );

  it('[row 113] makes rows, gives back those that are there, and answers with whole rows', async () => {
    const made = await send('PUT', ulabels, { name: 'treated', description: 'with the drug' });
    expect(made).toMatchObject({ status: 200, json: [{ name: 'treated', description: 'with the drug' }] });
    expect(made.json[0]).toHaveProperty('created_by_id');
    const again = await send('PUT', ulabels, [{ name: 'treated' }, { name: 'control' }]);
    expect(again.json.map((row: { uid: string }) => row.uid)[0]).toBe(made.json[0].uid);
    expect(await names({})).toEqual(['treated', 'control']);
    expect(accesses.at(-1)).toMatchObject({ role: 'write', instance: 'instance0001' });
  });

  it('changes one row and several, and upserts', async () => {
    const [row] = (await send('PUT', ulabels, { name: 'dose' })).json as { uid: string; id: number }[];
    const { uid = '', id = 0 } = row ?? {};
    expect((await send('PATCH', `${ulabels}/${uid}`, { description: 'in mg' })).json).toMatchObject({
      ...{ uid, description: 'in mg' },
    });
    const batch = { index_columns: ['id'], records: [{ id, description: 'in µg' }] };
    expect((await send('PATCH', `${ulabels}/batch-update`, batch)).json).toMatchObject([
      { uid, description: 'in µg' },
    ]);
    const missing = { index_columns: ['uid'], records: [{ uid: 'zzzzzzzz', description: 'x' }] };
    expect((await send('PATCH', `${ulabels}/batch-update`, missing)).status).toBe(404);
    const upserted = await send('PUT', `${ulabels}/upsert?conflict_columns=name`, [
      { name: 'dose', description: 'in g' },
      { name: 'route', description: 'how it came in' },
    ]);
    expect(upserted.json).toMatchObject([
      { uid, description: 'in g' },
      { name: 'route', description: 'how it came in' },
    ]);
    expect((await send('PUT', `${ulabels}/upsert`, { name: 'x' })).status).toBe(400);
  });

  it('takes rows away into the trash', async () => {
    const made = (await send('PUT', ulabels, [{ name: 'gone 1' }, { name: 'gone 2' }])).json as {
      uid: string;
      id: number;
    }[];
    expect((await send('DELETE', `${ulabels}/${made[0]?.uid}`)).json).toEqual({ deleted_count: 1 });
    const records = [{ id: made[1]?.id }, { id: 987654 }];
    expect((await send('POST', `${ulabels}/batch-delete`, { records })).json).toEqual({ deleted_count: 1 });
    expect(await names({ name: { startswith: 'gone' } })).toEqual([]);
    expect(await names({ name: { startswith: 'gone' }, branch_id: -1 })).toEqual(['gone 1', 'gone 2']);
  });

  it('ties and unties, by the label’s address and by rows of the link', async () => {
    const uid = rest.here.artifacts('raw/a.csv')[0] ?? '';
    const { id } = (await rest.ask(`/modules/core/artifact/${uid}`)).json as { id: number };
    const [label] = (await send('PUT', ulabels, { name: 'tied' })).json as { id: number }[];
    const path = `/modules/core/artifact/${id}/ulabels/${label?.id}`;
    const labels = async () =>
      ((await rest.ask(`/modules/core/artifact/${uid}?select=ulabels(name)`)).json as { ulabels: unknown[] })
        .ulabels;
    expect((await send('PUT', path)).json).toEqual({ changed: true });
    expect(await labels()).toEqual([{ name: 'tied' }]);
    expect((await send('DELETE', path)).status).toBe(200);
    expect(await labels()).toEqual([]);
    // nf-lamin ties runs to projects so.
    const links = '/modules/core/artifactulabel';
    const link = { artifact_id: id, ulabel_id: label?.id };
    const columns = 'conflict_columns=artifact_id&conflict_columns=ulabel_id';
    for (let i = 0; i < 2; i++)
      expect((await send('PUT', `${links}/upsert?${columns}`, link)).json).toMatchObject([link]);
    expect(await labels()).toEqual([{ name: 'tied' }]);
    expect((await send('POST', `${links}/batch-delete`, { records: [link] })).json).toEqual({
      deleted_count: 1,
    });
    expect(await labels()).toEqual([]);
  });

  it('runs with their transform by id and their state by code, as nf-lamin sends them', async () => {
    const [transform] = (await send('PUT', '/modules/core/transform', { key: 'flow.nf', kind: 'pipeline' }))
      .json as {
      id: number;
    }[];
    const run = {
      transform_id: transform?.id,
      created_at: '2026-02-20T10:30:00.000000+00:00',
      started_at: '2026-02-20T10:30:00.000000+00:00',
      _status_code: -1,
      name: 'first',
    };
    const made = await send('PUT', '/modules/core/run', run);
    expect(made.json).toMatchObject([{ transform_id: transform?.id, _status_code: -1, name: 'first' }]);
    const done = await send('PATCH', `/modules/core/run/${made.json[0].uid}`, { _status_code: 0 });
    expect(done.json).toMatchObject({ _status_code: 0, finished_at: expect.any(String) });
    expect((await send('PATCH', `/modules/core/run/${made.json[0].uid}`, { _status_code: 77 })).status).toBe(
      400,
    );
  });

  it('refuses what the registries refuse, and readers', async () => {
    for (const [method, path, body, status] of [
      ['PUT', ulabels, { nothing: 1 }, 400],
      ['PUT', ulabels, { name: 7 }, 400],
      ['PUT', ulabels, { name: '' }, 400],
      ['PUT', ulabels, [], 200],
      ['PUT', ulabels, 'x', 400],
      ['PUT', ulabels, { name: 'a', type: 'no such type' }, 404],
      ['PATCH', `${ulabels}/zzzzzzzz`, { name: 'a' }, 404],
      ['DELETE', `${ulabels}/zzzzzzzz`, undefined, 404],
      ['PATCH', '/modules/core/artifactulabel/1', { ulabel_id: 2 }, 400],
      ['PUT', '/modules/core/artifact', { key: 'x' }, 400],
      ['PUT', '/modules/core/artifact/1/key/1', undefined, 400],
      ['POST', `${ulabels}/batch-delete`, { records: [{}] }, 400],
      ['POST', `${ulabels}/batch-delete`, { records: [{ name: { $query: {} } }] }, 400],
      ['PUT', ulabels, Array.from({ length: 1001 }, () => ({ name: 'x' })), 400],
    ] as const) {
      const answer = await send(method, path, body);
      expect([
        method,
        path,
        JSON.stringify(body)?.slice(0, 60),
        answer.status,
        answer.json?.error?.code,
      ]).toEqual([
        ...[method, path, JSON.stringify(body)?.slice(0, 60), status],
        status === 200 ? undefined : expect.any(String),
      ]);
    }
    const before = rest.here.state();
    const written = accesses.length;
    const reader = await rest.key('onlooker', 'read');
    for (const method of ['PUT', 'PATCH', 'DELETE']) {
      const path = method === 'PUT' ? ulabels : `${ulabels}/treated`;
      const answer = await rest.ask(path, { method, key: reader, body: { name: 'mine' } });
      expect([method, answer.status, answer.json.error.code]).toEqual([method, 403, 'NoWriteAccess']);
    }
    expect(accesses).toHaveLength(written);
    expect(rest.here.state()).toBe(before);
  });

  it('without a way to write there are no such routes, nor in the document', async () => {
    const readOnly = await restWorld(await world(postgres));
    const answer = await readOnly.ask(ulabels, { method: 'PUT', body: { name: 'x' } });
    expect([answer.status, answer.json.error.code]).toEqual([404, 'DoesNotExist']);
    const paths = (write?: never) =>
      Object.values((openApiOf(routesOf(write ? { write } : {}), model, '0').paths ?? {}) as object).flatMap(
        Object.keys,
      );
    expect(paths()).not.toContain('put');
    expect(paths(true as never)).toContain('put');
  });
});
