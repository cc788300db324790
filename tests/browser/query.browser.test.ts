// The query language in the page's own worker: a database file is taken in as a person would bring it, then every generated
// question is asked through the worker's port. LaminDB's answers are committed; the real database has its own.
import { afterAll, describe, expect, inject, it } from 'vitest';
import { connectEngine, type EngineClient } from '../../src/lib/client/engine.ts';
import type { AnsweredSpec, QuerySpec } from '../../src/lib/engine/query/answers.ts';
import { openMemory } from '../../src/lib/storage/sql/memory.ts';
import type { RankedRow } from '../../src/lib/workers/query-wire.ts';
import { makeExample } from '../compat/example.ts';
import { allQueries } from '../compat/queries.ts';
import { different } from '../compat/same-answers.ts';
import known from '../fixtures/query-facts.json';

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder of a real LaminDB database and its answers. */
    fixtures: string | null;
  }
}

const client: EngineClient = connectEngine();
const { engine } = client;
afterAll(() => client.close());

/** The file becomes the database worked in; the worker starts anew on it. */
async function workIn(bytes: Uint8Array<ArrayBuffer>, name: string): Promise<void> {
  const token = name;
  await engine.examineDatabase(token, { file: new File([bytes], `${name}.db`), wal: null });
  const id = await engine.openDatabase(token, 'work', name);
  await expect.poll(async () => (await engine.status()).database, { timeout: 20_000 }).toBe(id);
}

/** A database that is taken into use here gets this device's own store beside its storage locations. */
function withoutDevice(spec: AnsweredSpec): AnsweredSpec {
  const answer = spec.answer as { index?: unknown[]; rows?: unknown[][] } | null;
  if (!answer?.rows || !answer.index) return spec;
  const kept = [...answer.rows.keys()].filter((i) => !answer.rows?.[i]?.includes('opfs://storage'));
  return {
    ...spec,
    answer: { ...answer, rows: kept.map((i) => answer.rows?.[i]), index: kept.map((i) => answer.index?.[i]) },
  };
}

describe('queries through the worker', () => {
  it('have LaminDB’s answers about the example', async () => {
    const driver = await openMemory();
    makeExample(driver);
    await workIn(driver.serialize() as Uint8Array<ArrayBuffer>, 'example');
    const specs = allQueries();
    const answered: AnsweredSpec[] = [];
    for (let i = 0; i < specs.length; i += 200)
      answered.push(...(await engine.answerSpecs(specs.slice(i, i + 200))).map(withoutDevice));
    expect(answered).toHaveLength(specs.length);
    const searches = new Map<unknown, RankedRow[]>();
    for (const spec of specs.filter((one) => one['op'] === 'search' && !('filter' in one))) {
      const { registry, string, field, case_sensitive } = spec as Record<string, string>;
      const options = { limit: null, field, caseSensitive: Boolean(case_sensitive) };
      const hits = await engine.searchRows(String(registry), String(string), options).catch(() => []);
      searches.set(spec['id'], hits);
    }
    const ranked = (spec: QuerySpec) => searches.get(spec['id']) ?? [];
    // What refers to a row counts where it is seen: artifacts on other branches are none of a user's here (decision 0033).
    const [there, others] = [/created_artifacts/, different(answered, known.answers, ranked)];
    expect(others.filter((spec) => !there.test(JSON.stringify(spec)))).toEqual([]);
    expect(others).toHaveLength(13);
    for (const { answer, lamindb } of others)
      expect((answer as unknown[]).length).toBeLessThanOrEqual((lamindb as unknown[]).length);
  });

  const folder = inject('fixtures');
  it.skipIf(folder === null)(
    `have LaminDB’s answers about its own database${folder === null ? ' (skipped: LOAM_FIXTURES has no fixtures/lamindb)' : ''}`,
    async () => {
      const read = async (name: string) => (await fetch(`/@fs${folder}/${name}`)).arrayBuffer();
      await workIn(new Uint8Array(await read('quickstart.lamindb.sqlite')), 'quickstart');
      const text = new TextDecoder().decode(await read('queries.json'));
      const { queries } = JSON.parse(text) as { queries: AnsweredSpec[] };
      expect(queries.length).toBeGreaterThanOrEqual(40);
      const specs = queries.map(({ answer: _, ...spec }) => spec);
      const answered = await engine.answerSpecs(specs);
      expect(answered.map((spec) => spec.answer)).toEqual(queries.map((spec) => spec.answer));
    },
  );
});
