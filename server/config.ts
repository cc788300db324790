// What a server is told by its environment; every wrong value is named, with what to write instead.
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { LoamError } from '../src/lib/engine/errors.ts';
import { checkOrigin } from './http/guard.ts';
import type { OidcOptions } from './people/oidc.ts';

export interface Config {
  /** `postgresql://…`; null: the embedded Postgres, in the data folder. */
  databaseUrl: string | null;
  /** What this node keeps: the replica's file, snapshots, and the embedded Postgres where it is used. */
  data: string;
  /** Where bytes of artifacts lie. */
  storage: string;
  /** Address of the pages as people open them. */
  origin: string;
  host: string;
  port: number;
  /** Proxies of ours in front. */
  proxies: number;
  /** Name of the instance, where it is made. */
  name: string;
  oidc: Omit<OidcOptions, 'redirectUri'> | null;
}

export type Environment = Readonly<Record<string, string | undefined>>;

const wrong = (name: string, value: string, wanted: string): LoamError =>
  new LoamError('InvalidArgument', `${name}=${value} is not right: ${wanted}.`, { field: name });

function whole(env: Environment, name: string, otherwise: number, most: number): number {
  const text = env[name];
  if (text === undefined || text === '') return otherwise;
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= most) return value;
  throw wrong(name, text, `a whole number from 0 to ${most}`);
}

/** Reads and checks all of it. `port`: where the pages are served, if that was decided already. */
export function readConfig(env: Environment, port?: number): Config {
  const databaseUrl = env.DATABASE_URL || null;
  if (databaseUrl !== null && !/^postgres(ql)?:\/\//.test(databaseUrl))
    // The value is not shown: it may hold a password.
    throw new LoamError(
      'InvalidArgument',
      'DATABASE_URL is not right: an address such as postgresql://USER:PASSWORD@HOST:5432/DATABASE.',
      { field: 'DATABASE_URL' },
    );
  const data = resolve(
    env.LOAM_DATA || join(env.XDG_DATA_HOME || join(homedir(), '.local', 'share'), 'loam', 'server'),
  );
  const at = port ?? whole(env, env.LOAM_PORT ? 'LOAM_PORT' : 'PORT', 4173, 65_535);
  const origin = env.LOAM_ORIGIN || `http://127.0.0.1:${at}`;
  try {
    checkOrigin(origin);
  } catch {
    throw wrong(
      'LOAM_ORIGIN',
      origin,
      'https://HOST without anything behind it, or http://localhost:PORT for this machine alone',
    );
  }
  const name = env.LOAM_NAME || 'team';
  if (name.length > 100 || /[\p{Cc}]/u.test(name))
    throw wrong('LOAM_NAME', name.slice(0, 40), 'a name of at most 100 letters');
  return {
    ...{ databaseUrl, data, origin, name, port: at },
    storage: resolve(env.LOAM_STORAGE || join(data, 'files')),
    host: env.LOAM_HOST || '127.0.0.1',
    proxies: whole(env, 'LOAM_PROXIES', 0, 10),
    oidc: oidcOf(env),
  };
}

/** What a reader of /metrics from another machine has to show; null: only this machine may read it. */
export const metricsToken = (env: Environment): string | null => env.LOAM_METRICS_TOKEN || null;

/** Whether each request and connection is told on stdout; only what went wrong otherwise. */
export const logsAll = (env: Environment): boolean =>
  env.LOAM_LOG ? env.LOAM_LOG === 'json' : Boolean(env.DATABASE_URL);

function oidcOf(env: Environment): Config['oidc'] {
  const { LOAM_OIDC_ISSUER: issuer, LOAM_OIDC_CLIENT: clientId, LOAM_OIDC_SECRET: clientSecret } = env;
  if (!issuer && !clientId && !clientSecret) return null;
  for (const [field, value] of Object.entries({
    LOAM_OIDC_ISSUER: issuer,
    LOAM_OIDC_CLIENT: clientId,
    LOAM_OIDC_SECRET: clientSecret,
  }))
    if (!value)
      throw new LoamError(
        'InvalidArgument',
        `${field} is missing: sign-in by a provider needs LOAM_OIDC_ISSUER, LOAM_OIDC_CLIENT and LOAM_OIDC_SECRET.`,
        { field },
      );
  const title = env.LOAM_OIDC_NAME;
  return {
    name: 'oidc',
    ...(title ? { title } : {}),
    ...{ issuer: issuer ?? '', clientId: clientId ?? '', clientSecret: clientSecret ?? '' },
  };
}
