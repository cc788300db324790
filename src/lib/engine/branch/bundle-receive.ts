// A branch out of a file: its net changes are done on a new branch by the operations any edit is made of, so that switch, diff,
// merge and history know nothing of where it came from. Rows that it refers to and that are not here hold back what leans on
// them: that is kept with the branch, told, and can be taken in later.
import { LoamError } from '../errors.ts';
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { archiveBranch, trashBranch } from '../registry/tables.ts';
import { many, type Steps } from '../statement.ts';
import { insert, remove, update } from '../write/apply.ts';
import { idsByKey, tableNumber, tableOf } from '../write/journal.ts';
import type { RowKey } from '../write/operation.ts';
import { reachOf } from '../write/reach.ts';
import { mainBranch } from '../write/seen.ts';
import type { Transaction } from '../write/transaction.ts';
import { unreadable } from './bundle-check.ts';
import { keepHeld, keyWords, nameOf, namesIn, rowWords, unseenRows } from './bundle-held.ts';
import { receiveChoices } from './bundle-choices.ts';
import { carriedTables, noContent, type BundleCells, type BundleContent } from './bundle.ts';
import { isCarried, type BundleRows } from './bundle-rows.ts';
import type { Branch } from './branches.ts';

export interface HeldBack {
  /** Class of the registry, or the table of a link or value. */
  registry: string;
  /** What people call it; of a link the rows that it ties. */
  row: string;
  /** What it refers to and is not here. */
  missing: string;
}

export interface Received {
  made: number;
  changed: number;
  added: number;
  taken: number;
  /** Rows and links that were here already. */
  known: number;
  held: HeldBack[];
}

/** Does all of it on the checked-out branch `branch`; what is held back is kept for `heldOf`. */
export function* receiveContent(tx: Transaction, branch: Branch, content: BundleContent): Steps<Received> {
  const receiver = createReceiver(tx, branch, content);
  for (const rows of content.shared) yield* receiver.share(rows);
  yield* receiver.make(content.made);
  yield* receiver.change(content.changed);
  // What was taken out and put in again has the same key.
  for (const { table, keys } of content.taken) yield* receiver.take(table, keys);
  for (const rows of content.added) yield* receiver.add(rows);
  yield* receiveChoices(tx, branch, content.choices);
  const { named, choices } = content;
  yield* keepHeld(branch.uid, { ...receiver.held, named, choices });
  return receiver.report;
}

/** A row of a bundle on its way in. */
interface Arriving {
  table: Table;
  from: BundleRows;
  at: number;
}

