// Rules that hold for the two branches each by itself, and may not for both together: references to rows that are gone,
// types and parents that lead in a circle, names of types. What SQLite refuses by itself (unique values, lengths, JSON) shows when
// it is written. Rules are LaminDB's, those that only its Postgres has among them (registry/typing.ts).
import { isLoamError } from '../errors.ts';
import { isTyped } from '../registry/tables.ts';
import { checkType } from '../registry/typing.ts';
import type { SqlValue } from '../ports.ts';
import { one, type Steps } from '../statement.ts';
import { missingRows } from '../write/journal.ts';
import type { Transaction } from '../write/transaction.ts';
import type { RowChange } from './changes.ts';

export interface Broken {
  change: RowChange;
  /** Column at fault, where there is one. */
  column: string | null;
  /** In words. */
  reason: string;
}

/** With the parent's state in the tables: what the branch refers to and the parent has deleted for good since. */
export function* danglingReferences(changes: readonly RowChange[]): Steps<Broken[]> {
  const broken: Broken[] = [];
  const asked = new Map<string, { change: RowChange; column: string; value: SqlValue }[]>();
  const ask = (change: RowChange, column: string, value: SqlValue) => {
    const target = change.table.column.get(column)?.references?.table;
    if (target === undefined || value === null) return;
    const known = asked.get(target);
    if (known) known.push({ change, column, value });
    else asked.set(target, [{ change, column, value }]);
  };
  for (const change of changes) {
    if (change.kind === 'changed' && !change.missing)
      for (const { column, mine } of change.cells) ask(change, column, mine);
    if (change.kind === 'added')
      for (const [column, value] of Object.entries(change.values ?? {})) ask(change, column, value);
  }
  for (const [target, references] of asked) {
    const missing = yield* missingRows(
      target,
      references.map(({ value }) => value),
    );
    for (const { change, column, value } of references)
      if (missing.has(Number(value)))
        broken.push({ change, column, reason: 'refers to a row that was deleted for good' });
  }
  return broken;
}

/** After the changes were written. */
export function* brokenRules(tx: Transaction, changes: readonly RowChange[]): Steps<Broken[]> {
  const broken: Broken[] = [];
  for (const change of changes) {
    const { table, id } = change;
    const type = change.kind === 'made' || change.cells.some(({ column }) => typing.has(column));
    if (type && isTyped(table) && !change.missing) {
      const reason = yield* typeTrouble(tx, change);
      if (reason !== null) broken.push({ change, column: 'type_id', reason });
    }
    if (change.kind !== 'added') continue;
    const [from, to] = table.rowKey.columns;
    if (!from || !to || !circular.test(table.name)) continue;
    const row = yield* one(
      `WITH RECURSIVE far(id) AS (SELECT l."${to}" FROM "${table.name}" l WHERE l.id = ?1
         UNION SELECT l."${to}" FROM "${table.name}" l JOIN far ON l."${from}" = far.id)
       SELECT 1 FROM far WHERE id = (SELECT "${from}" FROM "${table.name}" WHERE id = ?1)`,
      [id],
    );
    if (row) broken.push({ change, column: to, reason: 'leads in a circle with what the other side added' });
  }
  return broken;
}

const typing = new Set(['type_id', 'is_type', 'schema_id', 'space_id']);
/** Relations that order rows. */
const circular = /_(parents|predecessors)$|schemacomponent$/;

function* typeTrouble(tx: Transaction, { table, id }: RowChange): Steps<string | null> {
  const schema = table.column.has('schema_id') ? 'schema_id' : 'NULL';
  const row = yield* one(`SELECT type_id, is_type, ${schema}, space_id FROM "${table.name}" WHERE id = ?`, [
    id,
  ]);
  if (!row) return null;
  const idOf = (value: SqlValue | undefined) =>
    value === null || value === undefined ? null : Number(value);
  try {
    yield* checkType(tx, table, {
      id,
      typeId: idOf(row[0]),
      isType: row[1] === 1,
      schemaId: idOf(row[2]),
      spaceId: idOf(row[3]),
    });
    return null;
  } catch (error) {
    if (isLoamError(error)) return error.message;
    throw error;
  }
}
