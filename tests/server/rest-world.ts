// REST over a replica: an engine on SQLite in memory beside the people of a Postgres, as a server has them.
import { createHttp } from '../../server/http/http.ts';
import { restRoutes } from '../../server/rest/rest.ts';
import type { RestDeps } from '../../server/rest/route.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import { makeKey } from '../../server/people/api-keys.ts';
import type { Role } from '../../src/lib/engine/sync/access.ts';
import { memoryEngine, type MemoryEngine } from '../unit/memory-engine.ts';
import type { World } from './people-world.ts';

export interface Told {
  status: number;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- answers are looked into by the tests
  json: any;
}

export interface Rest {
  readonly app: ReturnType<typeof createHttp>;
  readonly here: MemoryEngine;
  readonly logged: Record<string, string | number | null>[];
  /** A key of a new member with that role. */
  key(handle: string, role?: Role): Promise<string>;
  /** A request below the instance, with a key. */
  ask(
    path: string,
    asked?: { method?: string; body?: unknown; key?: string | null; raw?: string },
  ): Promise<Told>;
}

const usualOrigin = 'http://localhost:4173';

export async function restWorld(
  people: World,
  { origin = usualOrigin, ...given }: Partial<RestDeps> & { origin?: string } = {},
): Promise<Rest> {
  const here = await memoryEngine();
  const logged: Rest['logged'] = [];
  const { ground, limits, instance } = people;
  const app = createHttp({ ground, limits, origin, log: (entry) => logged.push(entry) });
  const deps: RestDeps = {
    ...{ ground, model, instance },
    read: (work) => Promise.resolve().then(() => work(here)),
    ...given,
  };
  app.route('/api/instances', restRoutes(deps));
  const key = async (handle: string, role: Role = 'read') => {
    const { account } = await people.person(handle, role);
    const made = { instance, by: account, account: account.uid, name: handle, role, days: 1 };
    return (await makeKey(ground, made)).token;
  };
  let usual: Promise<string> | undefined;
  return {
    ...{ app, here, logged, key },
    async ask(path, { method, body, key: given, raw } = {}) {
      const token = given === undefined ? await (usual ??= key('reader')) : given;
      const sent = raw ?? (body === undefined ? undefined : JSON.stringify(body));
      const headers: Record<string, string> = { host: new URL(origin).host };
      if (token !== null) headers.authorization = `Bearer ${token}`;
      if (sent !== undefined) headers['content-type'] = 'application/json';
      const url = path.startsWith('/api/') ? path : `/api/instances/${instance}${path}`;
      const answer = await app.request(`${origin}${url}`, {
        method: method ?? (sent === undefined ? 'GET' : 'POST'),
        headers,
        ...(sent === undefined ? {} : { body: sent }),
      });
      const text = await answer.text();
      try {
        return { status: answer.status, json: JSON.parse(text) };
      } catch {
        return { status: answer.status, json: text };
      }
    },
  };
}
