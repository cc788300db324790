// Edits that others make in the database (Python, SQL) are written down by triggers in schema `loam`, in the transaction that
// makes them: one row of `loam.inbox` for each changed row, and a notice. The mirror's own writes are not. LaminDB's tables get
// no column and no row-level trigger, and no edit ever fails because of this: where a table is not as it was, a gap is noted.
import { md5Hex } from '../src/lib/engine/md5.ts';
import type { Model } from '../src/lib/engine/model/types.ts';
import { captureSql, capturedTables, transition, type CapturedStatement } from './capture-sql.ts';
import { inPostgresTransaction, type PostgresSession } from './postgres.ts';

/** The channel that says that there is something in the inbox. */
export const inboxChannel = 'loam_inbox';

const statements: readonly CapturedStatement[] = ['INSERT', 'UPDATE', 'DELETE'];

const tables = `
CREATE SCHEMA IF NOT EXISTS loam;
COMMENT ON SCHEMA loam IS 'Loam: edits on their way to its log. LaminDB does not use it.';
CREATE TABLE IF NOT EXISTS loam.inbox (
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  seq bigint GENERATED ALWAYS AS IDENTITY,
  at timestamptz NOT NULL DEFAULT statement_timestamp(),
  who text NOT NULL DEFAULT session_user,
  tab text NOT NULL,
  kind "char" NOT NULL,
  id bigint,
  key json,
  body json,
  PRIMARY KEY (xid, seq)
);
CREATE TABLE IF NOT EXISTS loam.capture (tab text, op text, sql text NOT NULL, PRIMARY KEY (tab, op));
CREATE TABLE IF NOT EXISTS loam.setting (name text PRIMARY KEY, value text NOT NULL);
`;

// Owned by who installed it, so that roles without any right in `loam` are captured too. The statement is planned anew each
// time: a plan that was made for one row would take hours for 20,000. Only faults of the schema are caught.
const captureFunction = `
CREATE OR REPLACE FUNCTION loam.capture() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp SET TimeZone = 'UTC' SET jit = off AS $loam$
DECLARE
  statement text;
  written bigint;
BEGIN
  IF current_setting('loam.mirror', true) = 'on' THEN
    RETURN NULL;
  END IF;
  IF TG_OP = 'TRUNCATE' THEN
    INSERT INTO loam.inbox(tab, kind, body) VALUES (TG_TABLE_NAME, '?', to_json('the table was emptied by TRUNCATE'::text));
    PERFORM pg_notify('${inboxChannel}', '');
    RETURN NULL;
  END IF;
  SELECT c.sql INTO STRICT statement FROM loam.capture c WHERE c.tab = TG_TABLE_NAME AND c.op = TG_OP;
  EXECUTE statement;
  GET DIAGNOSTICS written = ROW_COUNT;
  IF written > 0 THEN
    PERFORM pg_notify('${inboxChannel}', '');
  END IF;
  RETURN NULL;
EXCEPTION WHEN no_data_found OR syntax_error_or_access_rule_violation OR undefined_column OR undefined_table OR undefined_function OR datatype_mismatch OR insufficient_privilege THEN
  INSERT INTO loam.inbox(tab, kind, body) VALUES (TG_TABLE_NAME, '?', to_json(TG_OP || ': ' || SQLERRM));
  PERFORM pg_notify('${inboxChannel}', '');
  RETURN NULL;
END $loam$;
REVOKE ALL ON FUNCTION loam.capture() FROM PUBLIC;
`;

const referencing: Readonly<Record<CapturedStatement, string>> = {
  INSERT: `NEW TABLE AS ${transition.new}`,
  UPDATE: `OLD TABLE AS ${transition.old} NEW TABLE AS ${transition.new}`,
  DELETE: `OLD TABLE AS ${transition.old}`,
};

function triggersOf(table: string): string {
  const on = `public."${table}"`;
  return [
    ...statements.map(
      (op) =>
        `CREATE OR REPLACE TRIGGER loam_${op.toLowerCase()} AFTER ${op} ON ${on} REFERENCING ${referencing[op]} FOR EACH STATEMENT EXECUTE FUNCTION loam.capture()`,
    ),
    `CREATE OR REPLACE TRIGGER loam_truncate AFTER TRUNCATE ON ${on} FOR EACH STATEMENT EXECUTE FUNCTION loam.capture()`,
  ].join(';\n');
}

/** Longest wait for a table that others write to; then `DatabaseLocked` says so, and nothing is installed. */
const patience = '10s';
/** Two servers install one after the other. */
const lock = 0x10a4;

/**
 * Installs what captures edits, or brings it to this version; false where it is there already. Needs the right to make
 * triggers on LaminDB's tables and a schema in the database, and takes their write locks for a moment.
 */
export async function installCapture(session: PostgresSession, model: Model): Promise<boolean> {
  const wanted = capturedTables(model);
  const rows = wanted.flatMap((table) =>
    statements.map((op): [string, string, string] => [table.name, op, captureSql(model, table, op)]),
  );
  const version = md5Hex(JSON.stringify([tables, captureFunction, referencing, rows]));
  return await inPostgresTransaction(session, async () => {
    await session.query('SELECT pg_advisory_xact_lock($1)', [lock]);
    await session.exec(`SET LOCAL lock_timeout = '${patience}'`);
    await session.exec(`SET LOCAL client_min_messages = warning; ${tables}`);
    const found = await session.query("SELECT value FROM loam.setting WHERE name = 'capture'");
    if (found.rows[0]?.[0] === version) return false;
    await session.exec(captureFunction);
    await session.exec('DELETE FROM loam.capture');
    await session.each('INSERT INTO loam.capture(tab, op, sql) VALUES ($1, $2, $3)', rows);
    await session.exec(wanted.map(({ name }) => triggersOf(name)).join(';\n'));
    await session.query(
      "INSERT INTO loam.setting VALUES ('capture', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
      [version],
    );
    return true;
  });
}

/** Takes out everything that Loam has put into the database; what waits in the inbox is lost. */
export async function removeCapture(session: PostgresSession): Promise<void> {
  await session.exec('DROP SCHEMA IF EXISTS loam CASCADE');
}

/** Within a transaction: what it writes from here on is the mirror's own and is not captured. */
export async function asMirror(session: PostgresSession): Promise<void> {
  await session.exec("SET LOCAL loam.mirror = 'on'");
}
