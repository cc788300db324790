// One object of a branch's differences, field by field: cells, links and values of features, notes; objects in JSON by the keys
// that differ. Values are named here, so only objects that are shown come here.
import type { SqlValue } from '../ports.ts';
import type { Table } from '../model/types.ts';
import { sameJson } from '../json-text.ts';
import { one, type Steps } from '../statement.ts';
import { quietColumns } from '../write/history-cells.ts';
import type { Journal } from '../write/journal.ts';
import type { CellChange, RowChange } from './changes.ts';
import { nameOfConflict, type CellName, type Choice } from './choices.ts';
import type { Conflict, ConflictKind } from './conflicts.ts';
import { hostColumn } from './hosts.ts';
import { cellKeys, isMine, keyChanges, type KeyChange } from './json-keys.ts';
import type { ValueClash } from './same-values.ts';
import {
  aboutRow,
  fieldName,
  fieldOfCell,
  shownValue,
  toldConflict,
  toldKey,
  toldLink,
  type About,
  type ToldConflict,
} from './told.ts';

export type DiffKind = 'made' | 'changed' | 'trashed' | 'restored';

export interface DiffField {
  /** `description`, `ulabels`, a feature's name, `readme`. */
  field: string;
  /** It is a value of a feature. */
  feature: boolean;
  /** Of an object in a JSON column the key that differs; null where the field is one value. */
  key: string | null;
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

export interface Grouped {
  table: Table;
  id: number;
  kind: DiffKind;
  changes: RowChange[];
  disputed: boolean;
}

/** What telling of objects needs to know of the branch. */
export interface Telling {
  journal: Journal;
  /** Branches whose rows the parent shows. */
  parents: readonly number[];
  conflicts: ReadonlyMap<RowChange, readonly Conflict[]>;
  choices: ReadonlyMap<Conflict, Choice | null>;
  clashes: ReadonlyMap<RowChange, ValueClash>;
  /** Another branch stands in the place of the parent: what differs from it counts, whoever changed it. */
  against: boolean;
}

/** Must be asked while the branch or its parent is checked out. */
export function* toldObject(telling: Telling, object: Grouped): Steps<DiffObject> {
  const { journal, parents, choices } = telling;
  const fields: DiffField[] = [];
  const links: LinkField[] = [];
  const whole: ToldConflict[] = [];
  for (const change of object.changes) {
    const conflicts = telling.conflicts.get(change) ?? [];
    for (const conflict of conflicts)
      if (conflict.kind !== 'changed' && conflict.kind !== 'value')
        whole.push(yield* toldConflict(journal, conflict, choices.get(conflict) ?? null));
    if (change.kind === 'made') {
      const block = change.table.family === 'block';
      fields.push(...(yield* block ? noteFields(journal, parents, change) : madeFields(journal, change)));
    } else if (change.kind === 'changed') fields.push(...(yield* cellFields(telling, object, change)));
    else links.push(yield* linkField(telling, change));
  }
  fields.push(...paired(links).flatMap((link) => plainLink(telling, link)));
  const about = yield* aboutRow(journal, object.table, object.id);
  return { ...about, kind: object.kind, fields, conflicts: whole };
}

function* cellFields(telling: Telling, object: Grouped, change: RowChange): Steps<DiffField[]> {
  const fields: DiffField[] = [];
  for (const cell of change.cells) {
    // The kind of the object tells where it went.
    if (cell.column === 'branch_id') continue;
    const name = yield* fieldOfCell(change, cell.column);
    const feature = cell.column === 'value' && change.table.column.has('feature_id');
    const own = feature || change.table === object.table;
    const named = { field: own ? name : `${change.table.family} ${name}`, feature };
    const keys = cellKeys(change.table, cell);
    if (keys) {
      fields.push(...keyFields(telling, named, 'cell', keys, change, cell));
      continue;
    }
    const shown = (value: SqlValue) => shownValue(telling.journal, change.table, cell.column, value);
    fields.push({
      ...named,
      key: null,
      what: 'cell',
      base: yield* shown(cell.base),
      parent: yield* shown(cell.parent),
      branch: yield* shown(cell.mine),
      conflict: conflictIn(telling, change, cell, null),
    });
  }
  return fields;
}

/** One field for each key of an object that the branch has otherwise. */
function keyFields(
  telling: Telling,
  named: Pick<DiffField, 'field' | 'feature'>,
  what: DiffField['what'],
  keys: readonly KeyChange[],
  change: RowChange,
  cell: CellChange | null,
): DiffField[] {
  const differs = (key: KeyChange) => (telling.against ? !sameJson(key.parent, key.mine) : isMine(key));
  return keys.filter(differs).map((key) => ({
    ...{ ...named, key: key.key, what, ...toldKey(key) },
    conflict: conflictIn(telling, change, cell, key.key),
  }));
}

/** What is to be decided of a cell, of a value (no cell), or of a key of either. */
function conflictIn(
  { conflicts, choices }: Telling,
  change: RowChange,
  cell: CellChange | null,
  key: string | null,
): DiffField['conflict'] {
  const kind = cell ? 'changed' : 'value';
  const found = (conflicts.get(change) ?? []).find(
    (one) => one.kind === kind && one.cell === cell && (one.key?.key ?? null) === key,
  );
  return found ? { kind, name: nameOfConflict(found), choice: choices.get(found) ?? null } : null;
}

/* ---------- links and values ---------- */

interface LinkField extends DiffField {
  change: RowChange;
  /** A field has one of them: its next takes the place of the one before. */
  single: boolean;
  /** Texts of values that are JSON. */
  texts: { base: SqlValue; mine: SqlValue };
}

function* linkField(telling: Telling, change: RowChange): Steps<LinkField> {
  const { field, value, json } = yield* toldLink(telling.journal, change);
  const added = change.kind === 'added';
  const disputed = telling.conflicts.get(change)?.find(({ kind, key }) => kind === 'value' && !key);
  const told = disputed ? yield* toldConflict(telling.journal, disputed, null) : null;
  return {
    change,
    single: change.table.column.has('jsonvalue_id') || change.table.column.has('value'),
    texts: { base: added ? null : json, mine: added ? json : null },
    field,
    feature: change.values?.['jsonvalue_id'] != null || change.values?.['feature_id'] != null,
    key: null,
    what: 'link',
    base: added ? null : value,
    parent: told ? told.parent : added ? null : value,
    branch: added ? value : null,
    conflict: conflictIn(telling, change, null, null),
  };
}

/**
 * A value that was taken out and one that was added in its place are one change, and none where they are equal: to set a
 * feature's value is to take the old one out. Of several labels each is a change of its own.
 */
function paired(links: readonly LinkField[]): LinkField[] {
  const out: LinkField[] = [];
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
    const texts = { base: link.texts.base ?? other.texts.base, mine: link.texts.mine ?? other.texts.mine };
    const change = link.change.kind === 'added' ? link.change : other.change;
    if (base === branch && !conflict) out.splice(counterpart, 1);
    else out[counterpart] = { ...link, change, texts, base, branch, parent, conflict };
  }
  return out;
}

/** Of objects the keys that differ. */
function plainLink(telling: Telling, { change, texts, single: _, ...field }: LinkField): DiffField[] {
  const { base, mine } = texts;
  const keys =
    telling.clashes.get(change)?.keys ??
    (base === null || mine === null ? null : keyChanges({ base, parent: base, mine }));
  return keys ? keyFields(telling, field, 'link', keys, change, null) : [field];
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
    const named = { field: fieldName(column), feature: false, key: null };
    fields.push({ ...named, what: 'cell', base: null, parent: null, branch, conflict: null });
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
      feature: false,
      key: null,
      what: 'note',
      base: parent,
      parent,
      branch: String(content ?? ''),
      conflict: null,
    },
  ];
}
