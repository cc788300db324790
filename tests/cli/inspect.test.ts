// `loam inspect` beside Python's own readers, field by field: on files made here, on small files that the writing libraries
// made (tests/compat/make_files.py, kept in inspect-pack.json), and on real ones where LOAM_FIXTURES names them.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { generateLab } from '../fixtures/generate.ts';
import { labFacts, madeFacts, madeFiles, type FactsEntry as Entry } from '../fixtures/inspect-facts.ts';
import { differences } from './compare-facts.ts';
import { loam, scratch } from './run.ts';

function inspect(cwd: string, files: readonly string[]): Map<string, Entry> {
  const { out, code, err } = loam(cwd, 'inspect', '--json', ...files);
  expect(err).toBe('');
  expect(code).toBe(0);
  const entries = JSON.parse(out) as Entry[];
  expect(entries.map((entry) => entry.file)).toEqual(files);
  return new Map(entries.map((entry) => [entry.file, entry]));
}

function put(folder: string, path: string, bytes: Uint8Array | string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), bytes);
}

/** What both tell; the other keys are about where a real file came from. */
function told({ file, size, n_files, lamin_hash, hash_type, facts }: Entry): object {
  return { file, size, ...(n_files === undefined ? {} : { n_files }), lamin_hash, hash_type, facts };
}

/** Python's readers refuse these; ours say why in words, or read them after all. */
function expectReason(found: Entry | undefined, wanted: Entry): void {
  const { facts, ...rest } = found ?? ({} as Entry);
  const { facts: _facts, ...same } = told(wanted) as Entry;
  expect(differences(rest, same)).toEqual([]);
  if (facts.kind === 'unreadable') expect(facts.error).toMatch(/^[A-Z].{20,}\.$/s);
  else expect(READ_AFTER_ALL).toContain(wanted.file);
}

/** zarr-python has no type for records and JSON texts; the rest of these stores is whole. */
const READ_AFTER_ALL = ['zarr/pbmc68k_reduced.zarr.zip', 'zarr/zarrita_v2_dtypes.zarr.zip'];

function compare(here: string, wanted: readonly Entry[]): void {
  const known = wanted.filter((entry) => entry.facts.kind !== 'other');
  const found = inspect(
    here,
    known.map((entry) => entry.file),
  );
  it.each(known.map((entry) => [entry.file, entry] as const))('%s', (file, entry) => {
    if (entry.facts.kind === 'unreadable') expectReason(found.get(file), entry);
    else expect(differences(found.get(file), told(entry))).toEqual([]);
  });
}

describe('files made by this project', async () => {
  const here = scratch();
  for (const { path, bytes } of await generateLab()) put(here, path, bytes);
  compare(here, labFacts);
});

describe('files made by the libraries that write them', () => {
  const here = scratch();
  for (const [path, bytes] of madeFiles()) put(here, path, bytes);
  const all = madeFacts;
  // The one packing that is not read here is told in a test of its own.
  compare(
    here,
    all.filter((entry) => entry.file !== 'cells/packed_bzip2.h5ad'),
  );

  it('says which values are packed in a way that is not read', () => {
    const wanted = all.find((entry) => entry.file === 'cells/packed_bzip2.h5ad');
    const { facts } = inspect(here, ['cells/packed_bzip2.h5ad']).get('cells/packed_bzip2.h5ad') as Entry;
    expect(facts).toMatchObject({ kind: 'AnnData', n_obs: 203, n_vars: 3, h5: wanted?.facts.h5 });
    expect(facts.X).toMatchObject({ shape: [203, 3], error: 'packed with bzip2' });
    expect(facts.problems).toContain('obs, column f: packed with bzip2');
    expect(facts).toHaveProperty('obs.columns.i', { dtype: 'int64', error: 'packed with bzip2' });
  });

  it('a file that crashes the HDF5 reader costs no other file', () => {
    const bytes = readFileSync(join(here, 'cells/packed_lzf.h5ad'));
    bytes[14_618] = 24;
    put(here, 'hostile.h5ad', bytes);
    const files = ['cells/x_none.h5ad', 'hostile.h5ad', 'cells/x_csc.h5ad'];
    const found = inspect(here, files);
    expect(found.get('hostile.h5ad')?.facts.kind).toBe('unreadable');
    for (const file of ['cells/x_none.h5ad', 'cells/x_csc.h5ad']) {
      const wanted = all.find((entry) => entry.file === file) as Entry;
      expect(differences(found.get(file), told(wanted))).toEqual([]);
    }
  });
});

