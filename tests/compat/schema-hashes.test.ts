// The hashes of schemas that tests of the screen and of drafts go by, asked of a real LaminDB again.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { python, pythonInstance, whyNot } from './python.ts';

const here = dirname(fileURLToPath(import.meta.url));
const facts = join(here, '../fixtures/schema-facts.json');

describe.skipIf(python === null)(`hashes of schemas${whyNot}`, () => {
  it('[row 47] are those that lamindb computes', () => {
    const out = pythonInstance().script(join(here, 'python/schema_hashes.py'), facts);
    const theirs = JSON.parse(out.slice(out.indexOf('HASHES') + 6)) as Record<string, string>;
    const { cases } = JSON.parse(readFileSync(facts, 'utf8')) as { cases: { key: string; hash: string }[] };
    expect(cases.length).toBeGreaterThan(100);
    expect(new Set(cases.map(({ hash }) => hash)).size).toBeGreaterThan(60);
    expect(Object.fromEntries(cases.map(({ key, hash }) => [key, hash]))).toEqual(theirs);
  });
});
