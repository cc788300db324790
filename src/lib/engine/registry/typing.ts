// Types of rows: a row with `is_type` groups others of its registry, at any depth. The rules are LaminDB's, also those
// that only its Postgres enforces by triggers and checks (lamindb.md §3): a type is a type, no circles, a record type with
// a schema has no sub-types, and a single-space type keeps its rows in one space.
import { LoamError } from '../errors.ts';
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { all, one, type Steps } from '../statement.ts';
import type { Transaction } from '../write/transaction.ts';
import { isTyped, labelOf } from './tables.ts';

/** The columns these rules read, as they will be. */
export interface Typed {
  /** Null for a row that is about to be made. */
  id: number | null;
  typeId: number | null;
  isType: boolean;
  schemaId: number | null;
  spaceId: number | null;
}

export function* checkType(tx: Transaction, table: Table, row: Typed): Steps<void> {
  if (!isTyped(table) || row.typeId === null) return;
  const label = labelOf(table).toLowerCase();
  const hasSchema = table.column.has('schema_id');
  const type = yield* one(
    `SELECT is_type, name, ${hasSchema ? 'schema_id' : 'NULL'}, space_id, _aux FROM "${table.name}" WHERE id = ?`,
    [row.typeId],
  );
  const name = String(type?.[1] ?? row.typeId);
  if (type?.[0] !== 1) {
    throw refusal(
      'ValueError',
      table,
      `You can only assign a ${label} with \`is_type=True\` as \`type\` to another ${label}, but "${name}" is none. Choose a type, or make it one by is_type.`,
    );
  }
  if (row.id !== null && row.typeId === row.id)
    throw refusal('ValidationError', table, `Cannot set type: ${label} "${name}" cannot be its own type.`);
  if (row.id !== null && (yield* isAbove(table, row.id, row.typeId))) {
    throw refusal(
      'ValidationError',
      table,
      `Cannot set type: would create a cycle, since "${name}" is itself below this ${label}. Move that one first.`,
    );
  }
  if (row.isType && type[2] !== null && hasSchema) {
    throw refusal(
      'IntegrityError',
      table,
      `"${name}" has a schema, so it takes data records and no sub-types. Take away is_type, or choose another type.`,
    );
  }
  const space = yield* enforcedSpace(type[4] ?? null, Number(type[3]));
  if (space !== null && row.spaceId !== null && row.spaceId !== space) {
    throw refusal(
      'ValidationError',
      table,
      `Cannot set type: ${label} space must match the space that type "${name}" keeps its rows in.`,
      'space',
    );
  }
}

/** What a change of a row's own is_type or schema means for the rows that have it as their type. */
export function* checkMembers(table: Table, before: Typed, after: Typed): Steps<void> {
  if (!isTyped(table) || before.id === null || !before.isType) return;
  const losesType = !after.isType;
  const getsSchema = before.schemaId === null && after.schemaId !== null;
  if (!losesType && !getsSchema) return;
  const members = yield* one(`SELECT count(*), sum(is_type) FROM "${table.name}" WHERE type_id = ?`, [
    before.id,
  ]);
  if (losesType && Number(members?.[0]) > 0) {
    throw refusal(
      'ValidationError',
      table,
      `${Number(members?.[0])} rows have this as their type, so it must stay one. Give them another type first.`,
      'is_type',
    );
  }
  if (getsSchema && Number(members?.[1] ?? 0) > 0) {
    throw refusal(
      'IntegrityError',
      table,
      `A record type with sub-types cannot get a schema: it has ${Number(members?.[1])}. Move them first.`,
      'schema',
    );
  }
}

/** The type and all above it up to the root; also where an older file holds a circle. */
function* isAbove(table: Table, id: number, start: number): Steps<boolean> {
  const row = yield* one(
    `WITH RECURSIVE above(id) AS (SELECT ?1 UNION SELECT t.type_id FROM "${table.name}" t JOIN above a ON t.id = a.id WHERE t.type_id IS NOT NULL)
     SELECT 1 FROM above WHERE id = ?2`,
    [start, id],
  );
  return row !== undefined;
}

/** Whether a row is below a type, at any depth. */
export function* isBelow(table: Table, id: number, typeId: number): Steps<boolean> {
  const row = yield* one(`SELECT type_id FROM "${table.name}" WHERE id = ?`, [id]);
  return row?.[0] !== null && row?.[0] !== undefined && (yield* isAbove(table, typeId, Number(row[0])));
}

/** All rows of a type and of the types below it (LaminDB's `query_<registry>s`), of the given branches. */
export function* membersBelow(table: Table, id: number, branches: readonly number[]): Steps<number[]> {
  const rows = yield* all(
    `WITH RECURSIVE below(id) AS (SELECT id FROM "${table.name}" WHERE type_id = ?1 AND branch_id IN (SELECT value FROM json_each(?2))
       UNION SELECT t.id FROM "${table.name}" t JOIN below b ON t.type_id = b.id WHERE t.branch_id IN (SELECT value FROM json_each(?2)))
     SELECT id FROM below ORDER BY id`,
    [id, JSON.stringify(branches)],
  );
  return rows.map((r) => Number(r[0]));
}

/** The space a type's `_aux.ss` asks for: 1 is the type's own, a text a space's uid; null where it asks for none. */
export function* enforcedSpace(aux: SqlValue, own: number): Steps<number | null> {
  const policy = auxOf(aux)['ss'];
  if (policy === 1 || policy === '1') return own;
  if (typeof policy !== 'string' || policy === '') return null;
  const space = yield* one('SELECT id FROM lamindb_space WHERE uid = ?', [policy]);
  return space ? Number(space[0]) : null;
}

/** `_aux` as an object; SQL NULL and the JSON text null are both empty. */
export function auxOf(value: SqlValue): Record<string, unknown> {
  if (typeof value !== 'string') return {};
  const parsed: unknown = JSON.parse(value);
  return parsed !== null && typeof parsed === 'object' && !Array.isArray(parsed)
    ? (parsed as Record<string, unknown>)
    : {};
}

function refusal(
  code: 'ValueError' | 'ValidationError' | 'IntegrityError',
  table: Table,
  message: string,
  field = 'type',
): LoamError {
  return new LoamError(code, message, { registry: labelOf(table), field });
}
