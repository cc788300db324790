// A Postgres server through node-postgres: a pool of sessions, statements prepared on the way, many in one trip.
import pg from 'pg';
import { LoamError } from '../src/lib/engine/errors.ts';
import type { SqlValue } from '../src/lib/engine/ports.ts';
import { leftOpen, type Postgres, type PostgresAnswer, type PostgresSession } from './postgres.ts';
import { plainAddress, postgresError } from './postgres-errors.ts';
import { readValue, sessionSettings, writtenValue } from './postgres-values.ts';

export interface NodePostgresOptions {
  /** `postgresql://user:password@host:port/database`. */
  address: string;
  /** Connections at once; a `session` beyond them waits. */
  most?: number;
  /** Milliseconds after which a statement is given up; none without. */
  statementTimeout?: number;
  /** Milliseconds to wait for a connection. */
  connectTimeout?: number;
}

const types = {
  getTypeParser: (type: number) => (text: string) => readValue(type, text),
} as unknown as pg.CustomTypesConfig;

/** Statements sent before the first answer is waited for. */
const together = 500;
const relistenAfter = 500;
const oldest = 140_000;

/** Opens the pool and asks the server once, so that a wrong address is told here and not with the first write. */
export async function openPostgres(options: NodePostgresOptions): Promise<Postgres> {
  const { address } = options;
  const config: pg.PoolConfig = {
    connectionString: address,
    max: options.most ?? 10,
    connectionTimeoutMillis: options.connectTimeout ?? 10_000,
    application_name: 'loam',
    keepAlive: true,
    pipeline: true,
    types,
    options: Object.entries(sessionSettings)
      .filter(([name]) => name !== 'client_encoding')
      .map(([name, value]) => `-c ${name}=${value.replaceAll(' ', '\\ ')}`)
      .join(' '),
  };
  if (options.statementTimeout !== undefined) config.statement_timeout = options.statementTimeout;
  const pool = new pg.Pool(config);
  // A connection that breaks while nobody uses it is taken out by the pool; the next request says what is wrong.
  pool.on('error', () => undefined);
  const connect = async () => {
    try {
      return await pool.connect();
    } catch (error) {
      throw postgresError(error, address);
    }
  };
  const postgres: Postgres = {
    kind: 'postgres',
    async session(use) {
      const client = await connect();
      let broken: Error | undefined;
      const onError = (error: Error) => (broken = error);
      client.on('error', onError);
      try {
        const value = await use(sessionOf(client, address));
        if (inTransaction(client)) throw leftOpen();
        return value;
      } finally {
        if (!broken && inTransaction(client))
          await client.query('ROLLBACK').catch((error: Error) => (broken = error));
        client.off('error', onError);
        client.release(broken);
      }
    },
    listen: (channel, onNotice) => listen(config, address, channel, onNotice),
    close: () => pool.end(),
  };
  try {
    await postgres.session(async (session) => {
      const { rows } = await session.query(`SELECT current_setting('server_version_num')::int, version()`);
      if (Number(rows[0]?.[0]) < oldest)
        throw new LoamError(
          'NotSupportedError',
          `Loam needs PostgreSQL 14 or newer; ${plainAddress(address)} is ${String(rows[0]?.[1]).split(' ').slice(0, 2).join(' ')}.`,
        );
    });
  } catch (error) {
    await pool.end();
    throw error;
  }
  return postgres;
}

const inTransaction = (client: pg.ClientBase): boolean =>
  (client as unknown as { getTransactionStatus(): string | null }).getTransactionStatus() !== 'I';

function sessionOf(client: pg.PoolClient, address: string): PostgresSession {
  const ask = async (text: string, params: readonly SqlValue[]): Promise<PostgresAnswer> => {
    // The simple protocol would take several statements at once.
    const query = {
      text,
      values: params.map(writtenValue),
      rowMode: 'array' as const,
      queryMode: 'extended',
    };
    const result = await client.query({ ...query, types } as pg.QueryArrayConfig);
    return { rows: result.rows as SqlValue[][], changes: result.rowCount ?? 0 };
  };
  return {
    async query(sql, params = []) {
      try {
        return await ask(sql, params);
      } catch (error) {
        throw postgresError(error, address);
      }
    },
    async exec(sql) {
      try {
        await client.query(sql);
      } catch (error) {
        throw postgresError(error, address);
      }
    },
    async each(sql, params) {
      for (let start = 0; start < params.length; start += together) {
        const sent = params.slice(start, start + together).map((values) => ask(sql, values));
        // All have to be answered before the connection may go on; what follows a failure fails because of it.
        const failed = (await Promise.allSettled(sent)).find(({ status }) => status === 'rejected');
        if (failed) throw postgresError((failed as PromiseRejectedResult).reason, address);
      }
    },
  };
}

/** A connection of its own, since a pool takes them back. */
async function listen(
  config: pg.PoolConfig,
  address: string,
  channel: string,
  onNotice: (payload: string) => void,
): Promise<() => Promise<void>> {
  let client: pg.Client | null = null;
  let ended = false;
  let again: NodeJS.Timeout | undefined;
  const open = async () => {
    const fresh = new pg.Client({ ...config, pipeline: false });
    fresh.on('error', () => undefined);
    fresh.on('notification', ({ channel: on, payload }) => on === channel && onNotice(payload ?? ''));
    await fresh.connect();
    fresh.on('end', () => {
      client = null;
      if (!ended) again = setTimeout(retry, relistenAfter);
    });
    await fresh.query(`LISTEN ${pg.escapeIdentifier(channel)}`);
    client = fresh;
  };
  const retry = () => {
    open().then(
      // What was said meanwhile was not heard.
      () => onNotice(''),
      () => {
        if (!ended) again = setTimeout(retry, relistenAfter);
      },
    );
  };
  try {
    await open();
  } catch (error) {
    throw postgresError(error, address);
  }
  return async () => {
    ended = true;
    clearTimeout(again);
    await client?.end();
  };
}
