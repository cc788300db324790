// Which device this is, for the acts made on it: kept in the person's configuration and not beside the database, so that a copied
// folder does not take it along. The name is there to be changed.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir, platform } from 'node:os';
import { dirname, join } from 'node:path';
import { randomUid } from '../src/lib/engine/uid.ts';
import type { Device, Random } from '../src/lib/engine/ports.ts';

export const devicePath = (env: NodeJS.ProcessEnv = process.env): string =>
  join(env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config'), 'loam', 'device.json');

const systems: Partial<Record<NodeJS.Platform, string>> = {
  darwin: 'macOS',
  linux: 'Linux',
  win32: 'Windows',
};

/** Null where nothing can be kept: acts tell of no device then. */
export function deviceHere(random: Random, env: NodeJS.ProcessEnv = process.env): Device | null {
  const path = devicePath(env);
  try {
    if (existsSync(path)) return read(path);
    const made = { uid: randomUid(16, random), name: `Node on ${systems[platform()] ?? platform()}` };
    mkdirSync(dirname(path), { recursive: true });
    // Of two that begin at once the first one's stays.
    writeFileSync(path, `${JSON.stringify(made, null, 1)}\n`, { flag: 'wx' });
    return made;
  } catch {
    return existsSync(path) ? read(path) : null;
  }
}

function read(path: string): Device | null {
  try {
    const { uid, name } = JSON.parse(readFileSync(path, 'utf8')) as Partial<Device>;
    if (typeof uid !== 'string' || typeof name !== 'string' || uid === '') return null;
    return { uid: uid.slice(0, 40), name: name.trim().slice(0, 60) || 'Node' };
  } catch {
    return null;
  }
}
