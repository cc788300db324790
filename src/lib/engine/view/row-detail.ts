// One row of any registry with all that its page shows: every field, every relation in both directions with its count, the
// values of features, versions, the types it belongs to, its note.
import { LoamError } from '../errors.ts';
import { nameField, registryName } from '../model/name-field.ts';
import { fieldsOf } from '../model/relations.ts';
import type { Table } from '../model/types.ts';
import { tableOf } from '../query/draft.ts';
import type { QueryScope } from '../query/prepare.ts';
import type { QueryValue } from '../query/query.ts';
import { isoformat } from '../query/read.ts';
import { all, one, type Steps } from '../statement.ts';
import { versionNumber } from '../uid.ts';
import { nothingHidden, type Hidden } from '../write/hidden.ts';
import { cellsOf, namesOf, rowName, type Cell, type RowLink } from './cells.ts';
import { columnsOf } from './columns.ts';
import { featureHolders } from './feature-values.ts';
import { isTyped, registryInfo } from './registry-info.ts';
import { nameSchemas } from './schema-names.ts';
import { emptyView } from './view.ts';

export interface RowFeature {
  feature: { uid: string; name: string; dtype: string };
  values: QueryValue[];
}

export interface RowDetail {
  registry: string;
  id: number;
  /** Uid, or the id as text where the registry has none. */
  key: string;
  name: string;
  /** By field name: own fields and references. */
  fields: Record<string, Cell>;
  /** By relation name, those that lead somewhere. `total` is exact. */
  relations: Record<string, { rows: RowLink[]; total: number }>;
  features: RowFeature[];
  /** Newest first; empty for registries without versions. */
  versions: { key: string; version: number; latest: boolean; createdAt: string; by: string }[];
  /** From the outermost to its own type. */
  types: RowLink[];
  note: { uid: string; content: string; updatedAt: string; by: string } | null;
  trashed: boolean;
  archived: boolean;
  locked: boolean;
}

/** The id of a row by its key; of a versioned registry the stem of a uid is its latest version. Throws `DoesNotExist`. */
function* rowId(table: Table, key: string, hidden: Hidden = nothingHidden): Steps<number> {
  const seen = hidden(table.name, 'id');
  const shown = key.slice(0, 40);
  if (!table.column.has('uid')) {
    const row = /^\d{1,15}$/.test(key)
      ? yield* one(`SELECT id FROM "${table.name}" WHERE id = ?${seen}`, [Number(key)])
      : undefined;
    if (row) return Number(row[0]);
  } else {
    const exact = yield* one(`SELECT id FROM "${table.name}" WHERE uid = ?${seen}`, [key]);
    if (exact) return Number(exact[0]);
    if (table.versioned && /^[0-9A-Za-z]{4,}$/.test(key) && key.length <= table.uidLength) {
      const row = yield* one(
        `SELECT id FROM "${table.name}" WHERE uid >= ?1 AND uid < ?1 || '~'${seen} ORDER BY is_latest DESC, created_at DESC, id DESC LIMIT 1`,
        [key],
      );
      if (row) return Number(row[0]);
    }
  }
  throw new LoamError(
    'DoesNotExist',
    `There is no ${registryName(table)} "${shown}" here. It may have been deleted or undone.`,
    { registry: registryName(table), uid: shown },
  );
}

export function* rowDetail(scope: QueryScope, registry: string, key: string): Steps<RowDetail> {
  const table = tableOf(scope, registry);
  if (table.registry === null)
    throw new LoamError('InvalidArgument', `${registry} is a link between rows.`, { registry });
  const id = yield* rowId(table, key, scope.hidden);
  const info = registryInfo(scope.model, table);
  const fields: Record<string, Cell> = {};
  const columns = yield* columnsOf(scope, table, {
    ...emptyView(info.name),
    columns: info.fields.map(({ name }) => name),
  });
  const cells = (yield* cellsOf(scope, table, columns, [id])).get(id) ?? [];
  for (const [i, column] of columns.entries()) {
    const cell = cells[i];
    if (cell) fields[column.info.name] = cell;
  }
  const names = namesOf(table);
  const own = yield* one(
    `SELECT "${names.key}", "${names.name}"${table.column.has('branch_id') ? ', branch_id' : ', 1'}${table.column.has('is_locked') ? ', is_locked' : ', 0'} FROM "${table.name}" WHERE id = ?`,
    [id],
  );
  const full = String(own?.[0] ?? key);
  const called = { key: full, name: rowName(table, own?.[1] ?? null, own?.[0] ?? id) };
  yield* nameSchemas(scope, table, [called]);
  return {
    registry: info.name,
    id,
    ...called,
    fields,
    relations: yield* relationsOf(scope, table, id),
    features: info.hasFeatures ? yield* featuresOf(scope, table, id) : [],
    versions: table.versioned ? yield* versionsOf(table, full) : [],
    types: isTyped(table) ? yield* typesOf(table, id) : [],
    note: info.hasNotes ? yield* noteOf(table, id) : null,
    trashed: own?.[2] === -1,
    archived: own?.[2] === 0,
    locked: own?.[3] === 1,
  };
}

const shownRows = 12;

