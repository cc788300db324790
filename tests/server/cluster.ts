// A PostgreSQL of the tests' own: initialised in a temporary folder, on a free port of this machine, stopped at the end. It
// runs as `postgres` or `nobody` where the tests run as root, since the server refuses root. LOAM_POSTGRES names the folder
// with its programs; without it what needs a server is skipped and says so.
import { execFileSync, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Folder with initdb and postgres, or null. */
export const programs: string | null = process.env.LOAM_POSTGRES || null;
/** For `describe.skipIf`, with the reason in the title. */
export const whyNot =
  programs === null ? ' (skipped: no PostgreSQL; set LOAM_POSTGRES to the folder with its programs)' : '';

export interface Cluster {
  /** Makes an empty database and answers with its address. */
  database(name: string): string;
  /** Runs a file of SQL in a database, with psql. */
  load(address: string, file: string): void;
  restart(): void;
  stop(): void;
}

/** The account the server runs under; null for our own. */
function account(): { name: string; uid: number; gid: number } | null {
  if (process.getuid?.() !== 0) return null;
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = ['-u', '-g'].map((flag) => spawnSync('id', [flag, name], { encoding: 'utf8' }));
    if (uid?.status === 0 && gid?.status === 0)
      return { name, uid: Number(uid.stdout), gid: Number(gid.stdout) };
  }
  throw new Error('PostgreSQL does not run as root, and there is neither `postgres` nor `nobody` here');
}

async function freePort(): Promise<number> {
  return await new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const at = server.address();
      server.close(() => resolve(typeof at === 'object' && at ? at.port : 0));
    });
  });
}

/** `durable`: every commit reaches the disk, as it does where a server is used; else three times as fast. */
export async function startCluster({ durable = false } = {}): Promise<Cluster> {
  const bin = programs;
  if (bin === null) throw new Error('there is no PostgreSQL here');
  if (!existsSync(join(bin, 'initdb'))) throw new Error(`LOAM_POSTGRES=${bin}: there is no initdb`);
  const base = mkdtempSync(join(tmpdir(), 'loam-pg-'));
  const as = account();
  if (as) chownSync(base, as.uid, as.gid);
  const run = (program: string, ...args: string[]): string => {
    const command = [join(bin, program), ...args];
    const [file = '', ...rest] = as ? ['runuser', '-u', as.name, '--', ...command] : command;
    // `pg_ctl start` leaves the server with its pipes, so nobody may wait for their end.
    const quiet = program === 'pg_ctl';
    return execFileSync(file, rest, { cwd: base, encoding: 'utf8', stdio: quiet ? 'ignore' : 'pipe' }) ?? '';
  };
  const data = join(base, 'data');
  const port = await freePort();
  run('initdb', '-D', data, '-U', 'loam', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync');
  const settings = [
    `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='${base}'`,
    '-c max_connections=40 -c shared_buffers=64MB -c timezone=Asia/Kathmandu',
    durable ? '' : '-c fsync=off -c full_page_writes=off',
  ].join(' ');
  const start = () =>
    run('pg_ctl', '-D', data, '-w', '-t', '60', '-l', join(base, 'log'), '-o', settings, 'start');
  const halt = (mode: string) => run('pg_ctl', '-D', data, '-w', '-t', '60', '-m', mode, 'stop');
  start();
  const server = `postgresql://loam@127.0.0.1:${port}`;
  return {
    database(name) {
      run(
        'psql',
        '-q',
        '-v',
        'ON_ERROR_STOP=1',
        '-d',
        `${server}/postgres`,
        '-c',
        `CREATE DATABASE "${name}"`,
      );
      return `${server}/${name}`;
    },
    load(address, file) {
      run('psql', '-q', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-d', address, '-f', file);
    },
    restart() {
      halt('immediate');
      start();
    },
    stop() {
      halt('immediate');
      rmSync(base, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
