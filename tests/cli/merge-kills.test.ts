// A merge whose process is killed at any write: afterwards all of it is there or nothing of it, and where it is not, it can be made.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { model } from '../../src/lib/engine/model/model.ts';
import { openNode } from '../../src/lib/storage/sql/node.ts';
import { commandLine } from '../../scripts/prepare.mjs';
import { inProcess, scratch } from './run.ts';

const preload = new URL('kill-at-write.mjs', import.meta.url).href;
/** Of the writes, spread over all of them. */
const kills = process.env['LOAM_LONG'] === '1' ? 30 : 6;

async function done(here: string, ...args: string[]): Promise<string> {
  const { code, out, err } = await inProcess(here, args);
  expect(code, `loam ${args.join(' ')}: ${err}`).toBe(0);
  return out;
}

/** A branch with something of every kind, and main checked out. */
async function lab(here: string): Promise<void> {
  await done(here, 'init', '--name', 'lab');
  mkdirSync(join(here, 'd'));
  const save = async (name: string, ...more: string[]) => {
    writeFileSync(join(here, 'd', name), `${name}\n1\n`);
    await done(here, 'save', `d/${name}`, ...more);
  };
  await save('a.csv', '--description', 'first');
  await save('b.csv');
  await done(here, 'switch', '-c', 'try');
  await done(here, 'update', 'artifact', '--key', 'd/a.csv', '--description', 'on the branch');
  await done(here, 'create', 'project', 'Atlas');
  await done(here, 'annotate', '--key', 'd/a.csv', '--project', 'Atlas');
  await done(here, 'delete', 'artifact', '--key', 'd/b.csv');
  await save('c.csv');
  await done(here, 'switch', 'main');
}

function merge(here: string, env: Record<string, string>) {
  return spawnSync(process.execPath, ['--import', preload, commandLine, 'merge', 'try'], {
    cwd: here,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
}

/** All rows of registries and what is kept of branches, but times. */
function state(here: string): string[] {
  const driver = openNode(join(here, 'storage', '.lamindb', 'lamin.db'));
  try {
    expect(driver.all('PRAGMA integrity_check')).toEqual([['ok']]);
    const tables = [...model.tables.values()]
      .filter(({ family }) => family !== 'django')
      .map(({ name }) => name);
    return [...tables, 'loam_cell', 'loam_row', 'loam_setting'].flatMap((table) =>
      driver
        .all(`SELECT * FROM "${table}"`)
        .map((row) => `${table} ${JSON.stringify(row).replaceAll(/"20\d\d-[^"]*"/g, '"time"')}`)
        .sort(),
    );
  } finally {
    driver.close();
  }
}

it('[row 62] a merge that is killed at any of its writes is whole or not there', async () => {
  const here = scratch();
  await lab(here);
  const old = state(here);
  // A directory knows its instance by the full path: each merge happens at the same place.
  const kept = join(scratch(), 'kept');
  cpSync(here, kept, { recursive: true });
  const again = (): void => {
    rmSync(here, { recursive: true });
    cpSync(kept, here, { recursive: true });
  };
  const count = join(scratch(), 'count');
  expect(merge(here, { LOAM_KILL_AT: '0', LOAM_KILL_COUNT: count }).stdout).toContain('merged try into main');
  const writes = Number(readFileSync(count, 'utf8'));
  expect(writes).toBeGreaterThan(20);
  const merged = state(here);
  expect(merged).not.toEqual(old);

  let whole = 0;
  for (let kill = 0; kill < kills; kill++) {
    const at = 1 + Math.floor(((writes - 1) * kill) / (kills - 1));
    again();
    const killed = merge(here, { LOAM_KILL_AT: String(at) });
    expect(killed.signal, `write ${at} of ${writes}: ${killed.stdout}${killed.stderr}`).toBe('SIGKILL');
    // The next command finds the file as it was left.
    const list = await done(here, 'branch', 'list');
    const found = state(here);
    if (/^ +try +merged/m.test(list)) {
      whole += 1;
      expect(found, `after write ${at} of ${writes}`).toEqual(merged);
      continue;
    }
    expect(whole, `write ${at} of ${writes}: a later kill left less than an earlier one`).toBe(0);
    expect(found, `after write ${at} of ${writes}`).toEqual(old);
    await done(here, 'merge', 'try');
    expect(state(here), `merged after write ${at} of ${writes}`).toEqual(merged);
  }
  // Both were met.
  expect(whole).toBeGreaterThan(0);
  expect(whole).toBeLessThan(kills);
}, 300_000);
