// The one place where names become rows: references by uid, stem or name; features and labels by name within a type.
// Rules are LaminDB's (2.12.1 `keep_topmost_matches`, `CatVector`): only rows that queries show count, the match on the
// topmost type level wins, and two on the same level are ambiguous.
import { LoamError } from '../errors.ts';
import type { Table } from '../model/types.ts';
import { all, one, type Steps } from '../statement.ts';
import type { Author } from '../write/transaction.ts';
import type { Ref } from './registry-types.ts';
import { isTyped, labelOf, nameOf, visible } from './tables.ts';

export interface Scope {
  author: Author;
  /** Only rows below this type, at any depth. */
  type?: number | null;
  /** Another column than the one that names rows. */
  field?: string;
  /** Further conditions on the row, without parameters. */
  where?: string;
}

/** The row a reference names; DoesNotExist, or an ambiguity in LaminDB's words. */
export function* resolveRef(table: Table, ref: Ref, scope: Scope, field = ''): Steps<number> {
  const id = yield* findRef(table, ref, scope);
  if (id !== null) return id;
  throw new LoamError('DoesNotExist', `There is no ${labelOf(table)} ${shown(ref)}. Create it first.`, {
    registry: labelOf(table),
    field,
    value: shown(ref),
  });
}

export function* resolveRefs(table: Table, refs: readonly Ref[], scope: Scope): Steps<number[]> {
  const ids: number[] = [];
  for (const ref of refs) ids.push(yield* resolveRef(table, ref, scope));
  return [...new Set(ids)];
}

/** Null where nothing fits. Exact references find rows of every branch and of the trash, names only what queries show. */
export function* findRef(table: Table, ref: Ref, scope: Scope): Steps<number | null> {
  if (typeof ref === 'number') return yield* byId(table, ref);
  if (typeof ref === 'string') {
    const exact = table.column.has('uid') ? yield* byUid(table, ref) : null;
    if (exact !== null) return exact;
    const rows = yield* byNames(table, [ref], scope);
    return topmost(table, ref, rows)?.id ?? null;
  }
  if (ref !== null && typeof ref === 'object') {
    if ('id' in ref && typeof ref.id === 'number') return yield* byId(table, ref.id);
    if ('uid' in ref && typeof ref.uid === 'string') return yield* byUid(table, ref.uid);
  }
  throw new LoamError(
    'TypeError',
    `${labelOf(table)} cannot be named by ${shown(ref)}; pass a uid or a name.`,
  );
}

function* byId(table: Table, id: number): Steps<number | null> {
  if (!Number.isSafeInteger(id)) return null;
  const row = yield* one(`SELECT id FROM "${table.name}" WHERE id = ?`, [id]);
  return row ? Number(row[0]) : null;
}

/** The full uid, or of a versioned registry its stem: then the newest version (LaminDB's `get("stem")`). */
function* byUid(table: Table, uid: string): Steps<number | null> {
  if (!/^[0-9A-Za-z]{1,20}$/.test(uid)) return null;
  const row = yield* one(`SELECT id FROM "${table.name}" WHERE uid = ?`, [uid]);
  if (row) return Number(row[0]);
  if (!table.versioned || uid.length !== table.uidLength) return null;
  const latest = yield* one(
    `SELECT id FROM "${table.name}" WHERE uid >= ?1 || '0000' AND uid < ?1 || 'zzzz~'
     ORDER BY is_latest DESC, created_at DESC, id DESC LIMIT 1`,
    [uid],
  );
  return latest ? Number(latest[0]) : null;
}

export interface NameMatch {
  id: number;
  name: string;
  typeId: number | null;
  /** 0 for a row without a type, else how many types are above it. */
  depth: number;
}

/** Rows with one of the names that queries show, oldest first; versioned rows by their newest version only. */
export function* byNames(table: Table, names: readonly string[], scope: Scope): Steps<NameMatch[]> {
  const field = scope.field ?? nameOf(table);
  const typed = isTyped(table);
  const below =
    scope.type === undefined || scope.type === null ? '' : `AND type_id IN (${typesBelow(table)}) `;
  const rows = yield* all(
    `SELECT id, "${field}", ${typed ? 'type_id' : 'NULL'} FROM "${table.name}"
     WHERE "${field}" IN (SELECT value FROM json_each(?1)) AND ${visible(table, scope.author)}
     ${table.versioned ? 'AND +is_latest = 1' : ''} ${below}${scope.where ? `AND ${scope.where}` : ''} ORDER BY id`,
    below === '' ? [JSON.stringify(names)] : [JSON.stringify(names), scope.type ?? null],
  );
  const matches: NameMatch[] = rows.map((r) => ({
    id: Number(r[0]),
    name: String(r[1]),
    typeId: r[2] === null || r[2] === undefined ? null : Number(r[2]),
    depth: 0,
  }));
  for (const match of matches) if (match.typeId !== null) match.depth = yield* depthOf(table, match.typeId);
  return matches;
}

/** Ids of a type (parameter 2) and of all types below it. */
const typesBelow = (table: Table): string =>
  `WITH RECURSIVE below(id) AS (SELECT ?2 UNION SELECT t.id FROM "${table.name}" t JOIN below b ON t.type_id = b.id WHERE t.is_type = 1) SELECT id FROM below`;

/** How many types are above a row of that type. A circle, which older files may hold, ends the count. */
export function* depthOf(table: Table, typeId: number): Steps<number> {
  const row = yield* one(
    `WITH RECURSIVE above(id, depth) AS (SELECT ?1, 1 UNION
       SELECT t.type_id, a.depth + 1 FROM "${table.name}" t JOIN above a ON t.id = a.id WHERE t.type_id IS NOT NULL AND a.depth < 100)
     SELECT max(depth) FROM above`,
    [typeId],
  );
  return Number(row?.[0] ?? 1);
}

/** The match on the topmost type level; two of them are ambiguous. */
export function topmost(table: Table, name: string, matches: readonly NameMatch[]): NameMatch | null {
  const own = matches.filter((m) => m.name === name);
  if (own.length < 2) return own[0] ?? null;
  const label = labelOf(table);
  if (!isTyped(table)) {
    throw new LoamError(
      'MultipleObjectsReturned',
      `${own.length} ${label} rows are called "${name}". Name the one you mean by its uid.`,
      { registry: label, name },
    );
  }
  const depth = Math.min(...own.map((m) => m.depth));
  const top = own.filter((m) => m.depth === depth);
  if (top.length > 1) {
    const where =
      depth === 0 ? `root-level ${label.toLowerCase()}s` : `${label.toLowerCase()}s at depth ${depth}`;
    throw new LoamError(
      'ValidationError',
      `Ambiguous match for ${label} '${name}': found ${top.length} ${where}. Rename one of them, or name the one you mean by its uid.`,
      { registry: label, name, field: 'name' },
    );
  }
  return top[0] ?? null;
}

const shown = (ref: unknown): string => {
  const text = typeof ref === 'string' ? `"${ref}"` : JSON.stringify(ref);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
};