/** Rows at the other end of each relation: the newest few, and how many. */
function* relationsOf(scope: QueryScope, table: Table, id: number): Steps<RowDetail['relations']> {
  const found: RowDetail['relations'] = {};
  const { model, hidden = nothingHidden } = scope;
  const infos = registryInfo(model, table).relations;
  for (const { name } of infos) {
    const relation = fieldsOf(model, table).get(name);
    if (relation?.kind !== 'relation') continue;
    const target = namesOf(relation.target);
    const [first, second] = relation.hops;
    if (!first) continue;
    // Either the rows there hold this id, or a link between both does, whose second step goes along a reference.
    const held = `FROM "${first.table.name}" WHERE "${first.to}" = ?1${hidden(first.table.name, 'id')}`;
    const ids = second ? `SELECT DISTINCT "${second.from}" ${held}` : null;
    const count = yield* one(ids ? `SELECT count(*) FROM (${ids})` : `SELECT count(*) ${held}`, [id]);
    const total = Number(count?.[0] ?? 0);
    if (total === 0) continue;
    const rows = yield* all(
      `SELECT "${target.key}", "${target.name}" ${ids ? `FROM "${relation.target.name}" WHERE id IN (${ids})` : held} ORDER BY id DESC LIMIT ${shownRows}`,
      [id],
    );
    const links = rows.map((row) => ({
      key: String(row[0]),
      name: rowName(relation.target, row[1] ?? null, row[0] ?? null),
    }));
    yield* nameSchemas(scope, relation.target, links);
    found[name] = { total, rows: links };
  }
  return found;
}

/** All values by feature, in the order of their names. */
export function* featuresOf(scope: QueryScope, table: Table, id: number): Steps<RowFeature[]> {
  const found = new Map<number, RowFeature>();
  const holders = featureHolders(scope.model, table, '', scope.hidden);
  for (const { ofRow } of holders) {
    const rows = yield* all(ofRow, [id]);
    for (const [feature, uid, name, dtype, value] of rows) {
      const key = Number(feature);
      const entry = found.get(key) ?? {
        feature: { uid: String(uid), name: String(name), dtype: String(dtype) },
        values: [],
      };
      entry.values.push(parsed(value));
      found.set(key, entry);
    }
  }
  return [...found.values()].sort((a, b) => (a.feature.name < b.feature.name ? -1 : 1));
}

function parsed(value: unknown): QueryValue {
  try {
    return JSON.parse(String(value)) as QueryValue;
  } catch {
    return String(value);
  }
}

function* versionsOf(table: Table, uid: string): Steps<RowDetail['versions']> {
  const stem = uid.slice(0, table.uidLength);
  const rows = yield* all(
    `SELECT a.uid, a.is_latest, a.created_at, u.handle FROM "${table.name}" a LEFT JOIN lamindb_user u ON u.id = a.created_by_id
     WHERE a.uid >= ? AND a.uid < ? AND loam_present(a.branch_id) ORDER BY a.uid DESC LIMIT 500`,
    [`${stem}0000`, `${stem}zzzz~`],
  );
  return rows.map((row) => ({
    key: String(row[0]),
    version: versionNumber(String(row[0])),
    latest: row[1] === 1,
    createdAt: isoformat(String(row[2])),
    by: String(row[3] ?? ''),
  }));
}

/** A circle, which nothing forbids in old files, ends where it comes back. */
function* typesOf(table: Table, id: number): Steps<RowLink[]> {
  const name = nameField(table) ?? 'uid';
  const rows = yield* all(
    `WITH RECURSIVE up(id, level) AS (
       SELECT type_id, 1 FROM "${table.name}" WHERE id = ?1
       UNION SELECT t.type_id, up.level + 1 FROM "${table.name}" t JOIN up ON t.id = up.id WHERE up.level < 20)
     SELECT t.uid, t."${name}" FROM up JOIN "${table.name}" t ON t.id = up.id GROUP BY t.id ORDER BY max(up.level) DESC`,
    [id],
  );
  return rows.map((row) => ({
    key: String(row[0]),
    name: rowName(table, row[1] ?? null, row[0] ?? null),
  }));
}

/** Of a versioned row the note of any of its versions: LaminDB keeps them by row, people by what the row is. */
export function* noteOf(table: Table, id: number): Steps<RowDetail['note']> {
  const bare = table.name.replace(/^[a-z]+_/, '');
  const rows = table.versioned
    ? `(SELECT v.id FROM "${table.name}" v JOIN "${table.name}" o ON o.id = ?1 WHERE v.uid >= substr(o.uid, 1, ${table.uidLength}) || '0000' AND v.uid < substr(o.uid, 1, ${table.uidLength}) || 'zzzz~')`
    : '(?1)';
  const row = yield* one(
    `SELECT b.uid, b.content, b.created_at, u.handle FROM "${table.name}block" b LEFT JOIN lamindb_user u ON u.id = b.created_by_id
     WHERE b."${bare}_id" IN ${rows} AND b.kind = 'readme' AND b.is_latest = 1 ORDER BY b."${bare}_id" = ?1 DESC, b.id DESC LIMIT 1`,
    [id],
  );
  return row
    ? {
        uid: String(row[0]),
        content: String(row[1]),
        updatedAt: isoformat(String(row[2])),
        by: String(row[3] ?? ''),
      }
    : null;
}
