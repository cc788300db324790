// What a branch has otherwise, as people read it: by object, whatever tables were changed, each field with the value that the
// branch found, its parent's now and its own. Values are named for the objects of one page only, so that a page of ten
// thousand changes costs what it shows. A branch can be held against another one of the same parent.
import { LoamError } from '../errors.ts';
import { trashBranch } from '../registry/tables.ts';
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { all, one, type Steps } from '../statement.ts';
import { quietColumns } from '../write/history-cells.ts';
import { tableOf, type Journal } from '../write/journal.ts';
import { byTable, type RowChange } from './changes.ts';
import { nameOfConflict, type CellName, type Choice } from './choices.ts';
import type { Conflict, ConflictKind } from './conflicts.ts';
import { hostColumn } from './hosts.ts';
import {
  aboutRow,
  fieldName,
  shownValue,
  toldConflict,
  toldLink,
  type About,
  type ToldConflict,
} from './told.ts';

export type DiffKind = 'made' | 'changed' | 'trashed' | 'restored';

export interface DiffField {
  /** `description`, `ulabels`, a feature's name, `readme`. */
  field: string;
  what: 'cell' | 'link' | 'note';
  /** What the branch found, what its parent has now, what the branch has. */
  base: string | null;
  parent: string | null;
  branch: string | null;
  /** Set where this is to be decided, or was. */
  conflict: { kind: ConflictKind; name: CellName; choice: Choice | null } | null;
}

export interface DiffObject extends About {
  kind: DiffKind;
  fields: DiffField[];
  /** About the object as a whole: deleted by one side, the same name, the same version. */
  conflicts: ToldConflict[];
}

export interface DiffSpec {
  /** Class of a registry, e.g. `Artifact`. */
  registry?: string;
  /** One row of that registry. */
  uid?: string;
  kind?: DiffKind;
  /** Only what is to be decided or was. */
  conflicts?: boolean;
  /** Another branch of the same parent, in whose place the parent stands otherwise. */
  against?: string;
  /** `next` of the page before. */
  after?: string;
  limit?: number;
}

export interface BranchDiff {
  /** Objects over all pages, before the filters. */
  total: number;
  registries: { registry: string; count: number }[];
  kinds: { kind: DiffKind; count: number }[];
  /** Objects that the filters leave. */
  found: number;
  objects: DiffObject[];
  next: string | null;
}

interface Grouped {
  table: Table;
  id: number;
  kind: DiffKind;
  changes: RowChange[];
  disputed: boolean;
}

const mostObjects = 500;

export function* diffPage(
  journal: Journal,
  parents: readonly number[],
  changes: readonly RowChange[],
  conflicts: ReadonlyMap<Conflict, Choice | null>,
  spec: DiffSpec,
): Steps<BranchDiff> {
  const byChange = new Map<RowChange, Conflict[]>();
  for (const conflict of conflicts.keys()) {
    const known = byChange.get(conflict.change);
    if (known) known.push(conflict);
    else byChange.set(conflict.change, [conflict]);
  }
  const everything = yield* objectsOf(journal, changes, byChange);
  const row = spec.uid === undefined ? null : yield* idOf(everything, spec.registry, spec.uid);
  const wanted = everything.filter(
    (object) =>
      (spec.uid === undefined || object.id === row) &&
      (spec.registry === undefined || registryOf(object.table) === spec.registry) &&
      (spec.kind === undefined || object.kind === spec.kind) &&
      (spec.conflicts !== true || object.disputed),
  );
  const from = spec.after === undefined ? 0 : wanted.findIndex((object) => keyOf(object) === spec.after) + 1;
  const limit = Math.max(1, Math.min(mostObjects, spec.limit ?? 50));
  const shown = wanted.slice(from, from + limit);
  const objects: DiffObject[] = [];
  for (const object of shown) objects.push(yield* toldObject(journal, parents, object, byChange, conflicts));
  const last = shown.at(-1);
  return {
    total: everything.length,
    registries: counted(everything.map(({ table }) => registryOf(table))).map(([registry, count]) => ({
      registry,
      count,
    })),
    kinds: counted(everything.map(({ kind }) => kind)).map(([kind, count]) => ({ kind, count })),
    found: wanted.length,
    objects,
    next: last && from + limit < wanted.length ? keyOf(last) : null,
  };
}

