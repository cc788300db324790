// Branches from a shell: the verbs of lamin where it has them, and what a person is told where both sides changed the same.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { withInstance } from '../../cli/instance.ts';
import { readParquetTable } from '../../src/lib/formats/parquet-table.ts';
import { openNode } from '../../src/lib/storage/sql/node.ts';
import { inProcess, scratch } from './run.ts';

const loam = (cwd: string, ...args: string[]) => inProcess(cwd, args);
const error = (text: string) => ({ code: 1, err: expect.stringContaining(text) });
const wrong = (text: string) => ({ code: 2, err: expect.stringContaining(text) });

async function lab(): Promise<string> {
  const here = scratch();
  await loam(here, 'init', '--name', 'lab');
  mkdirSync(join(here, 'd'));
  for (const name of ['a', 'b']) {
    writeFileSync(join(here, 'd', `${name}.csv`), `${name}\n1\n`);
    await loam(here, 'save', `d/${name}.csv`, '--description', 'first');
  }
  return here;
}

/** What another program that opens the file finds. */
function inFile(here: string, sql: string): unknown[][] {
  const driver = openNode(join(here, 'storage', '.lamindb', 'lamin.db'), { readOnly: true });
  try {
    return driver.all(sql);
  } finally {
    driver.close();
  }
}

const describeA = (here: string, text: string) =>
  loam(here, 'update', 'artifact', '--key', 'd/a.csv', '--description', text);
const descriptionOfA = async (here: string) =>
  (await loam(here, 'get', '--key', 'd/a.csv', '--description')).out;

