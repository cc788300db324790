// The mirror: LaminDB's tables in Postgres follow the rows of the replica (decision 0040). TEMP triggers note every row that
// changes here, whatever changed it; a flush brings those rows there to what they are here: new, changed in the columns that
// differ, or gone. It says nothing of how they came to be so, and may be repeated.
import { LoamError } from '../../src/lib/engine/errors.ts';
import type { Model } from '../../src/lib/engine/model/types.ts';
import type { SqlDriver } from '../../src/lib/engine/ports.ts';
import { runSync } from '../../src/lib/engine/statement.ts';
import { rowsHere } from '../../src/lib/engine/write/journal.ts';
import { asMirror } from '../capture.ts';
import type { WriteTerms } from '../people/rights.ts';
import type { PostgresSession } from '../postgres.ts';
import { changedRows, forgetChanges, mirroredTables, watchRows, type RowsByTable } from './changed.ts';
import { isMissingReference, isRefusal, keyText, MirrorRefused } from './mirror-refused.ts';
import { planFlush, targetsOf, translated, type Piece, type Plan } from './plan.ts';
import { createRowIds } from './row-ids.ts';
import type { As } from './row-security.ts';
import { deleteRows, idsThere, insertRows, pieces, updateRows } from './rows.ts';
import { columnsOf } from './values.ts';

export interface Mirror {
  /**
   * Within a transaction of Postgres: brings what changed in the replica since the last flush into LaminDB's tables. `account`
   * is whose rights Postgres is to apply; null for the server's own work. Throws `MirrorRefused` for what Postgres refuses;
   * its detail `pending` says that edits of others wait in the inbox, which are to be taken before it is tried again. `terms`:
   * what an API key leaves of the account's rights, and whether they are merges that were proven.
   */
  flush(session: PostgresSession, account: string | null, terms?: WriteTerms): Promise<{ rows: number }>;
  /** Rows that another node has written already: their ids are looked up, nothing is written. */
  skip(session: PostgresSession): Promise<void>;
}

export interface MirrorDeps {
  driver: SqlDriver;
  model: Model;
  /** Called before the first row is written and after the last: rights of the account (row-security.ts). */
  as?: As;
}

/** Of a row that row-level security keeps as it is. */
const noRight =
  'Postgres: the account has no right to write it there, for its role, its space or its branch.';

/** LaminDB's trigger that notes former names: here they come as values of their own, and Postgres' clock would differ. */
const silent =
  "SET LOCAL pgtrigger.ignore = '{pgtrigger_update_feature_on_name_change_6c32d}'; SAVEPOINT loam_flush";