const registryOf = (table: Table): string => table.registry ?? table.name;
const keyOf = ({ table, id }: Grouped): string => `${table.name} ${id}`;

function* idOf(objects: readonly Grouped[], registry: string | undefined, uid: string): Steps<number | null> {
  const table = objects.find((object) => registryOf(object.table) === registry)?.table;
  if (!table?.column.has('uid')) return null;
  const row = yield* one(`SELECT id FROM "${table.name}" WHERE uid = ?`, [uid]);
  return row ? Number(row[0]) : null;
}

function counted<T extends string>(values: readonly T[]): [T, number][] {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts];
}

/* ---------- objects ---------- */

/** In the order of registries and rows. */
function* objectsOf(
  journal: Journal,
  changes: readonly RowChange[],
  conflicts: ReadonlyMap<RowChange, unknown>,
): Steps<Grouped[]> {
  const objects = new Map<string, Grouped>();
  const order = new Map([...journal.model.tables.keys()].map((name, i) => [name, i]));
  const put = (table: Table, id: number, change: RowChange) => {
    const key = `${table.name} ${id}`;
    let object = objects.get(key);
    if (!object) objects.set(key, (object = { table, id, kind: 'changed', changes: [], disputed: false }));
    object.changes.push(change);
    object.disputed ||= conflicts.has(change);
    if (change.table === table) object.kind = kindOf(change);
  };
  for (const [table, rows] of byTable(changes)) {
    const host = hostColumn(table);
    const to = host?.references ? tableOf(journal.model, host.references.table) : null;
    const asked = to ? rows.filter(({ values }) => values?.[host?.name ?? ''] === undefined) : [];
    const hosts = new Map<number, SqlValue>();
    if (asked.length > 0)
      for (const [id, of = null] of yield* all(
        `SELECT id, "${host?.name ?? ''}" FROM "${table.name}" WHERE id IN (SELECT value FROM json_each(?))`,
        [JSON.stringify(asked.map(({ id }) => id))],
      ))
        hosts.set(Number(id), of);
    for (const change of rows) {
      const of = to ? (change.values?.[host?.name ?? ''] ?? hosts.get(change.id) ?? null) : null;
      if (to && of !== null) put(to, Number(of), change);
      else put(table, change.id, change);
    }
  }
  return [...objects.values()].sort(
    (a, b) => (order.get(a.table.name) ?? 0) - (order.get(b.table.name) ?? 0) || a.id - b.id,
  );
}

function kindOf(change: RowChange): DiffKind {
  if (change.kind === 'made') return 'made';
  const place = change.cells.find(({ column }) => column === 'branch_id');
  if (place?.mine === trashBranch) return 'trashed';
  return place?.base === trashBranch ? 'restored' : 'changed';
}

/* ---------- one object ---------- */

