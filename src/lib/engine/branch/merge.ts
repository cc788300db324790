// A merge: what a branch has otherwise is written on its parent as one act, by the operations that any other edit is made of.
// So history, undo (the revert of a merge), facets and sync need to know nothing of it. What the branch kept stays: a revert
// makes it a branch again. LaminDB's merge moves rows by their branch_id and sets the status (2.12.1 `merge`); so does this.
import { LoamError } from '../errors.ts';
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { all, type Steps } from '../statement.ts';
import { hashText } from '../hash.ts';
import { branchStatus } from '../registry/status.ts';
import { refusalOf } from '../write/attempt.ts';
import { reinsert, remove, update } from '../write/apply.ts';
import type { Transaction } from '../write/transaction.ts';
import type { Branch } from './branches.ts';
import { changesOf, type RowChange } from './changes.ts';
import { choicesFor, type Choice } from './choices.ts';
import { conflictsOf, type Conflict } from './conflicts.ts';
import { brokenRules, danglingReferences, type Broken } from './rules.ts';

export interface MergeCounts {
  made: number;
  changed: number;
  added: number;
  taken: number;
}

const trash = -1;

/** Of one row: what keeps it from being merged. */
export interface Failure extends Broken {
  /** A rule of the database (`IntegrityError`), of its values, or of types and references. */
  code: string;
}

/** With the parent checked out. Throws `MergeConflict` while something is to be chosen, or would break a rule. */
export function* mergeBranch(tx: Transaction, branch: Branch): Steps<MergeCounts> {
  const changes = yield* changesOf(tx.journal, tx.author, branch.id);
  const conflicts = yield* conflictsOf(tx.journal, branch, changes, tx.author.visible);
  const choices = yield* choicesFor(branch.id, conflicts);
  const open = conflicts.filter((conflict) => !choices.has(conflict));
  if (open.length > 0) throw undecided(branch, open.length);
  refuseBroken(branch, yield* danglingReferences(changes));
  const counts = yield* writeChanges(tx, branch, changes, choices, null);
  refuseBroken(branch, yield* brokenRules(tx, changes));
  yield* update(tx, 'lamindb_branch', [branch.id], { _status_code: branchStatus.merged });
  return counts;
}

/**
 * The merge as it would be, in a transaction that is taken back: everything that would be refused, not the first of it. What is
 * not decided yet is taken from the branch for it.
 */
export function* tryMerge(
  tx: Transaction,
  branch: Branch,
): Steps<{ counts: MergeCounts; failures: Failure[]; open: number }> {
  const changes = yield* changesOf(tx.journal, tx.author, branch.id);
  const conflicts = yield* conflictsOf(tx.journal, branch, changes, tx.author.visible);
  const choices = yield* choicesFor(branch.id, conflicts);
  const open = conflicts.length - choices.size;
  for (const conflict of conflicts)
    if (!choices.has(conflict)) choices.set(conflict, { side: 'branch', value: null });
  const dangling = yield* danglingReferences(changes);
  const failures: Failure[] = dangling.map((broken) => ({ ...broken, code: 'DoesNotExist' }));
  const lost = new Set(dangling.map(({ change }) => change));
  const whole = changes.filter((change) => !lost.has(change));
  const counts = yield* writeChanges(tx, branch, whole, choices, failures);
  for (const broken of yield* brokenRules(tx, whole)) failures.push({ ...broken, code: 'ValidationError' });
  return { counts, failures, open };
}

function refuseBroken(branch: Branch, broken: readonly Broken[]): void {
  const [first] = broken;
  if (!first) return;
  const more = broken.length > 1 ? ` (and ${broken.length - 1} more)` : '';
  throw new LoamError(
    'MergeConflict',
    `"${branch.name}" cannot be merged: a row of ${first.change.table.registry ?? first.change.table.name} ${first.reason}${more}. Check the branch to see each.`,
    { branch: branch.name, count: broken.length },
  );
}

/** Every change of the branch, as it was decided. With a list of failures rows that are refused are put there and left out. */
export function* writeChanges(
  tx: Transaction,
  branch: Branch,
  changes: readonly RowChange[],
  choices: ReadonlyMap<Conflict, Choice>,
  failures: Failure[] | null,
): Steps<MergeCounts> {
  const decided = new Map<RowChange, { conflict: Conflict; choice: Choice }[]>();
  for (const [conflict, choice] of choices) {
    const known = decided.get(conflict.change);
    if (known) known.push({ conflict, choice });
    else decided.set(conflict.change, [{ conflict, choice }]);
  }
  const twins = twinsOf(choices);
  const counts: MergeCounts = { made: 0, changed: 0, added: 0, taken: 0 };
  for (const part of byTable(changes, 'made')) counts.made += yield* writeMade(tx, branch, part, decided);
  for (const part of byTable(changes, 'changed'))
    counts.changed += yield* writeCells(tx, branch, part, decided, twins, failures);
  // Where both gave a feature a value, one goes.
  for (const [{ kind, change, others }, { side }] of choices)
    if (kind === 'value' && side === 'branch')
      yield* remove(
        tx,
        change.table.name,
        others.map((row) => Number(row['id'])),
      );
  const dropped = new Set(
    [...choices].flatMap(([{ kind, change }, { side }]) =>
      kind === 'value' && side === 'parent' ? [change] : [],
    ),
  );
  for (const part of byTable(changes, 'taken')) counts.taken += yield* takeOut(tx, part);
  for (const part of byTable(
    changes.filter((change) => !dropped.has(change)),
    'added',
  ))
    counts.added += yield* putIn(tx, part, twins);
  return counts;
}

