// What a flush has to do: which rows go, which change in which columns, which are new, and in what order. All is found out
// before the first row is written.
import type { Column, Model, Table } from '../../src/lib/engine/model/types.ts';
import type { SqlDriver, SqlValue } from '../../src/lib/engine/ports.ts';
import { runSync } from '../../src/lib/engine/statement.ts';
import { rowsHere } from '../../src/lib/engine/write/journal.ts';
import { reserveIds } from '../ids.ts';
import { runSteps, type PostgresSession } from '../postgres.ts';
import type { RowsByTable } from './changed.ts';
import { freesForAnother } from './freed-values.ts';
import type { RowIds } from './row-ids.ts';
import { pieces, readRows, readTheirs, type MirrorRow } from './rows.ts';
import { columnsOf, sameValue } from './values.ts';

/** Rows that are written by one statement, or by several of the same form. Ids are those of the replica. */
export interface Piece {
  table: Table;
  kind: 'i' | 'u' | 'd';
  ids: number[];
  /** The columns that differ. */
  columns: Column[];
}

export interface Plan {
  pieces: Piece[];
  /** Ids of Postgres by table, of all rows of the plan and those they refer to. */
  theirs: Map<string, Map<number, number>>;
  /** Rows that are gone here. */
  gone: Map<string, number[]>;
}

export interface PlanDeps {
  driver: SqlDriver;
  model: Model;
  ids: RowIds;
  /** Mirrored tables in the model's order. */
  tables: readonly Table[];
}

const referring = (table: Table): Column[] => columnsOf(table).filter(({ references }) => references);

/** Adds rows that are referred to and of which nobody knows the id there: they are found by their keys, or are missing there. */
function addUnknown({ driver, ids, tables }: PlanDeps, wanted: RowsByTable): void {
  const seen = new Map<string, Set<number>>();
  for (let found = true; found;) {
    found = false;
    for (const table of tables) {
      const done = seen.get(table.name) ?? new Set();
      seen.set(table.name, done);
      const fresh = [...(wanted.get(table.name) ?? [])].filter((id) => !done.has(id));
      if (fresh.length === 0) continue;
      for (const id of fresh) done.add(id);
      for (const [target, list] of targetsOf(driver, table, fresh)) {
        const known = ids.known(target, list);
        const all = wanted.get(target) ?? new Set();
        const missing = list.filter((id) => !known.has(id) && !all.has(id));
        if (missing.length === 0) continue;
        for (const id of missing) all.add(id);
        wanted.set(target, all);
        found = true;
      }
    }
  }
}

/** Which rows these refer to, by table. */
export function targetsOf(driver: SqlDriver, table: Table, ids: readonly number[]): Map<string, number[]> {
  const columns = referring(table);
  const out = new Map<string, Set<number>>();
  if (columns.length === 0) return new Map();
  const rows = driver.all(
    `SELECT ${columns.map(({ name }) => `"${name}"`).join(', ')} FROM "${table.name}" WHERE id IN (SELECT value FROM json_each(?))`,
    [JSON.stringify(ids)],
  );
  for (const [c, { references }] of columns.entries()) {
    const name = references?.table ?? '';
    const set = out.get(name) ?? new Set();
    out.set(name, set);
    for (const row of rows) if (row[c] !== null) set.add(Number(row[c]));
  }
  return new Map([...out].map(([name, set]) => [name, [...set]]));
}

/** Plans for these rows of the replica. New rows get their ids of Postgres here, which `ids` keeps. */
export async function planFlush(
  deps: PlanDeps,
  session: PostgresSession,
  changed: RowsByTable,
): Promise<Plan> {
  const { driver, ids, tables } = deps;
  const wanted: RowsByTable = new Map([...changed].map(([name, list]) => [name, new Set(list)]));
  addUnknown(deps, wanted);
  const theirs = new Map<string, Map<number, number>>();
  const gone = new Map<string, number[]>();
  const fresh = new Map<string, number[]>();
  const there = new Map<string, number[]>();
  for (const table of tables) {
    const { name } = table;
    const list = [...(wanted.get(name) ?? [])];
    if (list.length === 0) continue;
    const here = runSync(driver, rowsHere(name, list));
    const known = ids.known(name, list);
    gone.set(
      name,
      [...known.keys()].filter((id) => !here.has(id)),
    );
    const unknown = [...here].filter((id) => !known.has(id));
    // A node that was cut off between two COMMITs, or a row that Python made.
    const found = await ids.find(session, table, unknown);
    for (const [id, other] of found) {
      const owner = ids.hereOf(name, other);
      if (owner === null || owner === id) continue;
      // The key was another row's, which has given it up and goes on, or is gone and leaves its row there to this one.
      if (isHere(driver, name, owner)) found.delete(id);
      else {
        gone.set(
          name,
          (gone.get(name) ?? []).filter((one) => one !== owner),
        );
        ids.forget(name, [owner]);
      }
    }
    const made = unknown.filter((id) => !found.has(id));
    const drawn = await runSteps(session, reserveIds(table, made.length));
    const pairs = [...found, ...made.map((id, i): [number, number] => [id, drawn[i] ?? 0])];
    ids.note(name, pairs);
    for (const [id, other] of pairs) known.set(id, other);
    theirs.set(name, known);
    fresh.set(name, made);
    const isNew = new Set(made);
    there.set(
      name,
      [...here].filter((id) => !isNew.has(id)),
    );
  }
  const plan: Plan = { pieces: [], theirs, gone };
  const later: Piece[] = [];
  for (const table of [...tables].reverse()) {
    const list = gone.get(table.name) ?? [];
    if (list.length > 0) plan.pieces.push({ table, kind: 'd', ids: list, columns: [] });
  }
  for (const table of tables) {
    const known = there.get(table.name) ?? [];
    const made = fresh.get(table.name) ?? [];
    if (known.length + made.length === 0) continue;
    const { updates, again, lost } = await differences(deps, session, plan, table, known);
    if (again.length > 0) plan.pieces.push({ table, kind: 'd', ids: again, columns: [] });
    later.push(...byLevel(driver, table, updates, [...made, ...again, ...lost]));
  }
  plan.pieces.push(...later);
  return plan;
}