function createReceiver(tx: Transaction, branch: { id: number; uid: string }, content: BundleContent) {
  const { model } = tx.journal;
  const report: Received = { made: 0, changed: 0, added: 0, taken: 0, known: 0, held: [] };
  const held = noContent();
  /** `table key` -> id here; null: looked for and not found. */
  const ids = new Map<string, number | null>();
  /** Rows that are here on a branch which this one does not see, with its name: for it they are not here. */
  const unseen = new Map<string, string>();
  const names = namesIn(tx.journal, content);

  function columnOf(table: Table, name: string) {
    const column = table.column.get(name);
    if (!column || !isCarried(column))
      throw unreadable(`${table.name} has no column "${name.slice(0, 60)}" that a branch can change`);
    return column;
  }

  /** Tables of rows that a branch has otherwise; `reach` is the kind of change. */
  function tableFor(name: string, reach: readonly ('placed' | 'loose')[]): Table {
    const table = model.tables.get(name);
    const of = table && reachOf(table);
    if (!table || of === undefined || of === 'shared' || !reach.includes(of))
      throw unreadable(`"${name.slice(0, 60)}" is no table that a branch changes so`);
    return table;
  }

  function* lookUp(table: string, keys: readonly RowKey[]): Steps<void> {
    const unknown = keys.filter((key) => key !== null && !ids.has(nameOf(table, key)));
    const found = yield* idsByKey(tx.journal, table, unknown);
    const here = found.filter((id) => id !== null);
    const others = yield* unseenRows(tableOf(model, table), here, tx.author.visible);
    for (const [i, key] of unknown.entries()) {
      const id = found[i] ?? null;
      ids.set(nameOf(table, key), id);
      const other = id === null ? undefined : others.get(id);
      if (other !== undefined) unseen.set(nameOf(table, key), other);
    }
  }

  /** It can be referred to. */
  const isSeen = (table: string, key: RowKey): boolean =>
    idOf(table, key) !== null && !unseen.has(nameOf(table, key));

  const idOf = (table: string, key: RowKey): number | null => ids.get(nameOf(table, key)) ?? null;

  /** Looks all references of the rows up at once. */
  function* lookUpReferences(table: Table, from: BundleRows): Steps<void> {
    for (const [c, name] of from.columns.entries()) {
      const target = columnOf(table, name).references?.table;
      if (target !== undefined) yield* lookUp(target, from.values[c] ?? []);
    }
  }

  /** The same for changed cells, and the rows that they are of. */
  function* lookUpCells(parts: readonly BundleCells[]): Steps<void> {
    const asked = new Map<string, RowKey[]>();
    const ask = (table: string, ...keys: RowKey[]) => {
      const known = asked.get(table);
      if (known) known.push(...keys);
      else asked.set(table, keys);
    };
    for (const { table: name, key, cells } of parts) {
      const table = tableFor(name, ['placed', 'loose']);
      ask(name, key);
      for (const [column, base, mine] of cells) {
        const target = columnOf(table, column).references?.table;
        if (target !== undefined) ask(target, base, mine);
      }
    }
    for (const [table, keys] of asked) yield* lookUp(table, keys);
  }

  /** References of a row that are not here. */
  function missingOf({ table, from, at }: Arriving): { column: string; target: string; key: RowKey }[] {
    return from.columns.flatMap((name, c) => {
      const target = table.column.get(name)?.references?.table;
      const key = from.values[c]?.[at] ?? null;
      if (target === undefined || key === null || isSeen(target, key)) return [];
      return [{ column: name, target, key }];
    });
  }

  const wordOf = (target: string, key: RowKey): string => {
    const name = names.get(nameOf(target, key));
    const branch = unseen.get(nameOf(target, key));
    const uid = `${keyWords(key)}${branch === undefined ? '' : ` on the branch ${branch}`}`;
    return `${model.tables.get(target)?.registry ?? target} ${name ? `${name} (${uid})` : uid}`;
  };

  function holdBack(table: Table, key: RowKey, missing: { target: string; key: RowKey }[]): void {
    report.held.push({
      registry: table.registry ?? table.name,
      row: rowWords(table, key, names),
      missing: [...new Set(missing.map((one) => wordOf(one.target, one.key)))].join(', '),
    });
  }

  function keep(list: BundleRows[], { table, from, at }: Arriving): void {
    let part = list.find((one) => one.table === table.name && one.columns === from.columns);
    if (!part)
      list.push(
        (part = { table: table.name, keys: [], columns: from.columns, values: from.columns.map(() => []) }),
      );
    part.keys.push(from.keys[at] ?? null);
    for (const [c, column] of part.values.entries()) column.push(from.values[c]?.[at] ?? null);
  }

  /** A value as this database has it. */
  function valueOf(table: Table, name: string, value: RowKey): SqlValue {
    const target = columnOf(table, name).references?.table;
    if (target !== undefined) return value === null ? null : idOf(target, value);
    if (Array.isArray(value)) throw unreadable(`a value of ${table.name}.${name} is a list`);
    return value;
  }

  function* put(table: Table, rows: readonly Arriving[], without = new Set<string>()): Steps<void> {
    const [first] = rows;
    if (!first) return;
    const values = Object.fromEntries(
      first.from.columns.map((name, c) => [
        name,
        rows.map(({ from, at }) =>
          name === 'branch_id' && reachOf(table) === 'placed'
            ? branch.id
            : without.has(name)
              ? null
              : valueOf(table, name, from.values[c]?.[at] ?? null),
        ),
      ]),
    );
    const from = yield* insert(tx, table.name, rows.length, values);
    for (const [i, row] of rows.entries())
      ids.set(nameOf(table.name, row.from.keys[row.at] ?? null), from + i);
  }

  return {
    report,
    held,

    /** Values of features, people and storages, where they are not here. */
    *share(from: BundleRows): Steps<void> {
      const table = carriedTables.has(from.table) ? tableOf(model, from.table) : null;
      if (!table) throw unreadable(`"${from.table.slice(0, 60)}" is no table whose rows come along`);
      yield* lookUp(table.name, from.keys);
      yield* lookUpReferences(table, from);
      const fresh = arriving(table, from).filter(
        ({ at }) => idOf(table.name, from.keys[at] ?? null) === null,
      );
      // One that leans on something that is missing is missing as well.
      yield* put(
        table,
        fresh.filter((row) => missingOf(row).length === 0),
      );
    },

    /** Rows of the branch's own, in an order in which each finds what it refers to. */
    *make(parts: readonly BundleRows[]): Steps<void> {
      const waiting: Arriving[] = [];
      const coming = new Set<string>();
      for (const from of parts) {
        const table = tableFor(from.table, ['placed']);
        yield* lookUp(table.name, from.keys);
        yield* lookUpReferences(table, from);
        for (const row of arriving(table, from)) {
          const key = from.keys[row.at] ?? null;
          if (idOf(table.name, key) !== null) report.known++;
          else {
            waiting.push(row);
            coming.add(nameOf(table.name, key));
          }
        }
      }
      // What leans on a row that neither is here nor comes is held back, and what leans on that.
      for (let before = -1; before !== coming.size;) {
        before = coming.size;
        for (const row of waiting)
          if (missingOf(row).some(({ target, key }) => !coming.has(nameOf(target, key))))
            coming.delete(nameOf(row.table.name, row.from.keys[row.at] ?? null));
      }
      let ready: Arriving[] = [];
      for (const row of waiting) {
        const key = row.from.keys[row.at] ?? null;
        if (coming.has(nameOf(row.table.name, key))) ready.push(row);
        else {
          keep(held.made, row);
          holdBack(
            row.table,
            key,
            missingOf(row).filter((one) => !coming.has(nameOf(one.target, one.key))),
          );
        }
      }
      const order = new Map(model.order.map((name, i) => [name, i]));
      ready.sort((a, b) => (order.get(a.table.name) ?? 0) - (order.get(b.table.name) ?? 0));
      const patches: { row: Arriving; column: string }[] = [];
      const trashed: Arriving[] = [];
      while (ready.length > 0) {
        const now: Arriving[] = [];
        const left: Arriving[] = [];
        for (const row of ready) (missingOf(row).length === 0 ? now : left).push(row);
        if (now.length > 0) for (const [table, rows] of byPart(now)) yield* put(table, rows);
        else {
          // Rows in a circle: one comes without the reference that can be empty, which is set afterwards.
          const row = left.find((one) =>
            missingOf(one).every(({ column }) => one.table.column.get(column)?.nullable === true),
          );
          if (!row) throw unreadable('rows in it refer to each other in a circle');
          const open = missingOf(row).map(({ column }) => column);
          yield* put(row.table, [row], new Set(open));
          patches.push(...open.map((column) => ({ row, column })));
          left.splice(left.indexOf(row), 1);
          now.push(row);
        }
        report.made += now.length;
        trashed.push(...now.filter((row) => isTrashed(row)));
        ready = left;
      }
      for (const { row, column } of patches) yield* patch(row, column);
      for (const { table, from, at } of trashed)
        yield* update(tx, table.name, [idOf(table.name, from.keys[at] ?? null) ?? 0], {
          branch_id: trashBranch,
        });
    },

    *change(parts: readonly BundleCells[]): Steps<void> {
      yield* lookUpCells(parts);
      const groups = new Map<
        string,
        { table: Table; columns: string[]; ids: number[]; values: SqlValue[][]; bases: SqlValue[][] }
      >();
      for (const part of parts) {
        const table = tableFor(part.table, ['placed', 'loose']);
        const missing: { target: string; key: RowKey }[] = [];
        for (const [column, , mine] of part.cells) {
          const target = columnOf(table, column).references?.table;
          if (target === undefined) continue;
          if (mine !== null && !isSeen(target, mine)) missing.push({ target, key: mine });
          if (
            column === 'branch_id' &&
            ![trashBranch, archiveBranch, mainBranch, branch.id].includes(idOf(target, mine) ?? 1)
          )
            throw unreadable('it moves a row to another branch');
        }
        const id = idOf(table.name, part.key);
        if (!isSeen(table.name, part.key)) missing.unshift({ target: table.name, key: part.key });
        if (id === null || missing.length > 0) {
          held.changed.push(part);
          holdBack(table, part.key, missing);
          continue;
        }
        const columns = part.cells.map(([column]) => column);
        const key = `${table.name} ${columns.join(' ')}`;
        let group = groups.get(key);
        if (!group)
          groups.set(
            key,
            (group = {
              table,
              columns,
              ids: [],
              values: columns.map(() => []),
              bases: columns.map(() => []),
            }),
          );
        group.ids.push(id);
        for (const [c, [column, base, mine]] of part.cells.entries()) {
          group.values[c]?.push(valueOf(table, column, mine));
          group.bases[c]?.push(valueOf(table, column, base));
        }
        report.changed++;
      }
      for (const group of groups.values()) yield* changeGroup(tx, branch.id, group);
    },

    *add(from: BundleRows): Steps<void> {
      const table = tableFor(from.table, ['loose']);
      yield* lookUpReferences(table, from);
      yield* lookUp(table.name, from.keys);
      const fresh: Arriving[] = [];
      for (const row of arriving(table, from)) {
        const key = from.keys[row.at] ?? null;
        const missing = missingOf(row);
        if (missing.length > 0) {
          keep(held.added, row);
          holdBack(table, key, missing);
        } else if (idOf(table.name, key) !== null) report.known++;
        else fresh.push(row);
      }
      yield* put(table, fresh);
      report.added += fresh.length;
    },

    /** What is gone here as well was taken out by both. */
    *take(name: string, keys: readonly RowKey[]): Steps<void> {
      const table = tableFor(name, ['loose']);
      yield* lookUp(table.name, keys);
      const found = keys.flatMap((key) => idOf(table.name, key) ?? []);
      report.known += keys.length - found.length;
      yield* remove(tx, table.name, found);
      for (const key of keys) ids.set(nameOf(table.name, key), null);
      report.taken += found.length;
    },
  };

  function* patch({ table, from, at }: Arriving, column: string): Steps<void> {
    const cell = (name: string): RowKey => from.values[from.columns.indexOf(name)]?.[at] ?? null;
    const id = idOf(table.name, from.keys[at] ?? null) ?? 0;
    const values: Record<string, SqlValue> = { [column]: valueOf(table, column, cell(column)) };
    if (table.column.has('updated_at'))
      values['updated_at'] = valueOf(table, 'updated_at', cell('updated_at'));
    yield* update(tx, table.name, [id], values);
  }

  function isTrashed({ from, at }: Arriving): boolean {
    const place = from.values[from.columns.indexOf('branch_id')]?.[at] ?? null;
    return idOf('lamindb_branch', place) === trashBranch;
  }
}

