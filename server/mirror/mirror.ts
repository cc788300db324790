// The mirror: LaminDB's tables in Postgres follow the rows of the replica (decision 0040). TEMP triggers note every row that
// changes here, whatever changed it; a flush brings those rows there to what they are here: new, changed in the columns that
// differ, or gone. It says nothing of how they came to be so, and may be repeated.
import { LoamError } from '../../src/lib/engine/errors.ts';
import type { Model, Table } from '../../src/lib/engine/model/types.ts';
import type { SqlDriver } from '../../src/lib/engine/ports.ts';
import { capturedTables } from '../capture-sql.ts';
import { asMirror } from '../capture.ts';
import { reserveIds } from '../ids.ts';
import { runSteps, type PostgresSession } from '../postgres.ts';
import { createRowIds } from './row-ids.ts';
import { deleteRows, insertRows, readRows, updateRows, type MirrorRow } from './rows.ts';

export interface Mirror {
  /**
   * Within a transaction of Postgres: brings what changed in the replica since the last flush into LaminDB's tables. `account`
   * is whose rights Postgres is to apply; null for the server's own work. What Postgres refuses is thrown in words.
   */
  flush(session: PostgresSession, account: string | null): Promise<{ rows: number }>;
  /** Rows that another node has written already: their ids are looked up, nothing is written. */
  skip(session: PostgresSession): Promise<void>;
}

export interface MirrorDeps {
  driver: SqlDriver;
  model: Model;
  /** Called before the first row is written and after the last: rights of the account (row-level security). */
  as?: (session: PostgresSession, account: string | null) => Promise<void>;
}

/** Rows of the replica that changed, by table. */
type Dirty = Map<string, number[]>;

/** Makes the TEMP triggers on this connection; what changed before counts as mirrored. */
export function createMirror({ driver, model, as }: MirrorDeps): Mirror {
  const tables = new Map(capturedTables(model).map((table) => [table.name, table]));
  const order = model.order.filter((name) => tables.has(name));
  watch(driver, order);
  const ids = createRowIds(driver);

  function dirty(): Dirty {
    const found: Dirty = new Map();
    for (const [tab, id] of driver.all('SELECT tab, id FROM temp.mirror_dirty ORDER BY tab, id')) {
      const name = order[Number(tab)] ?? '';
      const list = found.get(name);
      if (list) list.push(Number(id));
      else found.set(name, [Number(id)]);
    }
    return found;
  }

  /** Rows as they are here, with references as ids there; `theirs` has those of rows that are written now. */
  function rowsOf(
    table: Table,
    wanted: readonly number[],
    theirs: ReadonlyMap<string, Map<number, number>>,
  ): MirrorRow[] {
    const rows = readRows(driver, table, wanted);
    for (const [c, { references }] of rows.columns.entries()) {
      if (!references) continue;
      const targets = [
        ...new Set(rows.rows.flatMap(({ values }) => (values[c] === null ? [] : [Number(values[c])]))),
      ];
      const map = ids.known(references.table, targets);
      const fresh = theirs.get(references.table);
      for (const { values } of rows.rows) {
        if (values[c] === null) continue;
        const id = fresh?.get(Number(values[c])) ?? map.get(Number(values[c]));
        if (id === undefined)
          throw new LoamError(
            'InternalError',
            `A row of ${table.name} refers to row ${String(values[c])} of ${references.table}, which is not in Postgres. This is a mistake in Loam: please report it.`,
            { table: table.name },
          );
        values[c] = id;
      }
    }
    return rows.rows;
  }

  async function flush(session: PostgresSession, account: string | null): Promise<{ rows: number }> {
    const changed = dirty();
    if (changed.size === 0) return { rows: 0 };
    await asMirror(session);
    if (as) await as(session, account);
    const gone = new Map<string, Map<number, number>>();
    const fresh = new Map<string, Map<number, number>>();
    const there = new Map<string, Map<number, number>>();
    for (const name of order) {
      const list = changed.get(name);
      const table = tables.get(name);
      if (!list || !table) continue;
      const here = new Set(
        driver
          .all(`SELECT id FROM "${name}" WHERE id IN (SELECT value FROM json_each(?))`, [
            JSON.stringify(list),
          ])
          .map(([id]) => Number(id)),
      );
      const known = ids.known(name, list);
      gone.set(name, new Map([...known].filter(([id]) => !here.has(id))));
      const unknown = [...here].filter((id) => !known.has(id));
      // A node that was cut off between two COMMITs, or a row that Python made.
      for (const [id, theirs] of await ids.find(session, table, unknown)) known.set(id, theirs);
      there.set(name, new Map([...known].filter(([id]) => here.has(id))));
      const made = unknown.filter((id) => !known.has(id));
      const drawn = await runSteps(session, reserveIds(table, made.length));
      const pairs = made.map((id, i) => [id, drawn[i] as number] as const);
      fresh.set(name, new Map(pairs));
      ids.note(name, [
        ...pairs,
        ...unknown.flatMap((id) => (known.has(id) ? [[id, known.get(id) as number] as const] : [])),
      ]);
    }
    let rows = 0;
    for (const name of [...order].reverse())
      rows += await deleteRows(session, name, [...(gone.get(name)?.values() ?? [])]);
    for (const name of order) {
      const table = tables.get(name) as Table;
      const update = there.get(name);
      if (update && update.size > 0)
        rows += await updateRows(session, table, rowsOf(table, [...update.keys()], fresh), update);
    }
    for (const name of order) {
      const table = tables.get(name) as Table;
      const made = fresh.get(name);
      if (made && made.size > 0)
        rows += await insertRows(session, table, rowsOf(table, [...made.keys()], fresh), made);
    }
    for (const [name, list] of gone) ids.forget(name, [...list.keys()]);
    driver.run('DELETE FROM temp.mirror_dirty');
    if (as && account !== null) await as(session, null);
    return { rows };
  }

  return {
    flush,
    async skip(session) {
      for (const [name, list] of dirty()) {
        const table = tables.get(name) as Table;
        const known = ids.known(name, list);
        const here = new Set(
          driver
            .all(`SELECT id FROM "${name}" WHERE id IN (SELECT value FROM json_each(?))`, [
              JSON.stringify(list),
            ])
            .map(([id]) => Number(id)),
        );
        const unknown = [...here].filter((id) => !known.has(id));
        ids.note(name, [...(await ids.find(session, table, unknown))]);
        ids.forget(
          name,
          list.filter((id) => !here.has(id)),
        );
      }
      driver.run('DELETE FROM temp.mirror_dirty');
    },
  };
}

/** TEMP triggers: they are of this connection, no file has them, and their notes roll back with what they note. */
function watch(driver: SqlDriver, order: readonly string[]): void {
  driver.exec(
    'CREATE TEMP TABLE IF NOT EXISTS mirror_dirty (tab INTEGER NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (tab, id)) WITHOUT ROWID',
  );
  driver.run('DELETE FROM temp.mirror_dirty');
  const note = (tab: number, row: string) =>
    `INSERT OR IGNORE INTO mirror_dirty(tab, id) VALUES (${tab}, ${row}.id);`;
  for (const [tab, name] of order.entries()) {
    const on = (kind: string, body: string) =>
      driver.exec(
        `CREATE TEMP TRIGGER IF NOT EXISTS "mirror_${kind}_${name}" AFTER ${kind} ON main."${name}" BEGIN ${body} END`,
      );
    on('INSERT', note(tab, 'new'));
    on('UPDATE', note(tab, 'new'));
    on('DELETE', note(tab, 'old'));
  }
}