function* toldObject(
  journal: Journal,
  parents: readonly number[],
  object: Grouped,
  byChange: ReadonlyMap<RowChange, Conflict[]>,
  choices: ReadonlyMap<Conflict, Choice | null>,
): Steps<DiffObject> {
  const fields: DiffField[] = [];
  const links: (DiffField & { single: boolean })[] = [];
  const whole: ToldConflict[] = [];
  for (const change of object.changes) {
    const conflicts = byChange.get(change) ?? [];
    for (const conflict of conflicts)
      if (conflict.kind !== 'changed' && conflict.kind !== 'value')
        whole.push(yield* toldConflict(journal, conflict, choices.get(conflict) ?? null));
    if (change.kind === 'made') {
      const block = change.table.family === 'block';
      fields.push(...(yield* block ? noteFields(journal, parents, change) : madeFields(journal, change)));
      continue;
    }
    if (change.kind !== 'changed') {
      const { field, value } = yield* toldLink(journal, change);
      const [before, after] = change.kind === 'added' ? [null, value] : [value, null];
      const disputed = conflicts.find(({ kind }) => kind === 'value');
      const told = disputed ? yield* toldConflict(journal, disputed, choices.get(disputed) ?? null) : null;
      links.push({
        single: change.table.column.has('jsonvalue_id') || change.table.column.has('value'),
        field,
        what: 'link',
        base: before,
        parent: told ? told.parent : before,
        branch: after,
        conflict: told && { kind: 'value', name: told.name, choice: told.choice },
      });
      continue;
    }
    for (const cell of change.cells) {
      // The kind of the object tells where it went.
      if (cell.column === 'branch_id') continue;
      const conflict = conflicts.find((one) => one.kind === 'changed' && one.cell === cell);
      const shown = (value: SqlValue) => shownValue(journal, change.table, cell.column, value);
      fields.push({
        field:
          change.table === object.table
            ? fieldName(cell.column)
            : `${change.table.family} ${fieldName(cell.column)}`,
        what: 'cell',
        base: yield* shown(cell.base),
        parent: yield* shown(cell.parent),
        branch: yield* shown(cell.mine),
        conflict: conflict
          ? { kind: 'changed', name: nameOfConflict(conflict), choice: choices.get(conflict) ?? null }
          : null,
      });
    }
  }
  fields.push(...paired(links));
  const about = yield* aboutRow(journal, object.table, object.id);
  return { ...about, kind: object.kind, fields, conflicts: whole };
}

/**
 * A value that was taken out and one that was added in its place are one change, and none where they are equal: to set a
 * feature's value is to take the old one out. Of several labels each is a change of its own.
 */
function paired(links: readonly (DiffField & { single: boolean })[]): DiffField[] {
  const out: (DiffField & { single: boolean })[] = [];
  for (const link of links) {
    const counterpart = out.findIndex(
      (known) =>
        known.field === link.field &&
        (known.branch === null) !== (link.branch === null) &&
        (known.base === null) !== (link.base === null) &&
        ((known.single && link.single) || (known.base ?? known.branch) === (link.base ?? link.branch)),
    );
    const other = out[counterpart];
    if (!other) {
      out.push(link);
      continue;
    }
    const conflict = link.conflict ?? other.conflict;
    const base = link.base ?? other.base;
    const branch = link.branch ?? other.branch;
    const parent = conflict ? (link.conflict ? link.parent : other.parent) : base;
    if (base === branch && !conflict) out.splice(counterpart, 1);
    else out[counterpart] = { ...link, base, branch, parent, conflict };
  }
  return out.map(({ single: _, ...field }) => field);
}

/** What a new row says of itself. */
function* madeFields(journal: Journal, change: RowChange): Steps<DiffField[]> {
  const columns = change.table.columns
    .map(({ name }) => name)
    .filter(
      (name) =>
        name !== 'id' && name !== '_aux' && !quietColumns.has(name) && !/^(created|updated)_at$/.test(name),
    )
    .filter((name) => !change.table.column.get(name)?.derived);
  const row = yield* one(
    `SELECT ${columns.map((name) => `"${name}"`).join(', ')} FROM "${change.table.name}" WHERE id = ?`,
    [change.id],
  );
  const fields: DiffField[] = [];
  for (const [c, column] of columns.entries()) {
    const value = row?.[c] ?? null;
    // What is left empty, or is no by default, says nothing of it.
    if (value === null || value === '' || (value === 0 && change.table.column.get(column)?.type === 'bool'))
      continue;
    const branch = yield* shownValue(journal, change.table, column, value);
    fields.push({ field: fieldName(column), what: 'cell', base: null, parent: null, branch, conflict: null });
  }
  return fields;
}

