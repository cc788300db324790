// One row: by uid, by the beginning of one, by look-ups, as LaminDB's `get` finds it. Of versioned registries the latest
// version is meant unless said otherwise.
import { LoamError } from '../errors.ts';
import { registryName, ownNameField } from '../model/name-field.ts';
import type { Table } from '../model/types.ts';
import { all, type Steps } from '../statement.ts';
import { selectStatement } from './compile.ts';
import { draftOf, select, tableOf } from './draft.ts';
import { prepareFilter, type QueryScope } from './prepare.ts';
import type { Lookups, Query } from './query.ts';
import type { Test } from './where.ts';

/** The id of the row; `DoesNotExist` and `MultipleObjectsReturned` as in LaminDB. */
export function* getId(
  scope: QueryScope,
  registry: string,
  idlike: string | number | Lookups,
): Steps<number> {
  const table = tableOf(scope, registry);
  if (typeof idlike === 'number') return yield* exactly(scope, table, { id: idlike });
  if (typeof idlike === 'string') return yield* byUid(scope, table, idlike);
  return yield* byLookups(scope, table, idlike);
}

const lookup = (name: string, value: string | number | boolean): Test => ({
  kind: 'lookup',
  lookup: name,
  value,
});

function* ids(
  scope: QueryScope,
  table: Table,
  calls: Test[],
  order: string[],
  limit: number,
): Steps<number[]> {
  const query: Query = { registry: registryName(table), order, limit };
  const of = draftOf(scope, query, table, calls);
  const { sql, params } = yield* selectStatement(of, [select(of, 'id')]);
  return (yield* all(sql, params)).map((row) => Number(row[0]));
}

function* byUid(scope: QueryScope, table: Table, uid: string): Steps<number> {
  if (!table.column.has('uid'))
    throw new LoamError('FieldError', `${registryName(table)} has no uid.`, {
      registry: registryName(table),
    });
  if (uid.length === table.uidLength) {
    // A whole uid is found by its index; its beginning may be written in either case.
    const [whole] = yield* ids(scope, table, [lookup('uid', uid)], [], 1);
    if (whole !== undefined) return whole;
  }
  const begins = lookup('uid__startswith', uid);
  if (table.versioned && uid.length <= table.uidLength) {
    for (const latest of [true, false]) {
      const calls: Test[] = [{ kind: 'and', items: [begins, lookup('is_latest', latest)] }];
      const [first] = yield* ids(scope, table, calls, [], 1);
      if (first !== undefined) return first;
    }
    throw noUid(table, uid);
  }
  const found = yield* ids(scope, table, [begins], [], 2);
  const [first, second] = found;
  if (first === undefined) throw noUid(table, uid);
  if (second !== undefined)
    throw new LoamError(
      'MultipleObjectsReturned',
      `Several uids of ${registryName(table)} begin with "${uid}". Give more of the uid.`,
      { registry: registryName(table), uid },
    );
  return first;
}

function noUid(table: Table, uid: string): LoamError {
  const name = registryName(table);
  const field = ownNameField(table) ?? 'name';
  return new LoamError(
    'DoesNotExist',
    `No record found with uid '${uid.slice(0, 60)}'. Did you forget a keyword as in ${table.registry}.get(${field}='${uid.slice(0, 60)}')?`,
    { registry: name, uid: uid.slice(0, 60), python: 'ObjectDoesNotExist' },
  );
}

function* byLookups(scope: QueryScope, table: Table, lookups: Lookups): Steps<number> {
  const latest = table.versioned && !('is_latest' in lookups);
  if (!latest) return yield* exactly(scope, table, lookups);
  try {
    return yield* exactly(scope, table, { ...lookups, is_latest: true });
  } catch (error) {
    if (!(error instanceof LoamError) || error.code !== 'DoesNotExist') throw error;
    // All versions of it may be older ones: the newest of them is meant.
    const calls = yield* prepareFilter(scope, table, lookups, false);
    const [newest] = yield* ids(scope, table, calls, ['-created_at'], 1);
    if (newest === undefined) throw error;
    return newest;
  }
}

function* exactly(scope: QueryScope, table: Table, lookups: Lookups): Steps<number> {
  let calls: Test[];
  try {
    calls = yield* prepareFilter(scope, table, lookups, false);
  } catch (error) {
    throw helped(error, lookups);
  }
  let found: number[];
  try {
    found = yield* ids(scope, table, calls, [], 2);
  } catch (error) {
    throw helped(error, lookups);
  }
  const [first, second] = found;
  const name = table.registry ?? table.name;
  const details = { registry: registryName(table), lookups: JSON.stringify(lookups).slice(0, 200) };
  if (first === undefined)
    throw new LoamError(
      'DoesNotExist',
      `${name} matching query does not exist: ${details.lookups}.`,
      details,
    );
  if (second !== undefined)
    throw new LoamError(
      'MultipleObjectsReturned',
      `get() returned more than one ${name} for ${details.lookups}. Add a look-up that tells them apart.`,
      details,
    );
  return first;
}

/** A relation that is compared with a name: the fix is named, as LaminDB does. */
function helped(error: unknown, lookups: Lookups): unknown {
  if (!(error instanceof LoamError) || !/^(Value|Type)Error$/.test(error.code) || 'id' in lookups)
    return error;
  if (!error.message.includes("Field 'id' expected a number")) return error;
  const [field = ''] = Object.keys(lookups);
  return new LoamError(
    'FieldError',
    `Invalid lookup '${String(lookups[field])}' for ${field}. Did you mean ${field}__name?`,
    { field, suggestion: `${field}__name` },
  );
}
