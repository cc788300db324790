// Row-level security (decision 0039): rows of accounts are written to LaminDB's tables under a role that may do what the
// account may, so that Postgres refuses what the server's own checks let through by mistake. Owners and everybody else are not
// limited: Python users go on as before.
import { isLoamError } from '../../src/lib/engine/errors.ts';
import { md5Hex } from '../../src/lib/engine/md5.ts';
import type { Model } from '../../src/lib/engine/model/types.ts';
import type { WriteTerms } from '../people/rights.ts';
import { inPostgresTransaction, type Postgres, type PostgresSession } from '../postgres.ts';
import { mirroredTables } from './changed.ts';
import {
  functionsSql,
  policiesSql,
  policyNames,
  settings,
  withoutPoliciesSql,
  writerRole,
} from './row-security-sql.ts';

/** Within a transaction: what follows is done with the rights of the account; null: with the server's again. */
export type As = (session: PostgresSession, account: string | null, terms?: WriteTerms) => Promise<void>;

export interface RowSecurity {
  /** Null where the database does not allow it; `why` says in words what is missing. */
  as: As | null;
  why: string | null;
}

/** Two servers install one after the other; the same lock as that of the tables. */
const lock = 0x10a4;
const patience = '10s';

// Another database of the cluster may make it at the same moment, which no lock of this one sees.
const roleSql = `DO $loam$ BEGIN
  CREATE ROLE ${writerRole} NOLOGIN NOINHERIT;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $loam$`;

/**
 * Makes the role, the functions and the policies, or brings them to this version. Where the server may not (managed Postgres
 * without the right to make roles, policies of others) nothing is changed, and it is said why. Waits at most ten seconds for
 * the tables; then `DatabaseLocked` is thrown.
 */
export async function installRowSecurity(
  postgres: Postgres,
  model: Model,
  instance: string,
): Promise<RowSecurity> {
  const without = (why: string): RowSecurity => ({
    as: null,
    why: `${why} The server goes on by its own checks alone.`,
  });
  return await postgres.session(async (session) => {
    try {
      const why = await inPostgresTransaction(session, () => install(session, model));
      return why === null ? { as: asOf(instance), why } : without(why);
    } catch (error) {
      if (!isLoamError(error, 'NoWriteAccess')) throw error;
      return without(`Row-level security is not possible in this database. ${error.message}`);
    }
  });
}

/** Answers with what is in the way. */
async function install(session: PostgresSession, model: Model): Promise<string | null> {
  await session.query('SELECT pg_advisory_xact_lock($1)', [lock]);
  await session.exec(`SET LOCAL lock_timeout = '${patience}'; SET LOCAL client_min_messages = warning`);
  const tables = mirroredTables(model).map(({ name }) => name);
  const [named, ours] = [`{${tables.join(',')}}`, `{${policyNames.join(',')}}`];
  const { rows: others } = await session.query(
    `SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY ($1::text[])
       AND (EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname <> ALL ($2::text[]))
         OR c.relforcerowsecurity
         OR (c.relrowsecurity AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid)))
     ORDER BY 1 LIMIT 1`,
    [named, ours],
  );
  if (others[0])
    return `The table ${String(others[0][0])} has row-level security of others, which Loam does not change.`;

  const find = async () =>
    (
      await session.query(
        `SELECT (rolsuper OR rolbypassrls OR rolcanlogin)::int, pg_has_role(current_user, oid, 'MEMBER')::int FROM pg_roles WHERE rolname = $1`,
        [writerRole],
      )
    ).rows;
  // Where only the database's administrator makes roles, it may be there already, and be granted to the server's.
  let role = await find();
  if (role.length === 0) {
    await session.exec(roleSql);
    role = await find();
  }
  if (role[0]?.[0] !== 0)
    return `There is a role ${writerRole} that may log in or that no policy limits: it is not Loam’s.`;
  if (role[0][1] !== 1 || (await cannotBe(session)))
    await session.exec(`GRANT ${writerRole} TO CURRENT_USER`);

  const wanted = [functionsSql, policiesSql(model)];
  const version = md5Hex(wanted.join(';'));
  await session.exec('CREATE TABLE IF NOT EXISTS loam.setting (name text PRIMARY KEY, value text NOT NULL)');
  // Tables that were made anew, and functions that went with their schema, take policies with them.
  const { rows: found } = await session.query(
    `SELECT (SELECT value FROM loam.setting WHERE name = 'row security'), (SELECT count(*) FROM pg_policy p JOIN pg_class c
       ON c.oid = p.polrelid AND c.relnamespace = 'public'::regnamespace AND c.relrowsecurity
       WHERE c.relname = ANY ($1::text[]) AND p.polname = ANY ($2::text[]))`,
    [named, ours],
  );
  if (found[0]?.[0] !== version || Number(found[0][1]) !== tables.length * policyNames.length) {
    await session.exec(withoutPoliciesSql(model));
    for (const sql of wanted) await session.exec(sql);
    await session.query(
      `INSERT INTO loam.setting VALUES ('row security', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
      [version],
    );
  }
  // Tried once: `MEMBER` does not say that it may be taken on (PostgreSQL 16).
  await session.exec(`SET LOCAL ROLE ${writerRole}; SET LOCAL ROLE NONE`);
  return null;
}

/** A member may be one that may not take the role on (PostgreSQL 16: membership without SET). */
async function cannotBe(session: PostgresSession): Promise<boolean> {
  await session.exec('SAVEPOINT loam_role');
  try {
    await session.exec(`SET LOCAL ROLE ${writerRole}`);
    return false;
  } catch (error) {
    if (!isLoamError(error, 'NoWriteAccess')) throw error;
    return true;
  } finally {
    await session.exec('ROLLBACK TO SAVEPOINT loam_role');
  }
}

const all: WriteTerms = { role: 'admin', spaces: null, branches: null, merge: false };

/** One trip: the settings and the role at once. */
function asOf(instance: string): As {
  const names = [...Object.values(settings), 'role'];
  const sql = `SELECT ${names.map((name, i) => `set_config('${name}', $${i + 1}, true)`).join(', ')}`;
  const list = (places: readonly string[] | null) => (places === null ? '*' : places.join(','));
  return async (session, account, terms = all) => {
    const { role, spaces, branches, merge } = terms;
    await session.query(
      sql,
      account === null
        ? ['', '', '', '', '', '', 'none']
        : [instance, account, role, list(spaces), list(branches), merge ? 'on' : '', writerRole],
    );
  };
}
