// Feature values as columns of a data frame, with LaminDB's rules of which features are shown, when a column holds single
// values, and of which type it then is. Columns with several values hold lists.
import { LoamError } from '../errors.ts';
import type { Table } from '../model/types.ts';
import { all, type Steps } from '../statement.ts';
import { isCategorical } from './feature-dtype.ts';
import { labelValues, plainValues, type FeatureFacts, type StoredValue } from './feature-values.ts';
import { inferredDtype, ValueSet, type FrameColumn } from './frame-types.ts';
import type { QueryScope } from './prepare.ts';
import { compareText } from './python-values.ts';
import type { QueryValue } from './query.ts';

type Cell = QueryValue | ValueSet;

/** Columns of the named features, or of all that the rows carry. */
export function* featureColumns(
  scope: QueryScope,
  table: Table,
  ids: readonly number[],
  features: string[] | 'all',
): Steps<FrameColumn[]> {
  const plain = yield* plainValues(scope, table, ids);
  const labels = yield* labelValues(scope, table, ids);
  const chosen = yield* chosenFeatures(scope, features, [...plain, ...labels]);
  if (chosen.length === 0) return [];
  const cells = new Map<string, Map<number, Cell>>();
  const chosenIds = new Set(chosen.map((feature) => feature.id));
  const chosenNames = new Set(chosen.map((feature) => feature.name));
  const further = new Set<string>();
  for (const value of plain) {
    if (!chosenIds.has(value.feature.id)) {
      // Plain values under other names come along, as sets.
      if (chosenNames.has(value.feature.name)) continue;
      further.add(value.feature.name);
    }
    put(cells, value, /^(list|dict)/.test(value.feature.dtype));
  }
  for (const value of labels) {
    if (!chosenIds.has(value.feature.id) || value.value === null) continue;
    put(cells, value, false);
  }
  const columns: FrameColumn[] = [];
  for (const feature of chosen) {
    const found = cells.get(feature.name);
    if (found)
      columns.push(
        typed(
          feature,
          ids.map((id) => found.get(id) ?? null),
        ),
      );
  }
  for (const name of [...further].sort(compareText)) {
    const found = cells.get(name);
    const values = ids.map((id) => flat(found?.get(id) ?? null));
    columns.push({ name, dtype: 'object', values });
  }
  return columns;
}

/** Several values of a row make a set; lists and dictionaries stay whole, the first one counting. */
function put(
  cells: Map<string, Map<number, Cell>>,
  { row, feature, value }: StoredValue,
  whole: boolean,
): void {
  const column = cells.get(feature.name) ?? new Map<number, Cell>();
  cells.set(feature.name, column);
  const known = column.get(row);
  if (whole || Array.isArray(value)) {
    if (known === undefined) column.set(row, value);
    return;
  }
  const set = known instanceof ValueSet ? known : new ValueSet();
  set.add(value);
  column.set(row, set);
}

const flat = (cell: Cell): QueryValue => (cell instanceof ValueSet ? cell.sorted() : cell);

/** Features by id; of one name one, labels before plain values. */
function* chosenFeatures(
  scope: QueryScope,
  features: string[] | 'all',
  values: readonly StoredValue[],
): Steps<FeatureFacts[]> {
  const seen = `+branch_id IN (${scope.branches.join(', ')}) AND _dtype_str IS NOT NULL${scope.hidden('lamindb_feature', 'id')}`;
  const rows =
    features === 'all'
      ? yield* all(
          `SELECT id, name, _dtype_str FROM lamindb_feature WHERE id IN (SELECT value FROM json_each(?)) AND ${seen} ORDER BY id`,
          [JSON.stringify([...new Set(values.map((value) => value.feature.id))])],
        )
      : yield* all(
          `SELECT id, name, _dtype_str FROM lamindb_feature WHERE name IN (SELECT value FROM json_each(?)) AND ${seen} ORDER BY id`,
          [JSON.stringify(features)],
        );
  const byName = new Map<string, FeatureFacts>();
  for (const [id, name, dtype] of rows) {
    const feature = { id: Number(id), name: String(name), dtype: String(dtype) };
    const known = byName.get(feature.name);
    if (known && features !== 'all') {
      throw new LoamError(
        'ValueError',
        `Ambiguous feature names passed in \`features\`: ${feature.name}. Rename one of them.`,
        { feature: feature.name },
      );
    }
    if (!known || (isCategorical(feature.dtype) && !isCategorical(known.dtype)))
      byName.set(feature.name, feature);
  }
  return [...byName.values()].sort((a, b) => a.id - b.id);
}

function typed(feature: FeatureFacts, cells: Cell[]): FrameColumn {
  const { name, dtype } = feature;
  if (/^(list|dict)/.test(dtype)) return { name, dtype: 'object', values: cells.map(whole) };
  let single = true;
  const values = cells.map((cell) => {
    if (!(cell instanceof ValueSet)) return cell;
    if (cell.items.length === 1) return cell.items[0] ?? null;
    single = false;
    return cell.sorted();
  });
  if (!single) return { name, dtype: 'object', values };
  const inferred = inferredDtype(values);
  if (dtype.startsWith('cat')) return { name, dtype: 'category', values };
  switch (dtype) {
    case 'datetime':
      return { name, dtype: 'datetime64[ns]', values: values.map((value) => time(value)) };
    case 'datetime64[ns, UTC]':
      return { name, dtype, values: values.map((value) => time(value, '+00:00')) };
    case 'date':
      return {
        name,
        dtype: 'object',
        values: values.map((value) => (value === null ? null : String(value).slice(0, 10))),
      };
    case 'bool':
      return { name, dtype: 'boolean', values };
    case 'int':
      return { name, dtype: inferred === 'int64' ? 'int64' : 'Int64', values };
    case 'float':
      return { name, dtype: 'float64', values };
    default:
      return { name, dtype: inferred, values };
  }
}

/** Sets of a list feature in the order of their links. */
const whole = (cell: Cell): QueryValue => (cell instanceof ValueSet ? cell.items : cell);

/** ISO text in UTC as pandas prints it: six digits of a fraction, or none. */
function time(value: QueryValue, zone = ''): QueryValue {
  if (typeof value !== 'string') return value;
  const ms = Date.parse(/[zZ]|[+-]\d\d:?\d\d$/.test(value) ? value : `${value.replace(' ', 'T')}Z`);
  if (Number.isNaN(ms)) return value;
  const micros = (/\.(\d+)/.exec(value)?.[1] ?? '').padEnd(6, '0').slice(0, 6);
  const seconds = new Date(ms).toISOString().slice(0, 19);
  return `${seconds}${micros === '000000' ? '' : `.${micros}`}${zone}`;
}