/** Makes the TEMP triggers on this connection. */
export function createMirror({ driver, model, as }: MirrorDeps): Mirror {
  const tables = mirroredTables(model);
  watchRows(driver, tables);
  const ids = createRowIds(driver);
  const deps = { driver, model, ids, tables };

  const theirIds = (plan: Plan, { table }: Piece, here: readonly number[]): number[] =>
    here.map((id) => plan.theirs.get(table.name)?.get(id) ?? 0);

  async function write(session: PostgresSession, plan: Plan, piece: Piece, list: number[]): Promise<void> {
    const { table, kind } = piece;
    const theirs = theirIds(plan, piece, list);
    const number = new Map(list.map((id, i) => [id, theirs[i] ?? 0]));
    let changes: number;
    if (kind === 'd') changes = await deleteRows(session, table, theirs);
    else {
      const rows = translated(deps, plan, table, list);
      const at = piece.columns.map((column) => columnsOf(table).indexOf(column));
      const named = rows.map(({ id, values }) => ({
        id: number.get(id) ?? 0,
        values: kind === 'i' ? values : at.map((c) => values[c] ?? null),
      }));
      changes =
        kind === 'i'
          ? await insertRows(session, table, named)
          : await updateRows(session, table, piece.columns, named);
    }
    // Row-level security passes rows over without a word, where they may not be written.
    if (kind === 'i' || !as || changes >= list.length) return;
    const left = await idsThere(session, table.name, theirs);
    if (left.size > (kind === 'u' ? changes : 0)) throw new LoamError('NoWriteAccess', noRight);
  }

  async function writeAll(session: PostgresSession, plan: Plan): Promise<void> {
    for (const piece of plan.pieces)
      for (const list of pieces(piece.ids))
        try {
          await write(session, plan, piece, list);
        } catch (error) {
          throw new Failed(error, piece, list);
        }
    // What Postgres would refuse at COMMIT it refuses now.
    await session.exec(
      'SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED; RELEASE SAVEPOINT loam_flush',
    );
  }

  /** Which row it was: the same again, with the rows of the failing statement one by one. */
  async function refused(session: PostgresSession, plan: Plan, failed: unknown, limit: () => Promise<void>) {
    if (!(failed instanceof Failed))
      return refusalOf(failed, String((failed as LoamError).details['table'] ?? 'LaminDB'), null);
    const { piece, list } = failed;
    let at: number | null = list.length === 1 ? (list[0] ?? null) : null;
    let cause = failed.cause;
    if (at === null) {
      await session.exec('ROLLBACK TO SAVEPOINT loam_flush');
      await limit();
      for (const one of plan.pieces)
        for (const some of one === piece ? pieces(one.ids, 1) : pieces(one.ids))
          try {
            await write(session, plan, one, some);
          } catch (error) {
            [at, cause] = [one === piece ? (some[0] ?? null) : null, error];
            return refusalOf(cause, one.table.name, at);
          }
    }
    return refusalOf(cause, piece.table.name, at);
  }
  function refusalOf(error: unknown, table: string, id: number | null): unknown {
    if (!isRefusal(error)) return error;
    return new MirrorRefused(
      error.code,
      table,
      id === null ? null : keyText(driver, model, table, id),
      /row-level security/.test(error.message) ? noRight : error.message,
    );
  }

  /** Rows that are referred to and that somebody has deleted there meanwhile. */
  async function missing(session: PostgresSession, plan: Plan): Promise<RowsByTable> {
    const out: RowsByTable = new Map();
    for (const { table, kind, ids: list } of plan.pieces) {
      if (kind === 'd') continue;
      for (const [target, here] of targetsOf(driver, table, list)) {
        const theirs = ids.known(target, here);
        const there = await idsThere(session, target, [...theirs.values()]);
        for (const [id, other] of theirs)
          if (!there.has(other)) out.set(target, (out.get(target) ?? new Set()).add(id));
      }
    }
    return out;
  }

  async function flush(
    session: PostgresSession,
    account: string | null,
    terms?: WriteTerms,
  ): Promise<{ rows: number }> {
    const changed = changedRows(driver, tables);
    if (changed.size === 0) return { rows: 0 };
    await Promise.all([asMirror(session), session.exec(silent)]);
    // The server's own work is not limited.
    const limit = async () => {
      if (as && account !== null) await as(session, account, terms);
    };
    let plan: Plan;
    for (let tries = 0; ; tries++) {
      plan = await planFlush(deps, session, changed);
      try {
        await limit();
        await writeAll(session, plan);
        break;
      } catch (error) {
        const cause = error instanceof Failed ? error.cause : error;
        if (isMissingReference(cause) && tries < 3) {
          await session.exec('ROLLBACK TO SAVEPOINT loam_flush');
          const more = await missing(session, plan);
          // They come back, and go again with the edit that is on its way.
          for (const [name, list] of more)
            changed.set(name, new Set([...(changed.get(name) ?? []), ...list]));
          if (more.size > 0) continue;
        }
        if (!isRefusal(cause)) throw cause;
        const told = await refused(session, plan, error, limit);
        if (told instanceof MirrorRefused && cause.code === 'IntegrityError') {
          await session.exec('ROLLBACK TO SAVEPOINT loam_flush');
          told.details['pending'] = await editsWait(session);
        }
        throw told;
      }
    }
    if (as && account !== null) await as(session, null);
    for (const [name, list] of plan.gone) ids.forget(name, list);
    forgetChanges(driver);
    return { rows: plan.pieces.reduce((sum, { ids: some }) => sum + some.length, 0) };
  }

  return {
    flush,
    async skip(session) {
      const changed = changedRows(driver, tables);
      for (const table of tables) {
        const { name } = table;
        const list = [...(changed.get(name) ?? [])];
        if (list.length === 0) continue;
        const here = runSync(driver, rowsHere(name, list));
        const known = ids.known(name, list);
        const unknown = [...here].filter((id) => !known.has(id));
        ids.note(name, [...(await ids.find(session, table, unknown))]);
        ids.forget(
          name,
          list.filter((id) => !here.has(id)),
        );
      }
      forgetChanges(driver);
    },
  };
}

/** Edits of others that are not known here yet, which may be the reason: whoever takes them first may try again. */
async function editsWait(session: PostgresSession): Promise<boolean> {
  const { rows: there } = await session.query("SELECT to_regclass('loam.inbox') IS NOT NULL");
  if (there[0]?.[0] !== 1) return false;
  return (await session.query('SELECT 1 FROM loam.inbox LIMIT 1')).rows.length > 0;
}

/** A statement that failed, with its rows. */
class Failed extends Error {
  constructor(
    override readonly cause: unknown,
    readonly piece: Piece,
    readonly list: number[],
  ) {
    super('a piece of the mirror');
  }
}
