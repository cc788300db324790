// LaminHub's own client, `lamin hub` of lamin-cli, asks our server: the addresses, parameters and bodies that it sends, and
// what it makes of the answers.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEmbedded } from '../../server/embedded-postgres.ts';
import { listenHttp } from '../../server/http/http.ts';
import { world } from '../server/people-world.ts';
import { restWorld, type Rest } from '../server/rest-world.ts';
import { python, whyNot } from './python.ts';

const script = readFileSync(new URL('python/hub_cli.py', import.meta.url), 'utf8');
const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });

describe.skipIf(python === null)(`lamin hub of lamin-cli${whyNot}`, () => {
  let rest: Rest;
  let ask: (...calls: string[][]) => Promise<{ code: number; text: string }[]>;
  const ends: (() => Promise<unknown>)[] = [];
  beforeAll(async () => {
    const postgres = await openEmbedded();
    const people = await world(postgres);
    const port = await freePort();
    rest = await restWorld(people, {
      origin: `http://127.0.0.1:${port}`,
      write: async (_access, work) => await work(rest.here.engine),
    });
    const uids = rest.here.artifacts('raw/a.csv', 'raw/b.csv');
    rest.here.engine.addLabels(uids, ['Batch 1']);
    const server = await listenHttp(rest.app, { host: '127.0.0.1', port });
    ends.push(
      () => server.close(),
      () => postgres.close(),
    );
    const key = await rest.key('scientist', 'write');
    ask = async (...calls) => {
      const given = [`http://127.0.0.1:${port}/api`, people.instance, key, JSON.stringify(calls)];
      const { stdout } = await promisify(execFile)(python as string, ['-c', script, ...given], {
        maxBuffer: 64 * 1024 * 1024,
      });
      return JSON.parse(stdout.slice(stdout.indexOf('[{'))) as { code: number; text: string }[];
    };
  });
  afterAll(async () => {
    for (const end of ends) await end();
  });

  it('[row 113] lists, gets, counts, and reads the schema', async () => {
    const answers = await ask(
      [
        'list',
        'core',
        'artifact',
        '--select',
        'uid',
        '--select',
        'key',
        '--search',
        'raw',
        '--limit',
        '10',
        '--compact',
      ],
      [
        'list',
        'core',
        'artifact',
        '--search',
        'batch',
        '--search-in',
        'ulabels.name',
        '--select',
        'key',
        '--compact',
      ],
      [
        ...['list', 'core', 'ulabel', '--select', 'name', '--select', 'created_by(handle)', '--compact'],
        ...['--filter', '{"and":[{"is_type":{"eq":false}},{"name":{"contains":"batch"}}]}'],
        ...['--order-by', '[{"field":"created_at","descending":true}]', '--include-foreign-keys'],
      ],
      [
        'get',
        'core',
        'artifact',
        '0000000000000001',
        '--select',
        'key',
        '--select',
        'ulabels(name)',
        '--compact',
      ],
      ['get', 'core', 'artifact', 'nothing'],
      ['statistics', 'core', 'ULabel', '--format', 'json', '--compact'],
      ['statistics', 'core', 'artifact', '1', '--format', 'json', '--compact'],
      ['statistics'],
      ['schema'],
      ['schema', 'core', 'artifact'],
    );
    const json = (i: number): unknown => JSON.parse(answers[i]?.text ?? '');
    expect(answers.map(({ code }) => code)).toEqual([0, 0, 0, 0, 1, 0, 0, 0, 0, 0]);
    expect(json(0)).toEqual([
      { uid: expect.any(String), key: 'raw/a.csv' },
      { uid: expect.any(String), key: 'raw/b.csv' },
    ]);
    expect(json(1)).toEqual([{ key: 'raw/a.csv' }, { key: 'raw/b.csv' }]);
    expect(json(2)).toEqual([{ name: 'Batch 1', created_by: { handle: expect.any(String) } }]);
    expect(json(3)).toEqual({ key: 'raw/a.csv', ulabels: [{ name: 'Batch 1' }] });
    expect(answers[4]?.text).toContain('404');
    expect(json(5)).toEqual({ instance_size: 2, counts: { core: { ULabel: 1 } } });
    expect(json(6)).toMatchObject({ ulabels: 1 });
    expect(answers[7]?.text).toContain('- core.Artifact: 2');
    expect(answers[8]?.text).toMatch(/- bionty: \d+ models/);
    expect(answers[9]?.text).toContain('- ulabels -> core.ulabel (many-to-many)');
  });

  it('inserts, upserts, updates and deletes', async () => {
    const read = ['list', 'core', 'project', '--select', 'name', '--select', 'description', '--compact'];
    const first = await ask(
      ['insert', 'core', 'project', '--objects', '{"name":"Atlas"}', '--compact'],
      ['insert', 'core', 'project', '--objects', '[{"name":"One"},{"name":"Two"}]', '--compact'],
      [
        ...['upsert', 'core', 'project', '--conflict-column', 'name', '--compact'],
        ...['--objects', '[{"name":"One","description":"first"},{"name":"Three"}]'],
      ],
      read,
    );
    expect(first.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    const [{ uid = '' } = {}] = JSON.parse(first[0]?.text ?? '[]') as { uid?: string }[];
    expect(JSON.parse(first[3]?.text ?? '')).toEqual([
      { name: 'Atlas', description: null },
      { name: 'One', description: 'first' },
      { name: 'Two', description: null },
      { name: 'Three', description: null },
    ]);
    const then = await ask(
      ['update', 'core', 'project', uid, '--values', '{"description":"of cells"}', '--compact'],
      [
        ...['update', 'core', 'project', '--index-column', 'name', '--compact'],
        ...['--objects', '[{"name":"Two","description":"second"}]'],
      ],
      ['delete', 'core', 'project', '--objects', '[{"name":"One"}]', '--compact'],
      read,
      ['delete', 'core', 'project', uid, '--compact'],
      read,
    );
    expect(then.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(JSON.parse(then[2]?.text ?? '')).toEqual({ deleted_count: 1 });
    expect(JSON.parse(then[3]?.text ?? '')).toEqual([
      { name: 'Atlas', description: 'of cells' },
      { name: 'Two', description: 'second' },
      { name: 'Three', description: null },
    ]);
    expect(JSON.parse(then[5]?.text ?? '')).toHaveLength(2);
  });
});