/** A note beside the parent's newest of its kind. */
function* noteFields(journal: Journal, parents: readonly number[], change: RowChange): Steps<DiffField[]> {
  const { table, id } = change;
  const host = hostColumn(table)?.name;
  if (host === undefined) return [];
  const own = yield* one(`SELECT "${host}", kind, content, created_at FROM "${table.name}" WHERE id = ?`, [
    id,
  ]);
  const [of = null, kind = null, content = null] = own ?? [];
  // Only the newest of the branch's: what it wrote in between is history.
  const later = yield* one(
    `SELECT 1 FROM "${table.name}" o JOIN "${table.name}" m ON m.id = ?1 WHERE o."${host}" IS m."${host}" AND o.kind = m.kind
       AND o.branch_id = m.branch_id AND o.id > m.id AND m.kind <> 'comment' LIMIT 1`,
    [id],
  );
  if (later) return [];
  const before =
    kind === 'comment'
      ? undefined
      : yield* one(
          `SELECT content FROM "${table.name}" WHERE "${host}" IS ? AND kind = ? AND +branch_id IN (${parents.join(', ')})
           ORDER BY created_at DESC, id DESC LIMIT 1`,
          [of, kind],
        );
  const parent = before ? String(before[0] ?? '') : null;
  return [
    {
      field: String(kind),
      what: 'note',
      base: parent,
      parent,
      branch: String(content ?? ''),
      conflict: null,
    },
  ];
}

/* ---------- against another branch ---------- */

/**
 * The changes of one branch with another's in the place of the parent. Both come from the same parent; what both have alike is
 * no difference.
 */
export function changesAgainst(mine: readonly RowChange[], theirs: readonly RowChange[]): RowChange[] {
  const key = ({ table, id, kind }: RowChange) => `${kind} ${table.name} ${id}`;
  const others = new Map(theirs.map((change) => [key(change), change]));
  const out: RowChange[] = [];
  for (const change of mine) {
    const other = others.get(key(change));
    others.delete(key(change));
    if (change.kind === 'made') out.push(change);
    else if (change.kind === 'changed') {
      const cells = change.cells.map((cell) => ({
        ...cell,
        parent: other?.cells.find(({ column }) => column === cell.column)?.mine ?? cell.parent,
      }));
      const more = (other?.cells ?? [])
        .filter(({ column }) => !change.cells.some((cell) => cell.column === column))
        .map((cell) => ({ ...cell, mine: cell.parent, parent: cell.mine }));
      const differ = [...cells, ...more].filter((cell) => cell.mine !== cell.parent);
      if (differ.length > 0) out.push({ ...change, cells: differ });
    } else if (!theirs.some((one) => one.kind === change.kind && sameLink(one, change))) out.push(change);
  }
  for (const change of others.values()) {
    if (change.kind === 'changed')
      out.push({
        ...change,
        cells: change.cells.map((cell) => ({ ...cell, mine: cell.parent, parent: cell.mine })),
      });
    else if (change.kind !== 'made' && !mine.some((one) => one.kind === change.kind && sameLink(one, change)))
      out.push({ ...change, kind: change.kind === 'added' ? 'taken' : 'added' });
  }
  return out;
}

const incidental = new Set(['created_at', 'created_by_id', 'run_id']);

function sameLink(a: RowChange, b: RowChange): boolean {
  if (a.table !== b.table) return false;
  return Object.entries(a.values ?? {}).every(
    ([name, value]) => incidental.has(name) || b.values?.[name] === value,
  );
}

export const notSiblings = (a: string, b: string) =>
  new LoamError(
    'InvalidArgument',
    `"${a}" and "${b}" come from different branches. Compare each with the one it comes from.`,
  );
