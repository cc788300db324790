// `loam inspect` beside the Python that runs here: the committed facts are still what Python says, and files that its
// libraries write today are told alike. LOAM_UPDATE_FACTS=1 writes the facts of the lab anew.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { differences } from '../cli/compare-facts.ts';
import { loam, scratch } from '../cli/run.ts';
import { generateLab, LAB_FOLDERS } from '../fixtures/generate.ts';
import { labFacts, madeFacts, madeFiles, type FactsEntry as Entry } from '../fixtures/inspect-facts.ts';
import { python, whyNot } from './python.ts';

const here = dirname(fileURLToPath(import.meta.url));

function run(script: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(python ?? '', [join(here, script), ...args], {
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

const factsOf = (root: string, paths: readonly string[]): Entry[] =>
  JSON.parse(run('facts.py', root, ...paths)) as Entry[];

/** Python's wording of an error may change, and libraries that only some tests need may be missing. */
const comparable = (entries: readonly Entry[]): Entry[] =>
  entries.filter(({ facts }) => !['skipped', 'unreadable', 'other'].includes(facts.kind));

function put(folder: string, path: string, bytes: Uint8Array): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), bytes);
}

describe.skipIf(python === null)(`facts of files${whyNot}`, () => {
  it('the committed facts of the lab are those that Python tells', async () => {
    const folder = scratch();
    const lab = await generateLab();
    for (const { path, bytes } of lab) put(folder, path, bytes);
    const single = lab
      .map(({ path }) => path)
      .filter((path) => !LAB_FOLDERS.some((one) => path.startsWith(`${one}/`)));
    const facts = factsOf(folder, [...single, ...LAB_FOLDERS].sort());
    if (process.env.LOAM_UPDATE_FACTS === '1') {
      const target = join(here, '../fixtures/inspect-lab-facts.json');
      writeFileSync(target, `[\n${facts.map((entry) => JSON.stringify(entry)).join(',\n')}\n]\n`);
    } else expect(differences(facts, labFacts)).toEqual([]);
  });

  it('the committed facts of files made by libraries are those that Python tells', () => {
    const folder = scratch();
    for (const [path, bytes] of madeFiles()) put(folder, path, bytes);
    // Python here may lack hdf5plugin, without which values packed by foreign filters are errors of reading.
    const wanted = comparable(madeFacts).filter(({ file }) => !file.startsWith('cells/packed_'));
    const found = factsOf(
      folder,
      wanted.map(({ file }) => file),
    );
    const told = found.filter(({ facts }) => facts.kind !== 'skipped');
    expect(told.length).toBeGreaterThan(70);
    for (const entry of told)
      expect(
        differences(
          entry,
          wanted.find(({ file }) => file === entry.file),
        ),
      ).toEqual([]);
  });

  it('files that Python’s libraries write today are told as Python reads them', () => {
    const folder = scratch();
    run('make_files.py', folder);
    const paths = madeFacts.map(({ file }) => file).filter((file) => existsSync(join(folder, file)));
    const wanted = comparable(factsOf(folder, paths));
    expect(wanted.length).toBeGreaterThan(70);
    const { out } = loam(folder, 'inspect', '--json', ...wanted.map(({ file }) => file));
    const found = JSON.parse(out) as Entry[];
    for (const [i, entry] of wanted.entries()) expect(differences(found[i], entry)).toEqual([]);
  });
});
