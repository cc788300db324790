// The same commands for `lamin` and for `loam`, each on a database of its own: what stands in the tables afterwards is the
// same, and so is what `get` and the files say.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openNode } from '../../src/lib/storage/sql/node.ts';
import { inProcess, loam, scratch } from '../cli/run.ts';
import { python, pythonInstance, whyNot } from './python.ts';

/** What commands leave, without what is random or tells the time. */
const facts: Record<string, string> = {
  transforms:
    "SELECT key, kind, source_code, hash, description, is_latest, branch_id FROM lamindb_transform WHERE key NOT LIKE 'loam/%' ORDER BY id",
  records: 'SELECT name, is_type, branch_id FROM lamindb_record ORDER BY id',
  notes:
    'SELECT r.name, b.kind, b.content, b.hash, b.is_latest FROM lamindb_recordblock b JOIN lamindb_record r ON r.id = b.record_id ORDER BY b.id',
  artifacts:
    "SELECT key, description, kind, version_tag, hash, size, suffix, otype, n_files, is_latest, branch_id FROM lamindb_artifact WHERE kind IS NULL OR kind NOT LIKE '\\_\\_%' ESCAPE '\\' ORDER BY id",
  comments:
    'SELECT a.key, b.kind, b.content, b.hash FROM lamindb_artifactblock b JOIN lamindb_artifact a ON a.id = b.artifact_id ORDER BY b.id',
  projects:
    'SELECT p.name, a.key FROM lamindb_project p LEFT JOIN lamindb_artifactproject l ON l.project_id = p.id LEFT JOIN lamindb_artifact a ON a.id = l.artifact_id ORDER BY p.id, l.id',
  branches: 'SELECT name, _status_code, description FROM lamindb_branch ORDER BY id',
};

function factsOf(storage: string): Record<string, unknown[][]> {
  const driver = openNode(join(storage, '.lamindb', 'lamin.db'), { readOnly: false });
  try {
    return Object.fromEntries(Object.entries(facts).map(([name, sql]) => [name, driver.all(sql)]));
  } finally {
    driver.close();
  }
}

function writeFiles(folder: string): void {
  mkdirSync(join(folder, 'src'));
  writeFileSync(join(folder, 'src', 'run.py'), 'print("α")\n');
  writeFileSync(join(folder, 'plan.md'), '---\ntags: [a]\n---\n\n# Plan\n');
  writeFileSync(join(folder, 'a.csv'), 'x,y\n1,2\n');
  writeFileSync(join(folder, 'about.md'), 'What it is.\n');
}

const commands = [
  ['create', 'project', 'Atlas'],
  ['create', 'branch', 'trial'],
  ['save', 'src/run.py'],
  ['save', 'plan.md'],
  ['save', 'a.csv', '--key', 'd/a.csv', '--description', 'two', '--kind', 'dataset'],
  [
    ...['annotate', '--key', 'd/a.csv', '--project', 'Atlas', '--version', '1.0'],
    ...['--readme', 'about.md', '--comment', 'again'],
  ],
  ['update', 'artifact', '--key', 'd/a.csv', '--description', 'two numbers'],
  ['update', 'branch', '--name', 'trial', '--status', 'review'],
  ['delete', 'artifact', '--key', 'd/a.csv'],
];

describe.skipIf(python === null)(`the command line beside lamin${whyNot}`, () => {
  it('leaves what lamin leaves, command by command', async () => {
    const theirs = pythonInstance();
    const here = scratch();
    loam(here, 'init', '--name', 'lab');
    writeFiles(theirs.folder);
    writeFiles(here);
    for (const command of commands) {
      theirs.lamin(...command);
      expect(await inProcess(here, command), command.join(' ')).toMatchObject({ code: 0 });
    }
    const ours = factsOf(join(here, 'storage'));
    expect(ours).toEqual(factsOf(theirs.storage));
    for (const rows of Object.values(ours)) expect(rows.length).toBeGreaterThan(0);
    const plan = (folder: string) =>
      readFileSync(join(folder, 'plan.md'), 'utf8').replace(/uid: \w+/, 'uid: …');
    expect(plan(here)).toBe(plan(theirs.folder));
    const status = theirs.lamin('get', 'branch', '--name', 'trial', '--status');
    expect((await inProcess(here, ['get', 'branch', '--name', 'trial', '--status'])).out).toBe(
      status.trim().split('\n').at(-1),
    );
  });
});
