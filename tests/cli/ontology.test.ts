// Ontologies from a shell: packs built by the script, listed, searched, imported; a file that is not sound is refused with its
// lines; a newer version is shown as a difference first.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { oboOf } from '../unit/ontology-files.ts';
import { inProcess, loam, scratch } from './run.ts';

const here = scratch();
const packs = mkdtempSync(join(tmpdir(), 'loam-packs-'));
afterAll(() => {
  delete process.env['LOAM_ONTOLOGIES'];
  rmSync(packs, { recursive: true, force: true });
});
const build = (...args: string[]) =>
  spawnSync(process.execPath, ['scripts/ontologies.mjs', '--output', packs, ...args], { encoding: 'utf8' });
const old = [
  { id: 'CL:1', name: 'cell' },
  { id: 'CL:2', name: 'T lymphocyte', parents: ['CL:1'], synonyms: ['T cell'] },
];
const next = [
  { id: 'CL:1', name: 'cell' },
  { id: 'CL:2', name: 'T cell', parents: ['CL:1'] },
  { id: 'CL:3', name: 'B cell', parents: ['CL:1'] },
];

beforeAll(async () => {
  process.env['LOAM_ONTOLOGIES'] = packs;
  await inProcess(here, ['init', '--storage', './store']);
  writeFileSync(join(here, 'old.obo'), oboOf('cl', old, '2098-01-01'));
  writeFileSync(join(here, 'next.obo'), oboOf('cl', next, '2099-01-01'));
  writeFileSync(join(here, 'bad.obo'), oboOf('cl', [{ id: 'CL:9', name: 'x', parents: ['CL:9'] }]));
});

// Verbs read the environment they are given; the packs are named by the process's.
const ontology = (...args: string[]) => loam(here, 'ontology', ...args);

describe('npm run ontologies', () => {
  it('makes packs of files, one for each version, and refuses what is not sound', () => {
    const made = build(join(here, 'old.obo'), '--registry', 'CellType');
    expect([made.status, made.stdout.trim()]).toEqual([0, 'celltype_cl: 2 terms of cl 2098-01-01']);
    expect(build(join(here, 'next.obo'), '--registry', 'CellType').stdout.trim()).toBe(
      'celltype_cl_2099-01-01: 3 terms of cl 2099-01-01',
    );
    const bad = build(join(here, 'bad.obo'), '--registry', 'CellType');
    expect(bad.status).toBe(1);
    expect(bad.stderr).toContain('bad.obo, line 5: CL:9 is its own parent.');
    expect(bad.stderr).toContain('was not taken: 1 cycle. With --accept it is, without these.');
    expect(build(join(here, 'nothing.obo')).stderr).toContain('There is no file or folder');
  });
});

describe('loam ontology', () => {
  it('[row 90] lists packs, imports one and says that it is there', () => {
    expect(ontology('list').out.split('\n')[0]).toBe(
      'celltype_cl · bionty.CellType · cl 2098-01-01 · all · 2 terms',
    );
    expect(ontology('import', 'celltype_cl').out).toBe('2 CellType rows added, 1 link to a parent');
    expect(ontology('list').out).toContain('2 terms · imported');
    expect(ontology('list').out).toContain('3 terms · version 2098-01-01 is imported');
  });

  it('[row 91] finds terms of packs, with what they are here', () => {
    expect(ontology('find', 'T', 'cell').out).toBe('CL:2 · T cell · CellType · here, in use: 0 artifacts');
  });

  it('[row 94] shows a newer version as a difference, then takes it', () => {
    expect(ontology('diff', 'celltype_cl_2099-01-01').out.split('\n')).toEqual([
      'CellType: 2098-01-01 → cl 2099-01-01',
      '1 new, 1 renamed, 0 obsolete, 0 gone, 0 changed, 1 the same',
      'renamed CL:2: T lymphocyte → T cell',
    ]);
    expect(ontology('import', 'celltype_cl_2099-01-01', '--upgrade').out).toBe(
      '1 CellType rows added, 2 brought to 2099-01-01, 1 link to a parent',
    );
  });

  it('[row 90] refuses a file that is not sound with its lines, until that is accepted', () => {
    const refused = ontology('import', 'bad.obo', '--registry', 'CellType');
    expect(refused.code).toBe(1);
    expect(refused.err).toContain('line 5: CL:9 is its own parent. (cycle)');
    expect(refused.err).toContain('It can be imported without what is wrong with it, with --accept.');
    expect(ontology('import', 'bad.obo', '--registry', 'CellType', '--accept').out).toBe(
      '1 CellType rows added, 0 links to parents',
    );
    expect(ontology('import', 'nothing').err).toContain('There is no pack "nothing"');
    expect(ontology('import').code).toBe(2);
  });
});
