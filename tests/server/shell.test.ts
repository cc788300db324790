// The command line at the real server: a key from an administrator, a directory connected by the server's snapshot, changes to and fro.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { inProcess } from '../cli/run.ts';
import { ask, firstAdmin, person, startRunning, type Running, type SignedIn } from './running-server.ts';

let at: Running;
let admin: SignedIn;
const here = mkdtempSync(join(tmpdir(), 'loam-shell-'));

beforeAll(async () => {
  at = await startRunning();
  admin = await firstAdmin(at);
});
afterAll(async () => {
  await at.stop();
  rmSync(here, { recursive: true, force: true });
});

async function keyOf(who: SignedIn, role: string): Promise<string> {
  const { status, json } = await ask(
    at,
    `/api/instances/${at.core.instance.uid}/keys`,
    { account: who.account, name: 'shell', role, days: 1 },
    who,
  );
  expect(status).toBe(201);
  return json['token'] as string;
}

async function shell(name: string, who: SignedIn, role: string) {
  const cwd = join(here, name);
  mkdirSync(cwd);
  const env = { XDG_CONFIG_HOME: join(here, `${name}-config`) };
  const secret = await keyOf(who, role);
  const loam = (...args: string[]) => inProcess(cwd, args, false, env, { secret });
  const ok = async (...args: string[]) => {
    const done = await loam(...args);
    expect([done.code, done.code === 0 ? '' : done.err]).toEqual([0, '']);
    return done.out;
  };
  const projects = async () =>
    (await ok('sql', 'SELECT name FROM lamindb_project ORDER BY 1', '--format', 'csv')).split('\n').slice(1);
  return { loam, ok, projects };
}

it('[row 67] two shells exchange what they write; what a reader writes is refused and said so', async () => {
  const a = await shell('a', admin, 'admin');
  const b = await shell('b', await person(at, admin, 'second'), 'write');
  const reader = await shell('reader', await person(at, admin, 'reader', 'read'), 'read');
  expect(await a.ok('login', at.origin)).toContain('as admin (admin)');
  await a.ok('connect');
  await a.ok('create', 'project', 'of a');
  expect(await a.ok('sync')).toMatch(/account +admin \(admin\)\nto send +0/);
  await b.ok('login', at.origin);
  await b.ok('connect', at.origin);
  await b.ok('create', 'project', 'of b');
  await b.ok('sync');
  await a.ok('sync');
  expect(await a.projects()).toEqual(['of a', 'of b']);
  expect(await b.projects()).toEqual(['of a', 'of b']);
  await reader.ok('login', at.origin);
  await reader.ok('connect');
  await reader.ok('create', 'project', 'of a reader');
  const refused = await reader.loam('sync');
  expect(refused.out).toMatch(/account +reader \(read\)\nto send +0\nattention +1/);
  expect(refused.err).toMatch(/The server refused “.*”: You may read this instance, not write it/);
  expect(await reader.projects()).toEqual(['of a', 'of b']);
  await a.ok('sync');
  expect(await a.projects()).toEqual(['of a', 'of b']);
});