const isHere = (driver: SqlDriver, table: string, id: number): boolean =>
  runSync(driver, rowsHere(table, [id])).size > 0;

interface Differences {
  updates: Map<number, Column[]>;
  /** They hold a unique value that is another's now: taken out, and put in again under the same id. */
  again: number[];
  /** Deleted there by somebody whose edit is on its way: they come back, and go with that edit. */
  lost: number[];
}

async function differences(
  deps: PlanDeps,
  session: PostgresSession,
  plan: Plan,
  table: Table,
  known: readonly number[],
): Promise<Differences> {
  const columns = columnsOf(table);
  const out: Differences = { updates: new Map(), again: [], lost: [] };
  const other = plan.theirs.get(table.name) ?? new Map<number, number>();
  for (const part of pieces(known)) {
    const found = new Map(
      (
        await readTheirs(
          session,
          table,
          part.map((id) => other.get(id) ?? 0),
        )
      ).map((row) => [row.id, row.values]),
    );
    for (const { id, values } of translated(deps, plan, table, part)) {
      const old = found.get(other.get(id) ?? 0);
      if (!old) {
        out.lost.push(id);
        continue;
      }
      const differ = columns.filter((column, c) => !sameValue(column, values[c] ?? null, old[c] ?? null));
      if (differ.length === 0) continue;
      if (freesForAnother(deps, table, id, differ, columns, old)) out.again.push(id);
      else out.updates.set(id, differ);
    }
  }
  return out;
}

/** Rows as they are here, with references as ids there. */
export function translated(
  { driver, ids }: PlanDeps,
  plan: Pick<Plan, 'theirs'>,
  table: Table,
  wanted: readonly number[],
): MirrorRow[] {
  const rows = readRows(driver, table, wanted);
  for (const [c, { references }] of columnsOf(table).entries()) {
    if (!references) continue;
    const targets = new Set(rows.flatMap(({ values }) => (values[c] === null ? [] : [Number(values[c])])));
    if (targets.size === 0) continue;
    const known = ids.known(references.table, [...targets]);
    const planned = plan.theirs.get(references.table);
    for (const { values } of rows)
      if (values[c] !== null)
        // One that is nowhere is a broken reference, which Postgres is to refuse.
        values[c] = planned?.get(Number(values[c])) ?? known.get(Number(values[c])) ?? -2_000_000_000;
  }
  return rows;
}

/** Types before what is of them, since LaminDB's checks look a type up at once; other references wait for the end. */
function byLevel(
  driver: SqlDriver,
  table: Table,
  updates: ReadonlyMap<number, Column[]>,
  inserts: readonly number[],
): Piece[] {
  const levels = levelsOf(driver, table, [...updates.keys(), ...inserts]);
  const out: Piece[] = [];
  const isNew = new Set(inserts);
  for (const level of levels) {
    const groups = new Map<string, Piece>();
    for (const id of level) {
      const columns = isNew.has(id) ? [] : (updates.get(id) ?? []);
      const key = isNew.has(id) ? 'i' : columns.map(({ name }) => name).join();
      const group = groups.get(key) ?? { table, kind: isNew.has(id) ? 'i' : 'u', ids: [], columns };
      groups.set(key, group);
      group.ids.push(id);
    }
    out.push(...groups.values());
  }
  return out;
}

function levelsOf(driver: SqlDriver, table: Table, ids: number[]): number[][] {
  if (table.column.get('type_id')?.references?.table !== table.name) return [ids];
  const typeOf = new Map(
    driver
      .all(`SELECT id, type_id FROM "${table.name}" WHERE id IN (SELECT value FROM json_each(?))`, [
        JSON.stringify(ids),
      ])
      .map(([id, type]): [number, SqlValue] => [Number(id), type ?? null]),
  );
  const out: number[][] = [];
  for (const id of ids) {
    let level = 0;
    // A circle ends here; Postgres refuses it.
    for (let at = typeOf.get(id) ?? null; at !== null && level < 100; level++) {
      if (!typeOf.has(Number(at))) break;
      at = typeOf.get(Number(at)) ?? null;
    }
    (out[level] ??= []).push(id);
  }
  return out.filter((level) => level !== undefined);
}
