// LaminDB's own answers to the generated queries: what is committed is what LaminDB says today, and what our engine says.
// LOAM_UPDATE_FACTS=1 writes them anew (after queries.ts, example.ts or the version of LaminDB have changed).
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openMemory } from '../../src/lib/storage/sql/memory.ts';
import { makeExample } from './example.ts';
import { committedFacts, factsFile, factsText } from './facts.ts';
import { python, pythonInstance, whyNot } from './python.ts';
import { allQueries } from './queries.ts';
import { differences, unordered, type Facts } from './same-answers.ts';

/** Times of the write are not LaminDB's concern: the example gives its own. */
async function askLaminDb(): Promise<Facts> {
  const theirs = pythonInstance();
  const driver = await openMemory({ pageSize: 4096 });
  makeExample(driver, theirs.storage);
  writeFileSync(join(theirs.storage, '.lamindb', 'lamin.db'), driver.serialize());
  driver.close();
  const [specs, out] = ['specs.json', 'out.json'].map((name) => join(theirs.folder, name)) as [
    string,
    string,
  ];
  writeFileSync(specs, JSON.stringify(allQueries()));
  const script = readFileSync(new URL('python/answers.py', import.meta.url), 'utf8');
  theirs.run(script, specs, out);
  // The example says where its files would be; a real LaminDB says where its own are.
  const text = readFileSync(out, 'utf8').replaceAll(theirs.storage, '/example/storage');
  const answered = JSON.parse(text) as {
    id: string;
    answer?: unknown;
    error?: string;
  }[];
  return Object.fromEntries(
    answered.map(({ id, answer, error }) => [id, error === undefined ? answer : { error }]),
  );
}

describe.skipIf(python === null)(`generated queries beside LaminDB${whyNot}`, () => {
  it('has the committed answers, and so has the engine', async () => {
    const theirs = await askLaminDb();
    if (process.env.LOAM_UPDATE_FACTS) writeFileSync(factsFile, factsText(theirs));
    const known = committedFacts();
    const changed = Object.keys({ ...known, ...theirs }).filter(
      (id) => JSON.stringify(unordered(theirs[id])) !== JSON.stringify(unordered(known[id])),
    );
    expect(changed).toEqual([]);
    const driver = await openMemory();
    makeExample(driver);
    expect(differences(driver, allQueries(), theirs)).toEqual([]);
  });
});
