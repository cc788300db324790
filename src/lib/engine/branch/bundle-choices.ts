// What was chosen where a branch and its parent differ, for another copy of the database: what the parent had is told by values
// and row keys. A choice holds there where the parent has the same; where it has something else it is asked again.
import { hashText } from '../hash.ts';
import type { SqlValue } from '../ports.ts';
import type { Steps } from '../statement.ts';
import { idsByKey, keysOf, nullableKeys, type Journal } from '../write/journal.ts';
import { jsonText, type RowKey } from '../write/operation.ts';
import type { Author, Transaction } from '../write/transaction.ts';
import type { Branch } from './branches.ts';
import { isCarried, rowsOf } from './bundle-rows.ts';
import { choose, nameOfConflict, type Side } from './choices.ts';
import { compare } from './comparison.ts';
import type { Conflict } from './conflicts.ts';

export interface BundleChoice {
  table: string;
  key: RowKey;
  /** As the choice is kept: a column, or `!` and the kind of conflict. */
  column: string;
  /** What the parent had when it was chosen. */
  seen: RowKey;
  side: Side;
  /** Of an edit. */
  value: RowKey;
}

/** With the branch or its parent checked out. */
export function* packChoices(journal: Journal, author: Author, branch: Branch): Steps<BundleChoice[]> {
  const out: BundleChoice[] = [];
  for (const [conflict, choice] of (yield* compare(journal, author, branch)).conflicts) {
    if (!choice) continue;
    const { change } = conflict;
    const [key = null] = yield* keysOf(journal, change.table.name, [change.id]);
    if (key === null) continue;
    out.push({
      table: change.table.name,
      key,
      column: nameOfConflict(conflict).column,
      seen: yield* seenElsewhere(journal, conflict),
      side: choice.side,
      value: yield* outward(journal, targetOf(conflict), choice.value),
    });
  }
  return out;
}

/** Chooses the same where the same is to be decided, unless something is chosen already. Gives how many hold here. */
export function* receiveChoices(
  tx: Transaction,
  branch: Branch,
  choices: readonly BundleChoice[],
): Steps<number> {
  if (choices.length === 0) return 0;
  const { journal } = tx;
  const nameOf = (table: string, key: RowKey, column: string) => JSON.stringify([table, key, column]);
  const known = new Map(choices.map((one) => [nameOf(one.table, one.key, one.column), one]));
  let held = 0;
  for (const [conflict, chosen] of (yield* compare(journal, tx.author, branch)).conflicts) {
    if (chosen) continue;
    const { change } = conflict;
    const [key = null] = yield* keysOf(journal, change.table.name, [change.id]);
    const choice = known.get(nameOf(change.table.name, key, nameOfConflict(conflict).column));
    if (!choice || jsonText(choice.seen) !== jsonText(yield* seenElsewhere(journal, conflict))) continue;
    const value = yield* inward(journal, targetOf(conflict), choice.value);
    if (value === undefined) continue;
    yield* choose(journal.model, branch.id, [conflict], { side: choice.side, value });
    held++;
  }
  return held;
}

/** The table that the cell in question refers to. */
const targetOf = ({ kind, change, cell }: Conflict): string | undefined =>
  kind === 'changed' && cell ? change.table.column.get(cell.column)?.references?.table : undefined;

function* outward(journal: Journal, target: string | undefined, value: SqlValue): Steps<RowKey> {
  if (target === undefined) return value as RowKey;
  return (yield* nullableKeys(journal, target, [value]))[0] ?? null;
}

/** Undefined where what is referred to is not here. */
function* inward(journal: Journal, target: string | undefined, value: RowKey): Steps<SqlValue | undefined> {
  if (value === null) return null;
  if (target !== undefined) return (yield* idsByKey(journal, target, [value]))[0] ?? undefined;
  return Array.isArray(value) ? undefined : value;
}

/** What the parent has, without ids of this database. */
function* seenElsewhere(journal: Journal, conflict: Conflict): Steps<RowKey> {
  const { kind, change, cell, others, seen } = conflict;
  if (kind === 'changed') return yield* outward(journal, targetOf(conflict), seen);
  // The branch deleted what its parent has changed since: all that the parent has there.
  if (kind === 'deleted' && cell) {
    const own = new Set(['updated_at', 'branch_id', ...change.cells.map(({ column }) => column)]);
    const { columns, values } = yield* rowsOf(journal, change.table, [change.id], () => {});
    return hashText(
      jsonText(columns.flatMap((name, c) => (own.has(name) ? [] : [[name, values[c]?.[0] ?? null]]))),
    );
  }
  if (kind === 'value') {
    const last = others.at(-1) ?? {};
    const parts: RowKey[] = [];
    for (const column of change.table.columns.filter(isCarried)) {
      if (column.name === 'created_at' || column.name === 'run_id') continue;
      parts.push(yield* outward(journal, column.references?.table, last[column.name] ?? null));
    }
    return hashText(jsonText(parts));
  }
  return seen as RowKey;
}
