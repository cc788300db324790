// A merge: what a branch has otherwise is written on its parent as one act, by the operations that any other edit is made of.
// So history, undo (the revert of a merge), facets and sync need to know nothing of it. What the branch kept stays: a revert
// makes it a branch again. LaminDB's merge moves rows by their branch_id and sets the status (2.12.1 `merge`); so does this.
import { LoamError } from '../errors.ts';
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { all, type Steps } from '../statement.ts';
import { hashText } from '../hash.ts';
import { branchStatus } from '../registry/status.ts';
import { nameOf, trashBranch } from '../registry/tables.ts';
import { refusalOf } from '../write/attempt.ts';
import { reinsert, remove, update } from '../write/apply.ts';
import { keepsStamp, stampsOf } from '../write/stamp.ts';
import type { Transaction } from '../write/transaction.ts';
import type { Branch } from './branches.ts';
import { byTable, ofKind, type RowChange } from './changes.ts';
import type { Choice } from './choices.ts';
import type { Comparison } from './comparison.ts';
import type { Conflict } from './conflicts.ts';
import { byChange, decisionOn, wantedIn, wantedObject, type Decided } from './decisions.ts';
import { brokenRules, danglingReferences, type Broken } from './rules.ts';
import { withObject } from './same-values.ts';

export interface MergeCounts {
  made: number;
  changed: number;
  added: number;
  taken: number;
}

/** Of one row: what keeps it from being merged. */
export interface Failure extends Broken {
  /** A rule of the database (`IntegrityError`), of its values, or of types and references. */
  code: string;
}

/** With the parent checked out. Throws `MergeConflict` where it would break a rule. */
export function* mergeBranch(
  tx: Transaction,
  branch: Branch,
  compared: Comparison,
  choices: ReadonlyMap<Conflict, Choice>,
): Steps<MergeCounts> {
  const { changes } = compared;
  refuseBroken(branch, yield* danglingReferences(changes));
  const counts = yield* writeChanges(tx, branch, compared, choices, null);
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
  compared: Comparison,
): Steps<{ counts: MergeCounts; failures: Failure[] }> {
  const { changes, conflicts } = compared;
  const branchs: Choice = { side: 'branch', value: null };
  const choices = new Map([...conflicts].map(([conflict, choice]) => [conflict, choice ?? branchs]));
  const dangling = yield* danglingReferences(changes);
  const failures: Failure[] = dangling.map((broken) => ({ ...broken, code: 'DoesNotExist' }));
  const lost = new Set(dangling.map(({ change }) => change));
  const whole = changes.filter((change) => !lost.has(change));
  const counts = yield* writeChanges(tx, branch, { ...compared, changes: whole }, choices, failures);
  for (const broken of yield* brokenRules(tx, whole)) failures.push({ ...broken, code: 'ValidationError' });
  return { counts, failures };
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
function* writeChanges(
  tx: Transaction,
  branch: Branch,
  { changes, objects }: Pick<Comparison, 'changes' | 'objects'>,
  choices: ReadonlyMap<Conflict, Choice>,
  failures: Failure[] | null,
): Steps<MergeCounts> {
  const decided = byChange(choices);
  const twins = twinsOf(choices);
  const counts: MergeCounts = { made: 0, changed: 0, added: 0, taken: 0 };
  for (const [table, rows] of byTable(changes, ofKind('made')))
    counts.made += yield* writeMade(tx, branch, table, rows, decided);
  for (const [table, rows] of byTable(changes, ofKind('changed')))
    counts.changed += yield* writeCells(tx, branch, table, rows, decided, twins, failures);
  // Where both gave a feature a value, one goes, or both for an object of what either changed.
  const dropped = new Set<RowChange>();
  const joined = new Map<RowChange, RowChange>();
  const removeOthers = (table: Table, others: Conflict['others']) =>
    remove(
      tx,
      table.name,
      others.map((row) => Number(row['id'])),
    );
  for (const [{ kind, key, change, others }, { side }] of choices) {
    if (kind !== 'value' || key) continue;
    if (side === 'parent') dropped.add(change);
    else yield* removeOthers(change.table, others);
  }
  for (const clash of objects) {
    const { change, others, sides } = clash;
    const text = wantedObject(decided, clash);
    if (text === sides?.parent) dropped.add(change);
    else {
      yield* removeOthers(change.table, others);
      if (text !== sides?.mine)
        joined.set(change, { ...change, values: yield* withObject(tx, change, text) });
    }
  }
  for (const [table, rows] of byTable(changes, ofKind('taken')))
    counts.taken += yield* takeOut(tx, table, rows);
  for (const [table, rows] of byTable(changes, (change) => change.kind === 'added' && !dropped.has(change)))
    counts.added += yield* putIn(
      tx,
      table,
      rows.map((row) => joined.get(row) ?? row),
      twins,
    );
  return counts;
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

function* writeMade(
  tx: Transaction,
  branch: Branch,
  table: Table,
  rows: readonly RowChange[],
  decided: Decided,
): Steps<number> {
  const to: number[] = [];
  const fresh: [id: number, values: Record<string, SqlValue>][] = [];
  for (const row of rows) {
    const name = decisionOn(decided, row, 'name');
    const version = decisionOn(decided, row, 'version')?.choice;
    // Where the parent's of the name is taken, this one goes to the trash, from where it can come back.
    const twin = name?.choice.side === 'parent' ? name.conflict.other : null;
    if (twin !== null) yield* pointElsewhere(tx, table, row.id, twin);
    to.push(twin !== null || row.cells[0]?.mine === trashBranch ? trashBranch : branch.parent);
    if (version && version.side !== 'parent') {
      // The newest of a family is its latest (LaminDB's rule), so the one that was chosen comes last.
      const text =
        version.side === 'edit' && table.column.has('content') ? String(version.value ?? '') : null;
      fresh.push([
        row.id,
        { created_at: tx.time, ...(text === null ? {} : { content: text, hash: hashText(text) }) },
      ]);
    }
    if (name?.choice.side === 'edit') fresh.push([row.id, { [nameOf(table)]: name.choice.value }]);
  }
  const ids = rows.map(({ id }) => id);
  yield* update(tx, table.name, ids, { branch_id: to, ...(yield* stampsOf(table, ids)) });
  for (const [id, values] of fresh) yield* update(tx, table.name, [id], values);
  return rows.length;
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
  table: Table,
  rows: readonly RowChange[],
  decided: Decided,
  twins: Twins,
  failures: Failure[] | null,
): Steps<number> {
  const groups = new Map<string, { columns: string[]; ids: number[]; values: SqlValue[][] }>();
  for (const row of rows) {
    if (row.missing) continue;
    // Deleted by one side, changed by the other: the row as a whole was decided.
    const whole = decisionOn(decided, row, 'deleted');
    if (whole?.choice.side === 'parent') continue;
    const cells: [string, SqlValue][] = [];
    for (const cell of row.cells) {
      const { column, parent } = cell;
      const wanted = wantedIn(decided, row, cell);
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
    const write = function* (at: readonly number[]): Steps<number> {
      const some = at.map((i) => ids[i] ?? 0);
      return yield* update(tx, table.name, some, {
        ...Object.fromEntries(columns.map((name, c) => [name, at.map((i) => values[c]?.[i] ?? null)])),
        ...(keepsStamp('merge', columns) ? yield* stampsOf(table, some) : {}),
      });
    };
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

function* takeOut(tx: Transaction, table: Table, rows: readonly RowChange[]): Steps<number> {
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
function* putIn(tx: Transaction, table: Table, rows: readonly RowChange[], twins: Twins): Steps<number> {
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