describe('[row 54] branches in a shell', () => {
  let here = '';
  beforeAll(async () => {
    here = await lab();
  });

  it('switches, creates, and works on the branch while the file shows main', async () => {
    expect(await loam(here, 'switch', 'try')).toMatchObject(error('"loam switch -c try" creates it'));
    expect(await loam(here, 'switch', '-c', 'try')).toMatchObject({
      code: 0,
      out: 'switched to try',
      err: expect.stringContaining('created branch: try'),
    });
    expect(await loam(here, 'switch', '--create', 'TRY')).toMatchObject(error('there already'));
    expect((await loam(here, 'info')).out).toMatch(/^branch +try$/m);
    await describeA(here, 'on the branch');
    writeFileSync(join(here, 'd', 'c.csv'), 'c\n1\n');
    await loam(here, 'save', 'd/c.csv');
    expect(await descriptionOfA(here)).toBe('on the branch');
    expect(inFile(here, "SELECT description FROM lamindb_artifact WHERE key = 'd/a.csv'")).toEqual([
      ['first'],
    ]);
    expect(
      inFile(
        here,
        "SELECT b.name FROM lamindb_artifact a JOIN lamindb_branch b ON b.id = a.branch_id WHERE a.key = 'd/c.csv'",
      ),
    ).toEqual([['try']]);
    expect((await loam(here, 'switch', 'main')).out).toBe('switched to main');
    expect(await descriptionOfA(here)).toBe('first');
    expect(await loam(here, 'get', '--key', 'd/c.csv')).toMatchObject(error('DoesNotExist'));
  });

  it('lists and describes them', async () => {
    const { out } = await loam(here, 'branch', 'list');
    expect(out.split('\n')).toHaveLength(3);
    expect(out).toMatch(/^\* +main/m);
    expect(out).toMatch(/^ +try +draft +main +[1-9]\d* +\d+ +anonymous/m);
    const rows = JSON.parse((await loam(here, 'branch', 'list', '--json')).out) as { name: string }[];
    expect(rows).toMatchObject([
      { name: 'main', main: true },
      { name: 'try', parent: { name: 'main' } },
    ]);
    expect((await loam(here, 'describe', 'branch', '--name', 'try')).out).toMatch(
      /^Branch: try[\s\S]*\n.*from main of \d{4}-.*: \d+ objects of its own, \d+ acts? on main since$/m,
    );
    expect((await loam(here, 'describe', 'branch')).out).toMatch(/^Branch: main/);
  });

  it('merges into the branch that is checked out, and takes the merge back', async () => {
    await loam(here, 'switch', 'try');
    expect(await loam(here, 'merge', 'try')).toMatchObject(error('Run "loam switch main" first'));
    expect(await loam(here, 'merge', 'main')).toMatchObject(error('comes from no other branch'));
    await loam(here, 'switch', 'main');
    expect(await loam(here, 'merge', 'nowhere')).toMatchObject(error('There is no branch "nowhere"'));
    const merged = await loam(here, 'merge', 'try');
    expect(merged).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^merged try into main: \d+ made, 1 changed/),
    });
    expect(await descriptionOfA(here)).toBe('on the branch');
    expect((await loam(here, 'get', 'branch', '--name', 'try', '--status')).out).toBe('merged');
    expect(await loam(here, 'switch', 'try')).toMatchObject(error('was merged'));
    expect(await loam(here, 'merge', 'try')).toMatchObject(error('was merged'));

    const back = await loam(here, 'branch', 'revert', 'try');
    expect(back).toMatchObject({ code: 0, out: 'took the merge of try back from main', err: '' });
    expect(await descriptionOfA(here)).toBe('first');
    expect(await loam(here, 'get', '--key', 'd/c.csv')).toMatchObject(error('DoesNotExist'));
    expect(await loam(here, 'branch', 'revert', 'try')).toMatchObject(error('No merge of "try"'));
    // Merged again and changed since: that stays, and is told.
    const { act } = JSON.parse((await loam(here, 'merge', 'try', '--json')).out) as { act: string };
    expect(act).toHaveLength(16);
    await describeA(here, 'later');
    const again = JSON.parse((await loam(here, 'branch', 'revert', 'try', '--json')).out) as object;
    expect(again).toMatchObject({ branch: 'try', from: 'main', skipped: [{ reason: 'changed since' }] });
    expect(await descriptionOfA(here)).toBe('later');
  });

  it('tells wrong use', async () => {
    expect(await loam(here, 'switch')).toMatchObject(wrong('Name one branch'));
    expect(await loam(here, 'switch', '--space', '-c', 'x')).toMatchObject(wrong('-c creates a branch'));
    expect(await loam(here, 'merge')).toMatchObject(wrong('Name one branch'));
    expect(await loam(here, 'merge', 'try', '--ours', '--theirs')).toMatchObject(wrong('only one'));
    expect(await loam(here, 'branch')).toMatchObject(wrong('Say what to do'));
    expect(await loam(here, 'branch', 'drop')).toMatchObject(wrong('known: list'));
    expect(await loam(here, 'branch', 'list', 'x')).toMatchObject(wrong('not expected'));
  });

  it('switches spaces as lamin does', async () => {
    await withInstance({ cwd: here, env: process.env }, ({ engine }) =>
      engine.create('Space', { name: 'team' }),
    );
    expect(await loam(here, 'switch', '--space', 'nobody')).toMatchObject({ code: 1 });
    expect((await loam(here, 'switch', '--space', 'team')).out).toBe('switched to space team');
    expect((await loam(here, 'settings', 'space', 'get')).out).toBe('team');
    expect((await loam(here, 'switch', '--space', 'all')).out).toBe('switched to space all');
    expect((await loam(here, 'settings', 'space', 'get')).out).toBe('all');
  });
});

describe('[row 62] a conflict in a shell', () => {
  it('is listed with an exit code, and decided for all at once', async () => {
    const here = await lab();
    await loam(here, 'switch', '-c', 'try');
    await describeA(here, 'ours');
    await loam(here, 'update', 'artifact', '--key', 'd/b.csv', '--description', 'only here');
    await loam(here, 'switch', 'main');
    await describeA(here, 'theirs');
    const refused = await loam(here, 'merge', 'try');
    expect(refused).toMatchObject(error('1 conflict of try to be decided; nothing was merged'));
    expect(refused.out).toBe('Artifact d/a.csv, description: theirs "theirs", ours "ours", was "first"');
    const told = JSON.parse((await loam(here, 'merge', 'try', '--json')).out) as object;
    expect(told).toMatchObject({ merged: false, conflicts: [{ field: 'description', branch: 'ours' }] });
    expect(await descriptionOfA(here)).toBe('theirs');

    expect(await loam(here, 'merge', 'try', '--theirs')).toMatchObject({ code: 0 });
    expect(await descriptionOfA(here)).toBe('theirs');
    expect((await loam(here, 'get', '--key', 'd/b.csv', '--description')).out).toBe('only here');
    await loam(here, 'branch', 'revert', 'try');
    // What was chosen stays on the branch; another side is another choice.
    expect(await loam(here, 'merge', 'try', '--ours')).toMatchObject({ code: 0 });
    expect(await descriptionOfA(here)).toBe('ours');
  });

  it('a directory whose branch was merged elsewhere says how to go on', async () => {
    const here = await lab();
    await loam(here, 'switch', '-c', 'try');
    await describeA(here, 'ours');
    await withInstance({ cwd: here, env: process.env }, ({ engine }) => void engine.mergeBranch('try'), {
      branch: 'main',
    });
    expect(await loam(here, 'info')).toMatchObject(error('loam switch main'));
    expect(await loam(here, 'switch', 'main')).toMatchObject({ code: 0 });
    expect(await descriptionOfA(here)).toBe('ours');
  });
});

