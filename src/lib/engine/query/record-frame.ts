// Records of one type as their sheet: features first, in the schema's order or by name, then uid and name under LaminDB's
// reserved names; a schema with an index has the records' names as index and no such columns.
import type { Steps } from '../statement.ts';
import { all, one } from '../statement.ts';
import { recordOwnValues } from './feature-values.ts';
import { inferredDtype, type Frame, type FrameColumn } from './frame-types.ts';
import type { QueryScope } from './prepare.ts';
import { compareText, unmarked } from './python-values.ts';
import type { Query, QueryValue } from './query.ts';
import { readRows } from './read.ts';
import { schemaMembers } from './schema-members.ts';

/** The one type that all records of a query have; null where there are several, or none. */
export function* sheetType(scope: QueryScope, query: Query): Steps<number | null> {
  const rows = yield* readRows(scope, { ...query, order: [], distinct: true, limit: 2, offset: 0 }, ['type']);
  const [first, second] = rows;
  return first && !second && typeof first[0] === 'number' ? first[0] : null;
}

interface Parts {
  columns: FrameColumn[];
  measured: FrameColumn[];
  included: FrameColumn[];
}

/** Types of columns that no record has a value for. */
function emptyDtype(dtype: string): string {
  const types: Record<string, string> = {
    str: 'string',
    url: 'string',
    int: 'Int64',
    num: 'float64',
    float: 'float64',
    bool: 'boolean',
    datetime: 'datetime64[ns]',
    date: 'object',
    dict: 'object',
  };
  return types[dtype] ?? (dtype.startsWith('cat') ? 'category' : dtype.startsWith('list') ? 'object' : dtype);
}

export function* sheetFrame(
  scope: QueryScope,
  type: number,
  ids: number[],
  parts: Parts,
  ordered: boolean,
): Steps<Frame> {
  const row = yield* one('SELECT schema_id FROM lamindb_record WHERE id = ?', [type]);
  const schema = row?.[0] === null || row?.[0] === undefined ? null : Number(row[0]);
  const members = schema === null ? null : yield* schemaMembers(scope.model, schema);
  const facts = members
    ? yield* all(
        `SELECT f.uid, f.name, f._dtype_str FROM json_each(?) j CROSS JOIN lamindb_feature f ON f.id = j.value ORDER BY j.key`,
        [JSON.stringify(members.ids)],
      )
    : [];
  const index = facts.find(([uid]) => members?.index === uid)?.[1];
  const measured = parts.measured.filter((column) => column.name !== index);
  for (const [, name, dtype] of facts) {
    if (name === index || measured.some((column) => column.name === name)) continue;
    const values = ids.map((): QueryValue => null);
    measured.push({ name: String(name), dtype: emptyDtype(String(dtype ?? '')), values });
  }
  yield* fill(scope, ids, measured, index as string | undefined);
  const wanted = members
    ? facts.map(([, name]) => String(name))
    : measured.map((c) => c.name).sort(compareText);
  const place = (column: FrameColumn) => wanted.indexOf(column.name);
  const leading = measured.filter((c) => wanted.includes(c.name)).sort((a, b) => place(a) - place(b));
  const others = measured.filter((c) => !wanted.includes(c.name));
  const named = (field: string): FrameColumn[] => {
    const column = parts.columns.find((c) => c.name === field);
    return column ? [{ ...column, name: `__lamindb_record_${field}__` }] : [];
  };
  const further = parts.columns.filter((c) => !['uid', 'id', 'name'].includes(c.name));
  const told = index === undefined ? [...named('uid'), ...named('name')] : [];
  const frame: Frame = {
    columns: [...leading, ...told, ...parts.included, ...others, ...further],
    indexName: index === undefined ? '__lamindb_record_id__' : String(index),
    index: index === undefined ? ids : (parts.columns.find((c) => c.name === 'name')?.values ?? ids),
  };
  return sorted(frame, !ordered);
}

/** Features that live in fields of the record, or in other records' cells. */
function* fill(
  scope: QueryScope,
  ids: readonly number[],
  columns: FrameColumn[],
  index: string | undefined,
): Steps<void> {
  const through = yield* all(
    `SELECT name FROM lamindb_feature WHERE json_type(_aux) = 'object' AND (json_extract(_aux, '$.sf') IS NOT NULL OR json_extract(_aux, '$.vf') IS NOT NULL)`,
  );
  if (through.length === 0) return;
  const own: Record<string, QueryValue>[] = [];
  for (const id of ids) own.push(yield* recordOwnValues(scope, id));
  for (const [name] of through) {
    const column = String(name);
    if (column === index) continue;
    const values = own.map((values) => values[column] ?? null);
    const known = columns.find((c) => c.name === column);
    if (known) Object.assign(known, { values, dtype: inferredDtype(values) });
    else if (values.some((value) => value !== null))
      columns.push({ name: column, dtype: inferredDtype(values), values });
  }
}

function sorted(frame: Frame, byIndex: boolean): Frame {
  const order = frame.index.map((_, i) => i);
  const key = (i: number): QueryValue => frame.index[i] ?? null;
  if (byIndex) {
    order.sort((a, b) => {
      const [x, y] = [key(a), key(b)];
      if (typeof x === 'number' && typeof y === 'number') return x - y;
      return compareText(String(x ?? ''), String(y ?? ''));
    });
  }
  return {
    ...frame,
    index: order.map(key),
    columns: frame.columns.map((column) => ({
      ...column,
      values: order.map((i) => unmarked(column.values[i] ?? null)),
    })),
  };
}