type Decided = ReadonlyMap<RowChange, readonly { conflict: Conflict; choice: Choice }[]>;

interface Part {
  table: Table;
  rows: RowChange[];
}

/* ---------- rows of its own ---------- */

/** Rows of the branch in whose place the parent's of the same name is taken: table -> id -> the parent's id. */
type Twins = ReadonlyMap<string, ReadonlyMap<number, number>>;

function twinsOf(choices: ReadonlyMap<Conflict, Choice>): Twins {
  const twins = new Map<string, Map<number, number>>();
  for (const [{ kind, change, other }, { side }] of choices) {
    if (kind !== 'name' || side !== 'parent' || other === null) continue;
    const of = twins.get(change.table.name) ?? new Map<number, number>();
    twins.set(change.table.name, of.set(change.id, other));
  }
  return twins;
}

/** What refers to such a row refers to the parent's. */
function pointed(twins: Twins, table: Table, column: string, value: SqlValue): SqlValue {
  const target = table.column.get(column)?.references?.table;
  if (target === undefined || value === null) return value;
  return twins.get(target)?.get(Number(value)) ?? value;
}

function* writeMade(tx: Transaction, branch: Branch, { table, rows }: Part, decided: Decided): Steps<number> {
  const to = rows.map((row) => {
    const twin = decided.get(row)?.find(({ conflict }) => conflict.kind === 'name');
    // The parent's is taken: this one goes to the trash, from where it can come back.
    if (twin?.choice.side === 'parent') return trash;
    return row.cells[0]?.mine === trash ? trash : branch.parent;
  });
  const names = rows.flatMap((row) => {
    const edit = decided
      .get(row)
      ?.find(({ conflict, choice }) => conflict.kind === 'name' && choice.side === 'edit');
    return edit ? [{ row, value: edit.choice.value }] : [];
  });
  for (const row of rows) {
    const twin = decided.get(row)?.find(({ conflict }) => conflict.kind === 'name');
    if (twin?.choice.side === 'parent' && twin.conflict.other !== null)
      yield* pointElsewhere(tx, table, row.id, twin.conflict.other);
  }
  const ids = rows.map(({ id }) => id);
  yield* update(tx, table.name, ids, { branch_id: to, ...(yield* stampsOf(table, ids)) });
  for (const row of rows) {
    const version = decided.get(row)?.find(({ conflict }) => conflict.kind === 'version')?.choice;
    if (!version || version.side === 'parent') continue;
    // The newest of a family is its latest (LaminDB's rule), so the one that was chosen comes last.
    const text = version.side === 'edit' && table.column.has('content') ? String(version.value ?? '') : null;
    yield* update(tx, table.name, [row.id], {
      created_at: tx.time,
      ...(text === null ? {} : { content: text, hash: hashText(text) }),
    });
  }
  for (const { row, value } of names) yield* update(tx, table.name, [row.id], { [nameColumn(table)]: value });
  return rows.length;
}

const nameColumn = (table: Table): string =>
  ['handle', 'name', 'key', 'symbol'].find((name) => table.column.has(name)) ?? 'name';

/** A row comes as it is: when it was last changed does not change by that. */
function* stampsOf(table: Table, ids: readonly number[]): Steps<Record<string, SqlValue[]>> {
  if (!table.column.has('updated_at')) return {};
  const rows = new Map(
    (yield* all(`SELECT id, updated_at FROM "${table.name}" WHERE id IN (SELECT value FROM json_each(?))`, [
      JSON.stringify(ids),
    ])).map(([id, at = null]) => [Number(id), at]),
  );
  return { updated_at: ids.map((id) => rows.get(id) ?? null) };
}

/** What the branch's tables have of one row refers to another from here on: the parent's of the same name. */
function* pointElsewhere(tx: Transaction, table: Table, from: number, to: number): Steps<void> {
  for (const child of tx.journal.model.incoming.get(table.name) ?? []) {
    const rows = yield* all(`SELECT id FROM "${child.table}" WHERE "${child.column}" = ?`, [from]);
    const ids = rows.map(([id]) => Number(id));
    if (ids.length > 0) yield* update(tx, child.table, ids, { [child.column]: to });
  }
}

