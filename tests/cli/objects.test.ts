// Objects made, read, changed, annotated and deleted from a shell, as with lamin, and what a person is told when it is wrong.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { withInstance } from '../../cli/instance.ts';
import type { Lookups } from '../../src/lib/engine/query/query.ts';
import { inProcess, scratch } from './run.ts';

const loam = (cwd: string, ...args: string[]) => inProcess(cwd, args);
const loamYes = (cwd: string, ...args: string[]) => inProcess(cwd, args, true);

const error = (text: string) => ({ code: 1, err: expect.stringContaining(text) });
const wrong = (text: string) => ({ code: 2, err: expect.stringContaining(text) });

describe('one database, object by object', () => {
  const here = scratch();
  let uid = '';
  const path = () => join(here, 'storage', '.lamindb', `${uid}.csv`);

  beforeAll(async () => {
    await loam(here, 'init', '--name', 'lab');
    mkdirSync(join(here, 'd'));
    writeFileSync(join(here, 'd', 'a.csv'), 'x,y\n1,2\n');
    uid = (await loam(here, 'save', 'd/a.csv', '--kind', 'dataset')).out;
  });

  it('creates branches and projects and lists them', async () => {
    expect(await loam(here, 'create', 'project', 'Atlas')).toMatchObject({
      code: 0,
      out: 'created project: Atlas',
    });
    expect(await loam(here, 'create', 'branch', 'trial')).toMatchObject({
      code: 0,
      out: 'created branch: trial',
    });
    const { out } = await loam(here, 'list', 'branch');
    expect(out.split('\n')).toHaveLength(5);
    for (const name of ['trial', 'main', 'archive', 'trash'])
      expect(out).toMatch(new RegExp(`\\b${name}\\b`));
    expect((await loam(here, 'list', 'branch', '--limit', '1')).out.split('\n')).toHaveLength(2);
    expect((await loam(here, 'list', 'space')).out).toMatch(/\ball\b/);
    expect((await loam(here, 'list', 'celltype')).out).toBe('There is no celltype.');
    expect(await loam(here, 'create', 'branch', 'TRIAL')).toMatchObject(error('IntegrityError'));
    expect(await loam(here, 'create', 'run', 'x')).toMatchObject(wrong('branch or a project'));
    expect(await loam(here, 'list', 'branches')).toMatchObject(wrong('There is no registry "branches"'));
    expect(await loam(here, 'list', 'branch', '--limit', '0')).toMatchObject(wrong('--limit'));
  });

  it('[row 15] describes an object by key, uid, name and address', async () => {
    const { out } = await loam(here, 'describe', '--key', 'd/a.csv');
    expect(out).toMatch(/^Artifact: d\/a\.csv \(0000\)/);
    expect(out).toMatch(new RegExp(`uid: ${uid}`));
    expect(out).toMatch(/kind: dataset/);
    expect((await loam(here, 'describe', 'artifact', '--uid', uid.slice(0, 8))).out).toBe(out);
    expect((await loam(here, 'get', '--key', 'd/a.csv')).out).toBe(out);
    expect((await loam(here, 'describe', `lamin://anonymous/lab/artifact/${uid.slice(0, 16)}`)).out).toBe(
      out,
    );
    expect((await loam(here, 'describe', `https://lamin.ai/anonymous/lab/artifact/${uid}`)).out).toBe(out);
    expect((await loam(here, 'describe', 'project', '--name', 'Atlas')).out).toMatch(/^Project: Atlas/);
    expect((await loam(here, 'describe', 'branch')).out).toMatch(/^Branch: main/);
    expect(await loam(here, 'describe', 'artifact')).toMatchObject(wrong('--uid or --key'));
    expect(await loam(here, 'describe', 'project', '--key', 'x')).toMatchObject(wrong('--name or --uid'));
    expect(await loam(here, 'describe', '--key', 'nothing')).toMatchObject(error('DoesNotExist'));
  });

  it('updates a description and the status of a branch, and reads them', async () => {
    expect(
      (await loam(here, 'update', 'artifact', '--key', 'd/a.csv', '--description', 'two numbers')).out,
    ).toBe('updated artifact: description');
    expect((await loam(here, 'get', '--key', 'd/a.csv', '--description')).out).toBe('two numbers');
    expect((await loam(here, 'update', 'branch', '--name', 'trial', '--status', 'review')).out).toBe(
      "updated branch: status='review'",
    );
    expect((await loam(here, 'get', 'branch', '--name', 'trial', '--status')).out).toBe('review');
    expect(await loam(here, 'update', 'branch', '--status', 'draft')).toMatchObject(error('ValidationError'));
    expect(await loam(here, 'update', 'artifact', '--key', 'd/a.csv')).toMatchObject(wrong('--description'));
    expect(await loam(here, 'update', 'branch', '--name', 'trial', '--status', 'done')).toMatchObject(
      wrong('"done"'),
    );
    expect(await loam(here, 'get', '--key', 'd/a.csv', '--status')).toMatchObject(wrong('no status'));
  });

  it('annotates with project, label, version, readme and comment', async () => {
    writeFileSync(join(here, 'README.txt'), '# What this is\nTwo numbers.');
    expect(await loam(here, 'annotate', '--key', 'd/a.csv', '--ulabel', 'pilot')).toMatchObject(
      error("ULabel 'pilot' not found"),
    );
    writeFileSync(join(here, 'b.csv'), 'z\n');
    await loam(here, 'save', 'b.csv', '--ulabel', 'pilot');
    const done = await loam(
      here,
      ...['annotate', '--key', 'd/a.csv', '--project', 'Atlas', '--ulabel', 'pilot', '--version', '1.0'],
      ...['--readme', 'README.txt', '--comment', 'look again'],
    );
    expect(done).toMatchObject({ code: 0, out: 'annotated artifact: d/a.csv', err: '' });
    const { out } = await loam(here, 'describe', '--key', 'd/a.csv', '--include', 'comments');
    expect(out).toMatch(/Artifact: d\/a\.csv \(1\.0\)/);
    expect(out).toMatch(/\.projects +Project +Atlas/);
    expect(out).toMatch(/\.ulabels +ULabel +pilot/);
    expect(out).toMatch(/Notes: *\n.*# What this is/);
    expect(out).toMatch(/comment by anonymous at .*\n.*look again/);
    expect((await loam(here, 'describe', '--key', 'd/a.csv')).out).not.toContain('look again');
    expect((await loam(here, 'annotate', 'branch', '--name', 'trial', '--comment', 'soon')).code).toBe(0);
    expect(await loam(here, 'annotate', '--key', 'd/a.csv')).toMatchObject(wrong('Say what'));
    expect(await loam(here, 'annotate', 'project', '--name', 'Atlas', '--version', '1')).toMatchObject(
      wrong('--version'),
    );
    expect(await loam(here, 'annotate', '--key', 'd/a.csv', '--readme', 'none.md')).toMatchObject(
      error('none.md'),
    );
  });

  it('[row 4] annotates with feature values, which are read by their types, and refuses others whole', async () => {
    const io = {
      ...{ cwd: here, env: process.env, out: () => {}, err: () => {}, confirm: async () => false },
      ...{ secret: async () => '', interrupted: () => {} },
    };
    const found = (filter: Lookups) =>
      withInstance(io, ({ engine }) => engine.queryCount({ registry: 'Artifact', filters: [filter] }));
    await withInstance(io, ({ engine }) => {
      engine.create('Feature', { name: 'dose', dtype: 'float' });
      engine.create('Feature', { name: 'plate', dtype: 'list[str]' });
      engine.create('Feature', { name: 'label', dtype: 'cat[ULabel]' });
    });
    const annotate = (...pairs: string[]) =>
      loam(here, 'annotate', '--key', 'd/a.csv', '--features', ...pairs);
    expect(await annotate('dose=5.5', 'plate="A1, left","B2"', 'label=pilot')).toMatchObject({
      code: 0,
      err: '',
    });
    expect(await found({ dose__gt: 5 })).toBe(1);
    expect(await found({ dose__gt: 6 })).toBe(0);
    expect((await loam(here, 'describe', '--key', 'd/a.csv')).out).toMatch(
      /plate +list\[str\] +\['A1, left', 'B2'\]/,
    );
    expect(await annotate('dose=much')).toMatchObject(error('dose'));
    expect(await annotate('dose=7', 'unknown=1')).toMatchObject(error('unknown'));
    expect(await found({ dose: 7 })).toBe(0);
    expect(await annotate('=1')).toMatchObject(wrong('NAME=VALUE'));
  });

  it('loads an artifact where it lies, and source code back', async () => {
    expect((await loam(here, 'load', '--key', 'd/a.csv')).out).toBe(`artifact is here: ${path()}`);
    expect(readFileSync(path(), 'utf8')).toBe('x,y\n1,2\n');
    mkdirSync(join(here, 'src'));
    writeFileSync(join(here, 'src', 'run.py'), 'print(1)\n');
    const saved = await loam(here, 'save', 'src/run.py', '--project', 'Atlas');
    expect(saved.out).toMatch(/^\w{12}0000$/);
    expect((await loam(here, 'describe', 'transform', '--key', 'src/run.py')).out).toMatch(/type: script/);
    writeFileSync(join(here, 'src', 'run.py'), 'print(2)\n');
    expect(await loam(here, 'load', '--key', 'src/run.py')).toMatchObject(error('was left as it is'));
    expect(readFileSync(join(here, 'src', 'run.py'), 'utf8')).toBe('print(2)\n');
    expect((await loamYes(here, 'load', '--key', 'src/run.py')).out).toContain('script is here');
    expect(readFileSync(join(here, 'src', 'run.py'), 'utf8')).toBe('print(1)\n');
    writeFileSync(join(here, 'src', 'run.py'), 'print(3)\n');
    expect((await loam(here, 'save', 'src/run.py')).out).toBe(`${saved.out.slice(0, 12)}0001`);
    expect(await loam(here, 'load', 'transform', '--uid', saved.out)).toMatchObject(error('left as it is'));
    expect(await loam(here, 'load')).toMatchObject(wrong('--key'));
    expect(await loam(here, 'load', '--key', 'gone.csv')).toMatchObject(error('key=gone.csv does not exist'));
    expect(await loam(here, 'load', 'ulabel', '--uid', 'x')).toMatchObject(wrong('cannot be loaded'));
  });

  it('keeps notes as readmes of records and brings them back', async () => {
    const note = join(here, 'plan.md');
    writeFileSync(note, '# Plan\n\nFirst the controls.\n');
    const { out } = await loam(here, 'save', 'plan.md');
    expect(out).toMatch(/^\w{16}$/);
    expect(readFileSync(note, 'utf8')).toBe(
      `---\nlamindb:\n  uid: ${out}\n---\n\n# Plan\n\nFirst the controls.\n`,
    );
    expect((await loam(here, 'describe', 'record', '--name', 'plan')).out).toContain('First the controls.');
    writeFileSync(note, '');
    expect((await loamYes(here, 'load', 'plan.md')).out).toBe(`note is here: ${note}`);
    expect(readFileSync(note, 'utf8')).toContain('First the controls.');
    expect((await loam(here, 'save', 'plan.md')).out).toBe(out);
    mkdirSync(join(here, 'unknown'));
    writeFileSync(join(here, 'unknown', 'n.md'), 'x');
    expect(await loam(here, 'save', 'unknown/n.md')).toMatchObject(error('no record type "unknown"'));
    writeFileSync(join(here, 'README.md'), '# The lab\n');
    expect((await loam(here, 'save', 'README.md')).code).toBe(0);
    writeFileSync(join(here, 'README.md'), '');
    expect((await loamYes(here, 'load', 'README.md')).code).toBe(0);
    expect(readFileSync(join(here, 'README.md'), 'utf8')).toBe('# The lab\n');
  });

  it('[row 58] deletes to the trash, and for good with the bytes named first', async () => {
    expect((await loam(here, 'delete', 'artifact', '--key', 'd/a.csv')).out).toBe(
      'moved to trash: artifact d/a.csv',
    );
    expect(await loam(here, 'describe', '--key', 'd/a.csv')).toMatchObject(error('DoesNotExist'));
    expect(existsSync(path())).toBe(true);
    const kept = await loam(here, 'delete', 'artifact', '--key', 'd/a.csv');
    expect(kept).toMatchObject(error('Nothing was deleted'));
    expect(kept.err).toContain('8 stored bytes would go');
    const gone = await loam(here, 'delete', 'artifact', '--key', 'd/a.csv', '--permanent');
    expect(gone).toMatchObject({ code: 0, out: 'deleted for good: artifact d/a.csv' });
    expect(existsSync(path())).toBe(false);
    expect(await loam(here, 'delete', 'branch', '--name', 'main')).toMatchObject(error('built in'));
    expect((await loam(here, 'delete', 'branch', '--name', 'trial')).out).toBe(
      'deleted for good: branch trial',
    );
    expect(await loam(here, 'delete', 'artifact')).toMatchObject(wrong('--uid or --key'));
  });

  it('deletes the database only when no stored file would be lost', async () => {
    expect(await loam(here, 'delete', 'anonymous/other', '--force')).toMatchObject(
      error('not anonymous/other'),
    );
    expect(await loam(here, 'delete', 'anonymous/lab', '--force')).toMatchObject(error('StorageNotEmpty'));
    const other = scratch();
    await loam(other, 'init', '--name', 'short');
    expect(await loam(other, 'delete', 'anonymous/short')).toMatchObject(error('Nothing was deleted'));
    expect((await loam(other, 'info')).code).toBe(0);
    expect((await loam(other, 'delete', 'anonymous/short', '--force')).out).toBe(
      'deleted database: anonymous/short',
    );
    expect(await loam(other, 'info')).toMatchObject(error('loam init'));
    expect((await loam(other, 'init', '--name', 'again')).code).toBe(0);
  });
});

describe('settings', () => {
  const here = scratch();
  beforeAll(async () => {
    await loam(here, 'init', '--name', 'lab');
    writeFileSync(join(here, 'a.csv'), 'x\n');
    writeFileSync(join(here, 'b.csv'), 'y\n');
  });

  it('says what is in force', async () => {
    expect((await loam(here, 'settings')).out).toBe((await loam(here, 'info')).out);
    expect((await loam(here, 'settings', 'dev-dir', 'get')).out).toBe(here);
    expect((await loam(here, 'settings', 'dev-dir', 'find')).out.split('\t')[0]).toBe(here);
    expect((await loam(here, 'settings', 'modules', 'get')).out).toBe('bionty');
    expect(await loam(here, 'settings', 'modules', 'set', 'pertdb')).toMatchObject(
      error('no module "pertdb"'),
    );
    expect(await loam(here, 'settings', 'colour', 'get')).toMatchObject(wrong('no setting "colour"'));
    expect(await loam(here, 'settings', 'branch', 'show')).toMatchObject(wrong('get, set'));
  });

  it('puts new rows on the branch that is set, where main does not see them', async () => {
    await loam(here, 'create', 'branch', 'trial');
    expect(await loam(here, 'settings', 'branch', 'set', 'nowhere')).toMatchObject(
      error('no branch "nowhere"'),
    );
    expect((await loam(here, 'settings', 'branch', 'set', 'trial')).out).toBe('trial');
    expect((await loam(here, 'info')).out).toMatch(/branch +trial/);
    const { out } = await loam(here, 'save', 'a.csv');
    expect((await loam(here, 'describe', '--key', 'a.csv')).out).toMatch(/branch: trial/);
    expect((await loam(here, 'get', 'branch', '--status')).out).toBe('standalone');
    expect((await loam(here, 'settings', 'branch', 'set', 'main')).out).toBe('main');
    expect((await loam(here, 'list', 'artifact')).out).toBe('There is no artifact.');
    expect((await loam(here, 'describe', '--uid', out)).out).toMatch(/branch: trial/);
    const other = (await loam(here, 'save', 'b.csv', '--branch', 'trial')).out;
    expect((await loam(here, 'describe', '--uid', other)).out).toMatch(/branch: trial/);
    expect((await loam(here, 'settings', 'branch', 'get')).out).toBe('main');
  });
});