describe('[row 61] what a branch has otherwise, in a shell', () => {
  it('is told by object and field, and checked before it is merged', async () => {
    const here = await lab();
    await loam(here, 'switch', '-c', 'try');
    expect(await loam(here, 'branch', 'diff')).toMatchObject({ code: 0, out: '', err: 'no differences' });
    await describeA(here, 'ours');
    await loam(here, 'create', 'project', 'Atlas');
    await loam(here, 'annotate', '--key', 'd/b.csv', '--project', 'Atlas');
    writeFileSync(join(here, 'note.md'), '# b\nsecond line');
    await loam(here, 'annotate', '--key', 'd/b.csv', '--readme', 'note.md');
    const { out, err } = await loam(here, 'branch', 'diff');
    expect(err).toBe('3 objects: 1 made, 2 changed (Project 1, Artifact 2)');
    expect(out).toMatch(/^changed Artifact d\/a\.csv \(\w{20}\)\n {2}description: "first" → "ours"$/m);
    expect(out).toMatch(/projects?: \+ "Atlas"/i);
    expect(out).toMatch(/readme:\n {4}\+ # b\n {4}\+ second line/);
    expect(out).toMatch(/^made Project Atlas/m);
    const one = await loam(here, 'branch', 'diff', 'try', '--registry', 'project', '--limit', '1', '--json');
    expect(JSON.parse(one.out)).toMatchObject({
      found: 1,
      total: 3,
      objects: [{ row: 'Atlas', kind: 'made' }],
    });
    expect((await loam(here, 'branch', 'diff', '--limit', '1')).err).toContain('and 2 more objects');
    expect((await loam(here, 'branch', 'diff', '--kind', 'made')).out.split('\n')[0]).toMatch(/Atlas/);
    expect(await loam(here, 'branch', 'diff', '--kind', 'odd')).toMatchObject(wrong('"odd"'));
    expect(await loam(here, 'branch', 'diff', 'main')).toMatchObject(error('no other branch'));

    expect(await loam(here, 'branch', 'check')).toMatchObject({
      code: 0,
      out: expect.stringContaining('try can be merged into main: '),
    });
    await loam(here, 'switch', 'main');
    await describeA(here, 'theirs');
    const checked = await loam(here, 'branch', 'check', 'try');
    expect(checked).toMatchObject({ code: 1, out: expect.stringContaining('1 conflict to be decided') });
    expect(checked.out).toContain('Artifact d/a.csv, description: theirs "theirs", ours "ours", was "first"');
    expect(JSON.parse((await loam(here, 'branch', 'check', 'try', '--json')).out)).toMatchObject({
      ok: false,
      open: 1,
      failures: [],
    });
    expect((await loam(here, 'branch', 'diff', 'try')).out).toContain('(main has "theirs")');
    expect(await descriptionOfA(here)).toBe('theirs');
  });
});

describe('[row 111] a branch in one file, in a shell', () => {
  it('is saved once; altered, foreign or known it is refused', async () => {
    const here = await lab();
    await loam(here, 'switch', '-c', 'try');
    await describeA(here, 'from the file');
    writeFileSync(join(here, 'd', 'c.csv'), 'c\n1\n');
    await loam(here, 'save', 'd/c.csv', '--ulabel', 'sent');
    const bare = scratch();
    await loam(bare, 'init', '--name', 'other');

    const saved = await loam(here, 'branch', 'export', '--output', 'try.loam');
    expect(saved).toMatchObject({
      code: 0,
      err: expect.stringMatching(/1 changed.*; signed\n1 artifact made on it/),
    });
    expect(await loam(here, 'branch', 'export', '--output', 'try.loam')).toMatchObject(
      error('exists already'),
    );
    expect(await loam(here, 'branch', 'export', 'main')).toMatchObject(error('no other branch'));
    const file = join(here, 'try.loam');
    expect(await loam(here, 'branch', 'import', file)).toMatchObject(error('is here already, as "try"'));
    expect(await loam(bare, 'branch', 'import', file)).toMatchObject(error('belongs to the database'));
    const bytes = readFileSync(file);
    writeFileSync(join(here, 'cut.loam'), bytes.subarray(0, -3));
    expect(await loam(here, 'branch', 'import', 'cut.loam')).toMatchObject(error('cut off or altered'));
    expect(await loam(here, 'branch', 'import', 'nothing.loam')).toMatchObject(error('no file'));
    expect(await loam(here, 'branch', 'import')).toMatchObject(wrong('Name one file'));
  });

  it('opens where the branch is not', async () => {
    const here = await lab();
    const there = scratch();
    cpSync(here, there, { recursive: true });
    writeFileSync(join(there, '.loam', 'settings.json'), JSON.stringify({ storage: join(there, 'storage') }));
    await loam(here, 'switch', '-c', 'try');
    await describeA(here, 'from the file');
    await loam(here, 'create', 'project', 'Atlas');
    await loam(here, 'annotate', '--key', 'd/b.csv', '--project', 'Atlas');
    await loam(here, 'branch', 'export');
    const opened = await loam(there, 'branch', 'import', join(here, 'try.loam'));
    expect(opened).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^opened branch try: 1 made, 1 changed, 1 added, 0 removed$/),
      err: expect.stringMatching(/^saved by anonymous at \d{4}-.*, signed with [\w+/=]{44}$/),
    });
    expect((await loam(there, 'branch', 'diff', 'try')).out).toBe(
      (await loam(here, 'branch', 'diff', 'try')).out,
    );
    expect((await loam(there, 'info')).out).toMatch(/^branch +main$/m);
    expect((await loam(there, 'merge', 'try')).code).toBe(0);
    expect(await descriptionOfA(there)).toBe('from the file');
    expect((await loam(there, 'describe', '--key', 'd/b.csv')).out).toMatch(/Atlas/);
  });

  it('takes the files along that were saved on it, unless told not to', async () => {
    const here = await lab();
    const there = scratch();
    cpSync(here, there, { recursive: true });
    writeFileSync(join(there, '.loam', 'settings.json'), JSON.stringify({ storage: join(there, 'storage') }));
    const bare = scratch();
    cpSync(there, bare, { recursive: true });
    writeFileSync(join(bare, '.loam', 'settings.json'), JSON.stringify({ storage: join(bare, 'storage') }));
    await loam(here, 'switch', '-c', 'try');
    writeFileSync(join(here, 'd', 'c.csv'), 'c\n1\n');
    await loam(here, 'save', 'd/c.csv');
    expect(await loam(here, 'branch', 'export', '--with-files', '--without-files')).toMatchObject(
      wrong('exclude each other'),
    );
    expect((await loam(here, 'branch', 'export', '--without-files', '--output', 'bare.loam')).err).toMatch(
      /the file names their bytes and holds none/,
    );
    expect((await loam(here, 'branch', 'export')).err).toMatch(
      /1 artifact made on it: 1 file \(4 bytes\) went along/,
    );
    expect((await loam(there, 'branch', 'import', join(here, 'try.loam'))).err).toMatch(
      /the files of 1 artifact are here/,
    );
    await loam(there, 'merge', 'try');
    // In the storage of the database that opened it; the row names the storage of the other.
    const name = (await loam(there, 'load', '--key', 'd/c.csv')).out.split('/').at(-1) ?? '';
    expect(readFileSync(join(there, 'storage', '.lamindb', name), 'utf8')).toBe('c\n1\n');
    expect((await loam(bare, 'branch', 'import', join(here, 'bare.loam'))).err).toMatch(
      /the bytes of 1 artifact did not come along/,
    );
  });

  it('tells what is held back there, and takes it in once it fits', async () => {
    const here = await lab();
    const there = scratch();
    cpSync(here, there, { recursive: true });
    writeFileSync(join(there, '.loam', 'settings.json'), JSON.stringify({ storage: join(there, 'storage') }));
    await loam(here, 'switch', '-c', 'projects');
    await loam(here, 'create', 'project', 'Atlas');
    await loam(here, 'branch', 'export');
    await loam(here, 'switch', 'main');
    await loam(here, 'merge', 'projects');
    await loam(here, 'switch', '-c', 'try');
    await loam(here, 'annotate', '--key', 'd/b.csv', '--project', 'Atlas');
    await loam(here, 'branch', 'export');

    const opened = await loam(there, 'branch', 'import', join(here, 'try.loam'));
    expect(opened.err).toMatch(
      /held back: lamindb_artifactproject d\/b\.csv – Atlas: Project Atlas \(\w+\) is not here/,
    );
    const held = await loam(there, 'branch', 'held', 'try');
    expect(held.out).toMatch(
      /^1 change of try held back, 0 of them fit now\n {2}Project Atlas \(\w+\) is not here: 1 change$/,
    );
    await loam(there, 'branch', 'import', join(here, 'projects.loam'));
    expect((await loam(there, 'branch', 'held', 'try', '--take')).out).toMatch(
      /^took in: 0 made, 0 changed, 0 added, 0 removed\n1 change of try held back, 0 of them fit now\n.*is on the branch projects: 1 change$/,
    );
    await loam(there, 'merge', 'projects');
    expect(JSON.parse((await loam(there, 'branch', 'held', 'try', '--take', '--json')).out)).toMatchObject({
      branch: 'try',
      changes: 0,
      received: { added: 1, held: [] },
    });
    expect((await loam(there, 'branch', 'held', 'try')).out).toBe('nothing of try is held back');
    expect((await loam(there, 'branch', 'diff', 'try')).out).toMatch(/Atlas/);
    expect(await loam(there, 'branch', 'held', 'nothing')).toMatchObject(error('no branch "nothing"'));
  });
});

