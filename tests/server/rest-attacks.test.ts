// What REST refuses: filters that inject, explode, nest or never end; sizes; shapes; and that nothing of the database's own
// words leaves.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEmbedded } from '../../server/embedded-postgres.ts';
import type { Postgres } from '../../server/postgres.ts';
import { openNode } from '../../src/lib/storage/sql/node.ts';
import { memoryEngine } from '../unit/memory-engine.ts';
import { world } from './people-world.ts';
import { restWorld, type Rest } from './rest-world.ts';

const artifacts = '/modules/core/artifact';
const nest = (depth: number, inner: string, open: string, close: string) =>
  open.repeat(depth) + inner + close.repeat(depth);

describe('REST under attack', () => {
  let postgres: Postgres;
  let rest: Rest;
  let before = '';
  beforeAll(async () => {
    postgres = await openEmbedded();
    rest = await restWorld(await world(postgres), { patience: 300 });
    const keys = Array.from({ length: 300 }, (_, i) => `folder/${'a'.repeat(40)}${i}.csv`);
    const uids = rest.here.artifacts(...keys);
    rest.here.engine.addLabels(uids, ['one', 'two', 'three']);
    before = rest.here.state();
  }, 120_000);
  afterAll(() => postgres.close());

  const refused = async (path: string, body: unknown, status = 400) => {
    const answer = await rest.ask(path, typeof body === 'string' ? { raw: body } : { body });
    const told = `${path} ${typeof body === 'string' ? body.slice(0, 80) : JSON.stringify(body).slice(0, 80)}`;
    const code = String(answer.json?.error?.code ?? JSON.stringify(answer.json).slice(0, 200));
    expect([told, answer.status, code]).toEqual([told, status, expect.stringMatching(/^[A-Z][A-Za-z]+$/)]);
    expect(String(answer.json.error.message)).not.toMatch(
      /SQLITE|sqlite3|no such (?:column|table)|syntax error|undefined|\[object|\.ts:/,
    );
    return answer.json.error as { code: string; message: string };
  };

  it('names that would be SQL are names of no field', async () => {
    for (const name of [
      'key"; DROP TABLE lamindb_artifact; --',
      'key") OR 1=1 --',
      'key__exact") UNION SELECT password FROM loam_secret --',
      "key' OR '1'='1",
      'sqlite_master',
      'rowid',
      '__proto__',
      'constructor',
      '',
      'key\u0000',
      'run.transform.key; --',
    ]) {
      await refused(artifacts, `{"filter":{${JSON.stringify(name)}:{"eq":"x"}}}`);
      await refused(artifacts, { order_by: [{ field: name }] });
      await refused(artifacts, { select: [name] });
      await refused(`${artifacts}/group-by`, {
        dimensions: [{ field_name: name }],
        measures: [{ field_name: 'id', agg_func: 'count' }],
      });
    }
    const quoted = { filter: { key: { eq: `'; DROP TABLE lamindb_artifact; --"` } } };
    expect((await rest.ask(artifacts, { body: quoted })).json).toEqual([]);
    const alias = `x"; DROP TABLE lamindb_artifact; --`;
    const grouped = await rest.ask(`${artifacts}/group-by`, {
      body: { dimensions: [], measures: [{ field_name: 'id', agg_func: 'count', alias }] },
    });
    expect(grouped.json).toEqual([{ [alias]: 300 }]);
  });

  it('models and modules that are none, and tables that are not served', async () => {
    for (const path of [
      ...[
        '/modules/core/nothing',
        '/modules/nothing/artifact',
        '/modules/core/artifact%22',
        '/modules/loam/act',
      ],
      ...[
        '/modules/django/migrations',
        '/modules/core/..%2f..',
        '/modules/lamindb/artifact_ulabels',
        '/modules/__proto__/x',
      ],
    ])
      await refused(path, {}, 404);
  });

  it('patterns that explode are given up, and so are statements that take too long', async () => {
    const started = Date.now();
    const bomb = await rest.ask(artifacts, { body: { filter: { key: { regex: '^(a+|a)*(a+)*$' } } } });
    expect([200, 400]).toContain(bomb.status);
    await refused(artifacts, { filter: { key: { regex: '(' } } });
    await refused(artifacts, { filter: { key: { regex: `${'('.repeat(5_000)}a${')'.repeat(5_000)}` } } });
    // 300 × 3 labels, joined again at every step: a product that would not end.
    const endless = await rest.ask(`${artifacts}/count`, {
      body: {
        filter: {
          ulabels: {
            artifacts: { ulabels: { artifacts: { ulabels: { artifacts: { key: { contains: 'zz' } } } } } },
          },
        },
      },
    });
    expect(endless).toMatchObject({ status: 400, json: { error: { code: 'StatementCancelled' } } });
    expect(endless.json.detail).toContain('0.3 seconds');
    expect(Date.now() - started).toBeLessThan(20_000);
    // The next one is answered as ever.
    expect((await rest.ask(`${artifacts}/count`, { body: {} })).json).toEqual({ count: 300 });
  });

  it('deep, wide and long', async () => {
    await refused(artifacts, `{"filter":${nest(40, '{"key":"x"}', '{"not":', '}')}}`);
    await refused(artifacts, `{"filter":${nest(20_000, '{"key":"x"}', '{"and":[', ']}')}}`);
    await refused(artifacts, `{"filter":${nest(40, '"x"', '{"run":', '}')}}`);
    await refused(artifacts, `{"filter":{"key":{"in":${nest(50_000, '', '[', ']')}}}}`);
    await refused(artifacts, { select: [nest(10, 'uid', 'run(', ')')] });
    await refused(artifacts, { select: Array.from({ length: 201 }, (_, i) => `f${i}`) });
    await refused(artifacts, { select: ['run(uid'] });
    await refused(artifacts, { select: ['run)uid'] });
    await refused(artifacts, { filter: { or: Array.from({ length: 501 }, (_, i) => ({ key: `k${i}` })) } });
    await refused(artifacts, { filter: { $query: { registry: 'Artifact' } } });
    await refused(artifacts, { filter: { id__in: { $query: { registry: 7 } } } });
    await refused(artifacts, { filter: { id__in: { $query: { registry: 'Artifact', filters: [7] } } } });
    await refused(artifacts, { filter: { run: { $ref: ['Run'] } } });
    await refused(artifacts, { filter: { run: { $ref: [['Run'], { uid: 'x' }] } } });
    for (const query of [
      'limit=1001',
      'limit=-1',
      'limit=1e3',
      'limit=x',
      'offset=-1',
      'limt=5',
      'limit=1&limit=2',
    ])
      await refused(`${artifacts}?${query}`, {});
    await refused(artifacts, { nothing: 1 });
    await refused(artifacts, { filter: [] });
    await refused(artifacts, { search: 7 });
    await refused(artifacts, '[1,2]');
    await refused(artifacts, '{');
    await refused(artifacts, `{"search":"${'x'.repeat(1024 * 1024)}"}`);
    await refused(artifacts, `{"search":"\\ud800"}`);
  });

  it('answers have an end: objects inside others count', async () => {
    const select = ['ulabels(artifacts(uid))'];
    const much = await refused(`${artifacts}?limit=300&limit_to_many=100000`, { select });
    expect(much.message).toContain('50,000 objects');
    const few = await rest.ask(`${artifacts}?limit=300&limit_to_many=2`, { body: { select } });
    expect(few.status).toBe(200);
    expect(few.json[299].ulabels[1].artifacts).toHaveLength(2);
  });

  it('so many at once, and no more', async () => {
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const people = await world(postgres);
    const slow = await restWorld(people, { read: (work) => gate.then(() => work(slow.here)) });
    const key = await slow.key('busy');
    const asked = Array.from({ length: 12 }, () => slow.ask('/schema', { key }));
    await expect.poll(() => slow.logged.filter(({ status }) => status === 429).length).toBe(4);
    open();
    const answers = await Promise.all(asked);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(8);
    expect((await slow.ask('/schema', { key })).status).toBe(200);
  });

  it('nothing was changed by any of it, and mistakes of ours are not told', async () => {
    expect(rest.here.state()).toBe(before);
    const broken = await restWorld(await world(postgres), {
      read: () => Promise.reject(new Error('secret words of a database')),
    });
    const answer = await broken.ask('/schema');
    expect(answer).toEqual({
      status: 500,
      json: { error: { code: 'InternalError', message: 'The server made a mistake. Try again.' } },
    });
    expect(broken.logged.some(({ message }) => message === 'secret words of a database')).toBe(true);
  });
});

describe('REST over a file of Node, whose statements cannot be stopped from outside', () => {
  it('questions that multiply rows are given up, whatever their form; others are not', async () => {
    const postgres = await openEmbedded();
    const folder = mkdtempSync(join(tmpdir(), 'loam-rest-'));
    try {
      const memory = await memoryEngine();
      const keys = Array.from({ length: 400 }, (_, i) => `file ${i}`);
      memory.engine.addLabels(memory.artifacts(...keys), ['one', 'two', 'three']);
      const file = join(folder, 'replica.sqlite');
      writeFileSync(file, memory.driver.serialize());
      const driver = openNode(file);
      const { engine } = await memoryEngine(undefined, { driver });
      const rest = await restWorld(await world(postgres), {
        patience: 300,
        read: (work) => Promise.resolve().then(() => work({ engine, driver })),
      });
      const far = (depth: number, inner: object): object =>
        depth === 0 ? inner : { ulabels: { artifacts: far(depth - 1, inner) } };
      const nowhere = { key: { contains: 'nothing has this' } };
      for (const filter of [
        far(3, nowhere),
        { not: far(3, nowhere) },
        { or: [far(3, nowhere), { key: 'x' }] },
        { $and: [{ not: far(2, nowhere) }, { not: far(3, nowhere) }] },
      ]) {
        const started = performance.now();
        const answer = await rest.ask(`${artifacts}/count`, { body: { filter } });
        expect([JSON.stringify(filter), answer.status, answer.json.error?.code]).toEqual([
          JSON.stringify(filter),
          400,
          'StatementCancelled',
        ]);
        expect(performance.now() - started).toBeLessThan(15_000);
      }
      expect((await rest.ask(`${artifacts}/count`, { body: {} })).json).toEqual({ count: 400 });
      const near = { filter: { ulabels: { name: { in: ['one', 'two'] } } } };
      expect((await rest.ask(`${artifacts}/count`, { body: near })).json).toEqual({ count: 400 });
      driver.close();
    } finally {
      rmSync(folder, { recursive: true });
      await postgres.close();
    }
  });
});