const bio = join(process.env.LOAM_FIXTURES ?? '../shared', 'fixtures/bio');
const real = existsSync(join(bio, 'facts.json'));
describe.skipIf(!real)(
  `real files${real ? '' : ` (skipped: no facts.json below ${bio}, set LOAM_FIXTURES)`}`,
  () => {
    if (real)
      compare(bio, (JSON.parse(readFileSync(join(bio, 'facts.json'), 'utf8')) as { files: Entry[] }).files);
  },
);

describe('the command', () => {
  const here = scratch();
  put(here, 'a.csv', 'x,y\n1,2\n');
  put(here, 'set/b.fa', '>s\nACGT\n');
  put(here, 'notes.md', '# Notes\n');

  it('answers the other paths where one cannot be read, and ends with 1', () => {
    const { code, out, err } = loam(
      here,
      'inspect',
      '--json',
      'nothing.h5ad',
      'a.csv',
      'a.csv/x',
      '/dev/null',
      'set',
    );
    expect({ code, err }).toEqual({ code: 1, err: '' });
    const entries = JSON.parse(out) as Entry[];
    expect(entries.map(({ file, facts }) => [file, facts.kind])).toEqual([
      ['nothing.h5ad', 'unreadable'],
      ['a.csv', 'delimited text'],
      ['a.csv/x', 'unreadable'],
      ['/dev/null', 'unreadable'],
      ['set', 'folder'],
    ]);
    const error = 'There is no file or folder of this name.';
    expect(entries[0]).toEqual({
      file: 'nothing.h5ad',
      size: null,
      lamin_hash: null,
      hash_type: null,
      facts: { kind: 'unreadable', error },
      error,
    });
    expect(entries[3]?.error).toContain('neither a file nor a folder');
  });

  it('tells the same to be read, without --json', () => {
    const { code, out, err } = loam(here, 'inspect', 'a.csv', 'nothing', 'set/b.fa', 'notes.md');
    expect(code).toBe(1);
    expect(err).toBe('nothing: There is no file or folder of this name.');
    expect(out.split('\n\n').map((block) => block.split('\n').map((line) => line.trim()))).toEqual([
      [
        'a.csv',
        '8 bytes, md5 NE_SMj3TPVwFi3zyfeAp6A',
        'delimited text',
        'encoding: utf-8-sig',
        'n_lines: 2',
        'n_columns: 2',
        'head: [x, y], [1, 2]',
      ],
      ['set/b.fa', '8 bytes, md5 vEEegdBpHlyfHxEuYB87GQ', 'FASTA', 'n_seqs: 1', 'names: s', 'total_len: 4'],
      [
        'notes.md',
        '8 bytes, md5 LtqIwXc_9T6BabH1bwZtXg',
        'Markdown',
        expect.stringContaining('details:'),
        expect.anything(),
        expect.anything(),
      ],
    ]);
  });

  it('stores nothing, needs no database, and says how it is used', () => {
    const before = readdirSync(here, { recursive: true });
    loam(here, 'inspect', 'a.csv');
    expect(readdirSync(here, { recursive: true })).toEqual(before);
    expect(loam(here, 'inspect')).toMatchObject({
      code: 2,
      err: expect.stringContaining('Usage: loam inspect'),
    });
    expect(loam(here, 'inspect', '--yaml', 'a.csv')).toMatchObject({
      code: 2,
      err: expect.stringContaining('--yaml'),
    });
  });
});
