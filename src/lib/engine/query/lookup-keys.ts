// `lookup`: the values of a field as names that can be written behind a dot, each with its row. Of several rows with one
// name the first counts.
import { LoamError } from '../errors.ts';
import { nameField, registryName } from '../model/name-field.ts';
import { findField } from '../model/relations.ts';
import { all, type Steps } from '../statement.ts';
import { tableOf } from './draft.ts';
import { unknownField } from './paths.ts';
import type { QueryScope } from './prepare.ts';

/** Python's words, which cannot be attributes. */
const reserved = new Set(
  'False None True and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield'.split(
    ' ',
  ),
);

/** Key -> id of the row, over all branches, as LaminDB's `Registry.lookup()` offers them. */
export function* lookupKeys(scope: QueryScope, registry: string, field?: string): Steps<Map<string, number>> {
  const table = tableOf(scope, registry);
  const name = field ?? nameField(table);
  if (name === null)
    throw new LoamError(
      'ValueError',
      `Do not know which field names a row of ${registryName(table)}; pass field.`,
      {
        registry,
      },
    );
  const known = findField(scope.model, table, name);
  if (known?.kind !== 'column') throw unknownField(scope.model, table, name);
  const rows = yield* all(
    `SELECT id, "${known.column.name}" FROM "${table.name}" WHERE 1${scope.hidden(table.name, 'id')} ORDER BY id`,
  );
  const keys = new Map<string, number>();
  for (const [id, value] of rows) {
    const key = typeof value === 'string' ? lookupKey(value) : '';
    if (key !== '' && !keys.has(key)) keys.set(key, Number(id));
  }
  return keys;
}

/** `CD8-positive T cell` -> cd8_positive_t_cell; what begins with no letter gets `ln_` before it. */
export function lookupKey(value: string): string {
  const plain = value.replace(/[^0-9a-zA-Z_]+/g, '_').toLowerCase();
  if (plain === '') return '';
  const key = /^[a-z]/.test(plain) ? plain : `ln_${plain}`;
  return reserved.has(key) ? `${key}_` : key;
}