/** Sets cells, and as what the branch found what it found there: where the parent has something else here, it has moved. */
function* changeGroup(
  tx: Transaction,
  branch: number,
  group: { table: Table; columns: string[]; ids: number[]; values: SqlValue[][]; bases: SqlValue[][] },
): Steps<void> {
  const { table, columns, ids, values, bases } = group;
  yield* update(tx, table.name, ids, Object.fromEntries(columns.map((name, c) => [name, values[c] ?? []])));
  const tab = yield* tableNumber(tx.journal, table.name);
  for (const [c, column] of columns.entries())
    yield* many(
      'UPDATE loam_cell SET base = ? WHERE branch = ? AND tab = ? AND id = ? AND col = ?',
      ids.length,
      [bases[c] ?? [], [branch], [tab], ids, [column]],
    );
}

const arriving = (table: Table, from: BundleRows): Arriving[] =>
  from.keys.map((_, at) => ({ table, from, at }));

function byPart(rows: readonly Arriving[]): [Table, Arriving[]][] {
  const parts = new Map<BundleRows, Arriving[]>();
  for (const row of rows) {
    const known = parts.get(row.from);
    if (known) known.push(row);
    else parts.set(row.from, [row]);
  }
  return [...parts.values()].map((part) => [(part[0] as Arriving).table, part]);
}

/** Refused before anything is written. */
export const foreign = (words: string, details: Record<string, string> = {}) =>
  new LoamError('InvalidArgument', `${words} Nothing was changed.`, details);
