// Our matcher beside Python's own `re`: the committed facts are what Python finds today. LOAM_UPDATE_FACTS=1 writes them.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { patterns, texts } from './patterns.ts';
import { python, pythonInstance, whyNot } from './python.ts';

const file = new URL('../fixtures/regex-facts.json', import.meta.url);

describe.skipIf(python === null)(`regular expressions beside Python${whyNot}`, () => {
  it('finds what is committed', () => {
    const theirs = pythonInstance({ init: false });
    const [given, out] = ['in.json', 'out.json'].map((name) => join(theirs.folder, name)) as [string, string];
    writeFileSync(given, JSON.stringify({ patterns, texts }));
    theirs.run(readFileSync(new URL('python/patterns.py', import.meta.url), 'utf8'), given, out);
    const found = readFileSync(out, 'utf8');
    if (process.env.LOAM_UPDATE_FACTS) writeFileSync(file, found);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(JSON.parse(found));
  });
});
