// What an object in Python answers to `object.name`: its fields, the rows it refers to (by uid), and the properties that
// LaminDB's classes add.
import { LoamError } from '../errors.ts';
import { registryName } from '../model/name-field.ts';
import { findField } from '../model/relations.ts';
import type { Column, Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { storageKey } from '../registry/artifact.ts';
import { one, type Steps } from '../statement.ts';
import { statusCodes } from './keywords.ts';
import { columnType } from './operands.ts';
import type { QueryScope } from './prepare.ts';
import type { QueryValue } from './query.ts';
import { tell } from './read.ts';

/** Attributes of one row, in the order asked for. */
export function* attributes(
  scope: QueryScope,
  table: Table,
  id: number,
  names: readonly string[],
): Steps<QueryValue[]> {
  const values: QueryValue[] = [];
  for (const name of names) values.push(yield* attribute(scope, table, id, name));
  return values;
}

function* attribute(scope: QueryScope, table: Table, id: number, name: string): Steps<QueryValue> {
  const property = properties[name];
  if (property?.on(table)) return yield* property.read(scope, table, id);
  const column = table.column.get(name === 'pk' ? 'id' : name);
  if (column) return tell(columnType(column), yield* stored(table, id, column));
  const field = findField(scope.model, table, name);
  if (field?.kind !== 'relation' || field.direction !== 'forward' || !field.column) {
    throw new LoamError(
      'AttributeError',
      `'${table.registry ?? table.name}' object has no attribute '${name}'.`,
      {
        registry: registryName(table),
        field: name,
      },
    );
  }
  const target = yield* stored(table, id, field.column);
  return target === null ? null : yield* uidOf(field.target, Number(target));
}

function* stored(table: Table, id: number, column: Pick<Column, 'name'>): Steps<SqlValue> {
  const row = yield* one(`SELECT "${column.name}" FROM "${table.name}" WHERE id = ?`, [id]);
  return row?.[0] ?? null;
}

function* uidOf(table: Table, id: number): Steps<QueryValue> {
  if (!table.column.has('uid')) return `${table.registry} object (${id})`;
  return { $uid: String(yield* stored(table, id, { name: 'uid' })) };
}

interface Property {
  on(table: Table): boolean;
  read(scope: QueryScope, table: Table, id: number): Steps<QueryValue>;
}

const alias = (column: string, ...registries: string[]): Property => ({
  on: (table) => registries.includes(table.registry ?? ''),
  *read(_scope, table, id) {
    const own = table.column.get(column);
    return own ? tell(columnType(own), yield* stored(table, id, own)) : null;
  },
});

const properties: Record<string, Property> = {
  version: {
    on: (table) => table.versioned,
    *read(_scope, table, id) {
      const row = yield* one(`SELECT version_tag, uid FROM "${table.name}" WHERE id = ?`, [id]);
      return (row?.[0] as string | null) || String(row?.[1]).slice(-4);
    },
  },
  stem_uid: {
    on: (table) => table.versioned,
    *read(_scope, table, id) {
      return String(yield* stored(table, id, { name: 'uid' })).slice(0, -4);
    },
  },
  status: {
    on: (table) => (table.registry ?? '') in statusCodes,
    *read(_scope, table, id) {
      const code = yield* stored(table, id, { name: '_status_code' });
      const known = Object.entries(statusCodes[table.registry ?? ''] ?? {}).find(([, c]) => c === code);
      return known?.[0] ?? null;
    },
  },
  transform: {
    on: (table) => table.registry === 'Artifact' || table.registry === 'Collection',
    *read(scope, table, id) {
      const row = yield* one(
        `SELECT r.transform_id FROM "${table.name}" a JOIN lamindb_run r ON r.id = a.run_id WHERE a.id = ?`,
        [id],
      );
      const transform = scope.model.registry.get('Transform');
      return row && transform ? yield* uidOf(transform, Number(row[0])) : null;
    },
  },
  name: {
    on: (table) => table.registry === 'Collection',
    *read(_scope, table, id) {
      return (
        String(yield* stored(table, id, { name: 'key' }))
          .split('/')
          .pop() ?? ''
      );
    },
  },
  path: {
    on: (table) => table.registry === 'Artifact',
    *read(_scope, _table, id) {
      return yield* artifactPath(id);
    },
  },
  notes: {
    on: (table) => table.registry !== null,
    *read(_scope, table, id) {
      return yield* latestReadme(table, id);
    },
  },
  is_data: {
    on: (table) => table.registry === 'Record',
    *read(_scope, table, id) {
      return (yield* stored(table, id, { name: 'is_type' })) !== 1;
    },
  },
  type: alias('kind', 'Transform'),
  overwrite_versions: alias('_overwrite_versions', 'Artifact'),
  coerce_dtype: alias('coerce', 'Feature', 'Schema'),
  dtype_as_str: alias('_dtype_str', 'Feature'),
  dtype: alias('_dtype_str', 'Schema', 'Feature'),
  n: alias('n_members', 'Schema'),
};

/** Storage root and key of an artifact's bytes. */
export function* artifactPath(id: number): Steps<string> {
  const row = yield* one(
    `SELECT s.root, a._real_key, a.key, a._key_is_virtual, a.uid, a.suffix, a._overwrite_versions
     FROM lamindb_artifact a JOIN lamindb_storage s ON s.id = a.storage_id WHERE a.id = ?`,
    [id],
  );
  const [root, real, key, virtual, uid, suffix, folder] = row ?? [];
  const own = storageKey(String(uid), String(suffix), folder === 1);
  return `${String(root)}/${String(real ?? (virtual === 1 || key === null ? own : key))}`;
}

/** Content of the newest readme block of a row; null where it has none. */
export function* latestReadme(table: Table, id: number): Steps<string | null> {
  const bare = table.name.replace(/^[a-z]+_/, '');
  // Only LaminDB's own registries have blocks.
  const there = yield* one("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?", [
    `${table.name}block`,
  ]);
  if (!there) return null;
  const row = yield* one(
    `SELECT content FROM "${table.name}block" WHERE "${bare}_id" = ? AND kind = 'readme' AND is_latest ORDER BY id LIMIT 1`,
    [id],
  );
  return (row?.[0] as string | undefined) ?? null;
}
