// Servers that this person is signed in at from the command line: their API keys, in the person's configuration and readable by
// its owner only; never in a database, a settings file of a project, or an argument.
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { LoamError } from '../src/lib/engine/errors.ts';
import type { Io } from './verb.ts';

export interface Signed {
  token: string;
  account: { uid: string; handle: string; name: string | null };
  /** Of the one instance that the key is for. */
  instance: string;
  role: string;
}

type Env = Io['env'];

export const serversPath = (env: Env): string =>
  join(env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config'), 'loam', 'servers.json');

/** By origin; what cannot be read is told, and nothing is overwritten. */
function readAll(env: Env): Record<string, Signed> {
  const path = serversPath(env);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
  try {
    const found = JSON.parse(text) as Record<string, Partial<Signed>>;
    return Object.fromEntries(
      Object.entries(found).flatMap(([server, { token, account, instance, role }]) =>
        typeof token === 'string' && typeof account?.uid === 'string' && typeof instance === 'string'
          ? [[server, { token, account, instance, role: String(role ?? '') }]]
          : [],
      ),
    );
  } catch {
    throw new LoamError(
      'FileUnreadable',
      `${path} cannot be read. Remove it, and sign in again with "loam login".`,
    );
  }
}

function writeAll(env: Env, servers: Record<string, Signed>): void {
  const path = serversPath(env);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const fresh = `${path}.new`;
  writeFileSync(fresh, `${JSON.stringify(servers, null, 1)}\n`, { mode: 0o600 });
  // One that was left behind has the mode it was made with.
  chmodSync(fresh, 0o600);
  renameSync(fresh, path);
}

export const signedIn = (env: Env): string[] => Object.keys(readAll(env)).sort();

/** What is known of this server; in words what to do where nothing is. */
export function signedAt(env: Env, server: string): Signed {
  const found = readAll(env)[server];
  if (found) return found;
  throw new LoamError(
    'SignInNeeded',
    `You are not signed in at ${server}. Run "loam login ${server}" first.`,
    {
      server,
    },
  );
}

export function keepSigned(env: Env, server: string, signed: Signed): void {
  writeAll(env, { ...readAll(env), [server]: signed });
}

/** False where there was nothing. */
export function forgetSigned(env: Env, server: string): boolean {
  const { [server]: gone, ...others } = readAll(env);
  if (gone) writeAll(env, others);
  return gone !== undefined;
}
