// Unique values, looked up before a row is written, so that a clash is told in words: by LaminDB's rules a clash on an
// identifying column gives back the row that is there (2.12.1 `BaseSQLRecord.save`), any other is an IntegrityError.
import { LoamError } from '../errors.ts';
import type { Column, Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { all, one, type Steps } from '../statement.ts';
import { fieldOf } from './fields.ts';
import { labelOf, nameOf } from './tables.ts';

/** Columns whose clash means "this row is known" (LaminDB's UNIQUE_FIELD_NAMES). */
const identifying = new Set([
  ...['root', 'ontology_id', 'uid', 'scientific_name', 'ensembl_gene_id', 'uniprotkb_id'],
]);

export interface Clash {
  id: number;
  branchId: number;
  columns: string[];
  /** LaminDB gives the row back instead of refusing. */
  known: boolean;
}

/** The first row that holds a unique value of the given ones; `values` are all columns of the row to be. */
export function* findClash(
  table: Table,
  values: Readonly<Record<string, SqlValue>>,
  except: number | null = null,
): Steps<Clash | null> {
  const branch = table.column.has('branch_id') ? 'branch_id' : '1';
  const single = table.columns.filter((c: Column) => c.unique).map((c) => [c.name]);
  const several = table.uniques.filter((u) => fits(u.where, values));
  for (const { columns, lower } of [
    ...single.map((columns) => ({ columns, lower: false })),
    ...several.map((u) => ({ columns: u.columns, lower: u.expression !== null })),
  ]) {
    const own = columns.map((c) => values[c]);
    // NULL in any member lifts the rule.
    if (own.some((v) => v === null || v === undefined)) continue;
    const row = lower
      ? yield* sameLetters(table, columns[0] ?? '', own[0] ?? null, except)
      : yield* one(
          `SELECT id, ${branch} FROM "${table.name}" WHERE ${columns.map((c) => `"${c}" = ?`).join(' AND ')} AND id IS NOT ? LIMIT 1`,
          [...(own as SqlValue[]), except],
        );
    if (!row) continue;
    // Of versioned rows the same key and content are the same row.
    const content = table.versioned && columns.includes('hash');
    const known = (content || columns.some((c) => identifying.has(c))) && table.column.has('branch_id');
    return { id: Number(row[0]), branchId: Number(row[1]), columns, known };
  }
  return null;
}

/**
 * Names without regard to case as Postgres compares them: SQLite's LOWER knows A to Z alone, so "Äpfel" and "ÄPFEL" would
 * clash there only. Such registries (branches, spaces) are small.
 */
function* sameLetters(
  table: Table,
  column: string,
  value: SqlValue,
  except: number | null,
): Steps<SqlValue[] | undefined> {
  const branch = table.column.has('branch_id') ? 'branch_id' : '1';
  const wanted = String(value).toLowerCase();
  const rows = yield* all(`SELECT id, ${branch}, "${column}" FROM "${table.name}" WHERE id IS NOT ?`, [
    except,
  ]);
  return rows.find((row) => String(row[2]).toLowerCase() === wanted);
}

/** The partial uniques of the model are about one column being NULL or not. */
function fits(where: string | null, values: Readonly<Record<string, SqlValue>>): boolean {
  const match = where === null ? null : /^"(\w+)" IS (NOT )?NULL$/.exec(where);
  if (!match) return true;
  const present = values[match[1] ?? ''] !== null && values[match[1] ?? ''] !== undefined;
  return match[2] ? present : !present;
}

export function* refuseClash(
  table: Table,
  clash: Clash,
  values: Readonly<Record<string, SqlValue>>,
): Steps<never> {
  const row = yield* one(`SELECT "${nameOf(table)}" FROM "${table.name}" WHERE id = ?`, [clash.id]);
  const fields = clash.columns.map((c) => {
    const column = table.column.get(c);
    return `${column ? fieldOf(column) : c} "${String(values[c])}"`;
  });
  const trashed = clash.branchId === -1 ? ' in the trash' : '';
  throw new LoamError(
    'IntegrityError',
    `${labelOf(table)} "${String(row?.[0] ?? clash.id)}"${trashed} has the ${fields.join(' and ')} already. Choose another.`,
    { registry: labelOf(table), field: clash.columns.join(',') },
  );
}