/* ---------- cells ---------- */

function* writeCells(
  tx: Transaction,
  branch: Branch,
  { table, rows }: Part,
  decided: Decided,
  twins: Twins,
  failures: Failure[] | null,
): Steps<number> {
  const groups = new Map<string, { columns: string[]; ids: number[]; values: SqlValue[][] }>();
  for (const row of rows) {
    if (row.missing) continue;
    const known = decided.get(row) ?? [];
    // Deleted by one side, changed by the other: the row as a whole was decided.
    const whole = known.find(({ conflict }) => conflict.kind === 'deleted');
    if (whole?.choice.side === 'parent') continue;
    const cells: [string, SqlValue][] = [];
    for (const { column, mine, parent } of row.cells) {
      const choice = known.find(
        ({ conflict }) => conflict.cell?.column === column && conflict.kind === 'changed',
      )?.choice;
      const wanted = choice?.side === 'parent' ? parent : choice?.side === 'edit' ? choice.value : mine;
      const value =
        column === 'branch_id' && wanted === branch.id
          ? branch.parent
          : pointed(twins, table, column, wanted);
      if (value !== parent) cells.push([column, value]);
    }
    // Kept by the branch although its parent put it into the trash.
    if (whole && whole.conflict.cell === null) cells.push(['branch_id', branch.parent]);
    if (cells.length === 0) continue;
    const columns = cells.map(([column]) => column);
    const key = columns.join(' ');
    let group = groups.get(key);
    if (!group) groups.set(key, (group = { columns, ids: [], values: columns.map(() => []) }));
    group.ids.push(row.id);
    for (const [c, [, value]] of cells.entries()) group.values[c]?.push(value);
  }
  let changed = 0;
  const byId = new Map(rows.map((row) => [row.id, row]));
  for (const { columns, ids, values } of groups.values()) {
    const write = (at: readonly number[]) =>
      update(
        tx,
        table.name,
        at.map((i) => ids[i] ?? 0),
        Object.fromEntries(columns.map((name, c) => [name, at.map((i) => values[c]?.[i] ?? null)])),
      );
    const everything = ids.map((_, i) => i);
    if (!failures) changed += yield* write(everything);
    else if ((yield* refusalOf(tx, () => write(everything), true)) === null) changed += ids.length;
    else
      for (const i of everything) {
        const error = yield* refusalOf(tx, () => write([i]), true);
        const change = byId.get(ids[i] ?? 0);
        if (error === null) changed++;
        else if (change)
          failures.push({ change, column: columns[0] ?? null, reason: error.message, code: error.code });
      }
  }
  return changed;
}

/* ---------- links and values ---------- */

function* takeOut(tx: Transaction, { table, rows }: Part): Steps<number> {
  const ids = rows.map(({ id }) => id);
  const there = yield* all(
    `SELECT id FROM "${table.name}" WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id`,
    [JSON.stringify(ids)],
  );
  yield* remove(
    tx,
    table.name,
    there.map(([id]) => Number(id)),
  );
  return there.length;
}

/** What the parent has by now as well is there already. */
function* putIn(tx: Transaction, { table, rows }: Part, twins: Twins): Steps<number> {
  const columns = Object.keys(rows[0]?.values ?? {});
  const valuesOf = (some: readonly RowChange[]) =>
    Object.fromEntries(
      columns.map((name) => [
        name,
        some.map(({ values }) => pointed(twins, table, name, values?.[name] ?? null)),
      ]),
    );
  const whole = () =>
    reinsert(
      tx,
      table.name,
      rows.map(({ id }) => id),
      valuesOf(rows),
    );
  if (!(yield* refusalOf(tx, whole))) return rows.length;
  let put = 0;
  for (const row of rows)
    if (!(yield* refusalOf(tx, () => reinsert(tx, table.name, [row.id], valuesOf([row]))))) put++;
  return put;
}

function byTable(changes: readonly RowChange[], kind: RowChange['kind']): Part[] {
  const parts = new Map<string, Part>();
  for (const change of changes) {
    if (change.kind !== kind) continue;
    const part = parts.get(change.table.name);
    if (part) part.rows.push(change);
    else parts.set(change.table.name, { table: change.table, rows: [change] });
  }
  return [...parts.values()];
}

const undecided = (branch: Branch, count: number) =>
  new LoamError(
    'MergeConflict',
    `${count} ${count === 1 ? 'conflict' : 'conflicts'} of "${branch.name}" ${count === 1 ? 'is' : 'are'} to be decided before it can be merged.`,
    { branch: branch.name, count },
  );
