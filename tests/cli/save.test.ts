// A database made, filled and looked at from a shell, and what a person is told when something is wrong.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loam, scratch } from './run.ts';

describe('init, save, info', () => {
  const here = scratch();

  it('makes a database in the storage folder and finds it from a folder below', () => {
    expect(loam(here, 'init', '--storage', './store', '--name', 'lab')).toMatchObject({ code: 0, err: '' });
    mkdirSync(join(here, 'below'));
    const info = loam(join(here, 'below'), 'info');
    expect(info.out).toContain('anonymous/lab');
    expect(info.out).toMatch(/artifacts +0/);
  });

  it('saves a file under its path, with LaminDB’s layout, and a changed one as the next version', () => {
    mkdirSync(join(here, 'data'));
    writeFileSync(join(here, 'data', 'a.csv'), 'x,y\n1,2\n');
    const first = loam(here, 'save', 'data/a.csv', '--ulabel', 'pilot', '--description', 'first');
    expect(first).toMatchObject({ code: 0, err: '' });
    expect(first.out).toMatch(/^\w{16}0000$/);
    expect(readFileSync(join(here, 'store', '.lamindb', `${first.out}.csv`), 'utf8')).toBe('x,y\n1,2\n');

    const again = loam(here, 'save', 'data/a.csv');
    expect(again.out).toBe(first.out);
    expect(again.err).toContain('Nothing was added');

    writeFileSync(join(here, 'data', 'a.csv'), 'x,y\n3,4\n');
    const second = loam(here, 'save', 'data/a.csv');
    expect(second.out).toBe(`${first.out.slice(0, 16)}0001`);
  });

  it('saves a folder as one artifact', () => {
    mkdirSync(join(here, 'set', 'deep'), { recursive: true });
    writeFileSync(join(here, 'set', 'one.txt'), '1');
    writeFileSync(join(here, 'set', 'deep', 'two.txt'), '2');
    const { out } = loam(here, 'save', 'set', '--key', 'sets/first');
    expect(readdirSync(join(here, 'store', '.lamindb', out.slice(0, 16))).sort()).toEqual([
      'deep',
      'one.txt',
    ]);
  });

  it('never overwrites a database or a managed storage folder', () => {
    expect(loam(here, 'init')).toMatchObject({
      code: 1,
      err: expect.stringContaining('has a database already'),
    });
    const other = scratch();
    const taken = loam(other, 'init', '--storage', join(here, 'store'));
    expect(taken).toMatchObject({ code: 1, err: expect.stringContaining('StorageAlreadyManaged') });
    expect(loam(here, 'info').out).toMatch(/artifacts +2/);
  });
});

describe('wrong use', () => {
  const here = scratch();

  it('says what is missing', () => {
    expect(loam(here, 'info')).toMatchObject({ code: 1, err: expect.stringContaining('loam init') });
    expect(loam(here, 'sve')).toMatchObject({ code: 2, err: expect.stringContaining('no command "sve"') });
    expect(loam(here, 'save')).toMatchObject({ code: 2, err: expect.stringContaining('Usage: loam save') });
    expect(loam(here, 'save', 'a', '--nokey')).toMatchObject({
      code: 2,
      err: expect.stringContaining('--nokey'),
    });
    loam(here, 'init');
    expect(loam(here, 'save', 'nothing.csv')).toMatchObject({
      code: 1,
      err: expect.stringContaining('nothing.csv'),
    });
  });

  it('lists every command', () => {
    const { out } = loam(here, 'help');
    for (const verb of ['init', 'info', 'save']) expect(out).toContain(`  ${verb} `);
  });
});