describe('[row 59] what leaves from a shell while a branch is checked out', () => {
  it('is main’s; questions on a branch see its edits', async () => {
    const here = await lab();
    await loam(here, 'switch', '-c', 'try');
    await describeA(here, 'on the branch');
    writeFileSync(join(here, 'd', 'c.csv'), 'c\n1\n');
    await loam(here, 'save', 'd/c.csv', '--ulabel', 'there');
    expect(await loam(here, 'io', 'snapshot', '--output', 'copy.db')).toMatchObject({ code: 0 });
    const copy = openNode(join(here, 'copy.db'), { readOnly: true });
    expect(copy.all("SELECT description FROM lamindb_artifact WHERE key = 'd/a.csv'")).toEqual([['first']]);
    copy.close();

    expect(await loam(here, 'io', 'exportdb', '--output-dir', 'out')).toMatchObject({ code: 0 });
    const columnOf = async (table: string, name: string) => {
      const bytes = readFileSync(join(here, 'out', `${table}.parquet`));
      const read = async (start: number, end: number) => new Uint8Array(bytes.subarray(start, end));
      const columns = await readParquetTable({ size: bytes.length, read });
      return columns.find((column) => column.name === name)?.values;
    };
    expect(await columnOf('lamindb_artifact', 'description')).toEqual(['first', 'first', null]);
    // The link of its own file goes along with the file.
    expect(await columnOf('lamindb_artifactulabel', 'artifact_id')).toEqual([3n]);

    const spec = { op: 'filter', registry: 'Artifact', filter: { key: 'd/a.csv' }, values: ['description'] };
    writeFileSync(join(here, 'in.json'), JSON.stringify([spec]));
    const answer = async (...on: string[]) => {
      await loam(here, 'query', '--specs', 'in.json', '--out', 'out.json', ...on);
      return readFileSync(join(here, 'out.json'), 'utf8');
    };
    expect(await answer()).toContain('"first"');
    expect(await answer('--branch', 'try')).toContain('"on the branch"');
    expect(await descriptionOfA(here)).toBe('on the branch');
  });
});
