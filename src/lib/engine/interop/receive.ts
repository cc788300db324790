// Rows of another database become rows of this one (LaminDB 2.12.1 `transfer_to_default_db`): matched by uid, storages by
// root, the rest as they are, integer ids anew; what is here already is kept. Each row written names the transfer's run,
// a run of the transform `__lamindb_transfer__/<uid of the other instance>`. No bytes move.
import { LoamError } from '../errors.ts';
import type { Model, Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { refuseLocked } from '../registry/locked.ts';
import { runStatus } from '../registry/status.ts';
import { labelOf } from '../registry/tables.ts';
import { findClash } from '../registry/uniques.ts';
import { nextUid } from '../registry/versions.ts';
import { all, one, type Steps } from '../statement.ts';
import { timeText } from '../time.ts';
import { randomUid } from '../uid.ts';
import { insert, insertOne, update } from '../write/apply.ts';
import type { Transaction } from '../write/transaction.ts';
import { isProvenance, placeColumns, type Parcel, type ParcelTable } from './parcel.ts';

export interface Transferred {
  /** The rows asked for, as they are here. */
  rows: { registry: string; uid: string }[];
  /** Rows written, by registry or table. */
  added: { name: string; rows: number }[];
  /** Rows that were here already and stayed as they were. */
  known: number;
  /** Rows that are here under another uid, since a unique value of theirs is. */
  aliases: { name: string; uid: string; here: string }[];
  /** Columns with values that this database has not, as `table.column`. */
  left: string[];
}

/** Rows of one table none of which refers to another of them. */
interface Batch {
  table: Table;
  from: ParcelTable;
  /** Positions in `from`. */
  at: number[];
}

export interface Receiver {
  /** Rows to go through, and one more for the end. */
  total: number;
  /** Goes through the steps `from … from + count`; in order, each once. */
  receive(tx: Transaction, from: number, count: number): Steps<void>;
  report(): Transferred;
  /** Ids of artifacts written. */
  artifacts(): number[];
}

/** Matched by another column than the uid. */
const matchedBy: Readonly<Record<string, string>> = { lamindb_storage: 'root' };
/** Transferred themselves, these take the fields of the other row; a reference to them changes nothing. */
const filled = new Set(['lamindb_record', 'lamindb_ulabel']);

export function createReceiver(model: Model, parcel: Parcel): Receiver {
  /** By table: id there -> id here. */
  const here = new Map<string, Map<number, number>>();
  const added = new Map<string, number[]>();
  const aliases: Transferred['aliases'] = [];
  const left = new Set<string>();
  const asked: Transferred['rows'] = [];
  const batches = inOrder(model, parcel);
  const rows = batches.flatMap((batch) => batch.at.map((at) => ({ batch, at })));
  let known = 0;
  let runId: number | null = null;
  const whole = parcel.runs !== undefined;
  /** Runs that wrote the rows, where they are here by now; by their ids there. */
  let runs: Map<number, number> | null = null;

  const mapOf = (table: string) => {
    const found = here.get(table) ?? new Map<number, number>();
    here.set(table, found);
    return found;
  };
  const isAsked = (table: Table, id: number) =>
    table.name === parcel.asked.table && parcel.asked.ids.includes(id);

  function* receiveBatch(tx: Transaction, batch: Batch): Steps<void> {
    const { table, from, at } = batch;
    const map = mapOf(table.name);
    const matches = yield* matching(table, from, at, whole);
    const fresh: { id: number; values: Record<string, SqlValue> }[] = [];
    const seen = new Map<string, number>();
    const twins: [id: number, index: number][] = [];
    for (const [i, position] of at.entries()) {
      const id = from.ids[position] as number;
      // Every new database has the same first user: here it is whoever joined with it. Nobody is made up, either.
      const isOwner = whole && table.name === 'lamindb_user' && id === parcel.owner;
      const someone = whole && table.name === 'lamindb_user' ? tx.author.userId : null;
      const match = isOwner ? someone : (matches[i] ?? someone);
      if (match !== null) {
        map.set(id, match);
        if (!isAsked(table, id) || !filled.has(table.name)) {
          known += 1;
          continue;
        }
        const values = yield* valuesHere(tx, table, from, position);
        yield* refuseLocked(table, [match]);
        if ((yield* update(tx, table.name, [match], values)) === 0) known += 1;
        continue;
      }
      if (isPlace(table)) continue;
      const values = yield* valuesHere(tx, table, from, position);
      const same = yield* sameHere(table, values);
      if (same !== null) {
        map.set(id, same.id);
        known += 1;
        if (same.uid !== null && same.uid !== values['uid'])
          aliases.push({ name: labelOf(table), uid: String(values['uid']), here: same.uid });
        continue;
      }
      // Two rows there may have become one here, and with them their links.
      const key = keyText(table, values);
      const twin = key === null ? undefined : seen.get(key);
      if (twin === undefined && key !== null) seen.set(key, fresh.length);
      if (twin === undefined) fresh.push({ id, values });
      else {
        known += 1;
        twins.push([id, twin]);
      }
    }
    if (table.family === 'block') known += yield* asVersions(table, fresh);
    if (fresh.length === 0) return;
    const columns = Object.keys(fresh[0]?.values ?? {});
    const arrays = Object.fromEntries(
      columns.map((name) => [name, fresh.map(({ values }) => values[name] ?? null)]),
    );
    const first = yield* insert(tx, table.name, fresh.length, arrays);
    for (const [i, { id }] of fresh.entries()) map.set(id, first + i);
    for (const [id, index] of twins) map.set(id, first + index);
    const ids = added.get(table.name) ?? [];
    added.set(table.name, [...ids, ...fresh.map((_, i) => first + i)]);
  }

  function* valuesHere(
    tx: Transaction,
    table: Table,
    from: ParcelTable,
    position: number,
  ): Steps<Record<string, SqlValue>> {
    const values: Record<string, SqlValue> = {};
    for (const [c, name] of from.columns.entries()) {
      const column = table.column.get(name);
      const value = from.values[c]?.[position] ?? null;
      if (!column || column.foreign) {
        if (value !== null) left.add(`${table.name}.${name}`);
        continue;
      }
      if (column.derived) continue;
      if (isProvenance(column)) values[name] = yield* runOf(tx, value);
      else if (!column.references || value === null) values[name] = value;
      else
        values[name] =
          placed(tx, table, name, value) ?? referred(table, name, column.references.table, value);
    }
    return values;
  }

  /** Branches as they are called here, else the current one; spaces must be here. */
  function placed(tx: Transaction, table: Table, name: string, value: SqlValue): number | null {
    if (!placeColumns.has(name)) return null;
    const target = name === 'space_id' ? 'lamindb_space' : 'lamindb_branch';
    const found = here.get(target)?.get(Number(value));
    // What was on main there is not on main here; what was thrown away or put away stays that.
    if (found !== undefined && (found <= 0 || !whole || target !== 'lamindb_branch')) return found;
    if (target === 'lamindb_branch') return tx.author.branchId;
    if (whole) return tx.author.spaceId;
    const spaces = parcel.tables.find((one) => one.table === target);
    const space = spaces?.values[1]?.[spaces.ids.indexOf(Number(value))] ?? value;
    throw new LoamError(
      'NoWriteAccess',
      `The ${labelOf(table)} lies in the space "${String(space)}", which this database has not. Create that space here first, with the same uid.`,
      { registry: labelOf(table), space: String(space) },
    );
  }

  function referred(table: Table, name: string, target: string, value: SqlValue): number {
    const found = here.get(target)?.get(Number(value));
    if (found !== undefined) return found;
    throw new LoamError(
      'IntegrityError',
      `${labelOf(table)}.${name} refers to a row of ${target} that did not come along. Nothing was changed.`,
      { table: table.name, column: name },
    );
  }

  /** The run that wrote the row there, where that came along; else the transfer's. */
  function* runOf(tx: Transaction, value: SqlValue): Steps<number | null> {
    if (!whole) return yield* transferRun(tx);
    if (runs === null) {
      const named = parcel.runs ?? [];
      const rows = yield* all(
        'SELECT uid, id FROM lamindb_run WHERE uid IN (SELECT value FROM json_each(?))',
        [JSON.stringify(named.map(([, uid]) => uid))],
      );
      const ids = new Map(rows.map(([uid, id]) => [String(uid), Number(id)]));
      runs = new Map(named.flatMap(([id, uid]) => (ids.has(uid) ? [[id, ids.get(uid) as number]] : [])));
    }
    if (value === null) return null;
    return runs.get(Number(value)) ?? (yield* transferRun(tx));
  }

  /** Made with the first row that is written; a later transfer goes on with it, as LaminDB does. */
  function* transferRun(tx: Transaction): Steps<number> {
    if (runId !== null) return runId;
    const { uid, name } = parcel.instance;
    const transformUid = `${uid}0000`;
    const known = yield* one('SELECT id FROM lamindb_transform WHERE uid = ?', [transformUid]);
    const transformId = known
      ? Number(known[0])
      : yield* insertOne(tx, 'lamindb_transform', {
          uid: transformUid,
          key: `__lamindb_transfer__/${uid}`,
          description: `Transfer from \`${name}\``,
          kind: 'function',
        });
    const run = yield* one(
      'SELECT id FROM lamindb_run WHERE transform_id = ? AND initiated_by_run_id IS NULL ORDER BY id LIMIT 1',
      [transformId],
    );
    runId = run
      ? Number(run[0])
      : yield* insertOne(tx, 'lamindb_run', {
          uid: randomUid(16, tx.journal.random),
          transform_id: transformId,
          started_at: tx.time,
          _status_code: runStatus.started,
        });
    return runId;
  }

  function* finish(tx: Transaction): Steps<void> {
    const table = model.tables.get(parcel.asked.table) as Table;
    const column = table.column.has('uid') ? 'uid' : 'id';
    for (const id of parcel.asked.ids) {
      const row = yield* one(`SELECT "${column}" FROM "${table.name}" WHERE id = ?`, [
        mapOf(table.name).get(id) ?? 0,
      ]);
      asked.push({ registry: labelOf(table), uid: String(row?.[0] ?? '') });
    }
    if (runId === null) return;
    const done = { finished_at: timeText(tx.at), _status_code: runStatus.completed };
    yield* update(tx, 'lamindb_run', [runId], done);
  }

  return {
    total: rows.length + 1,
    *receive(tx, from, count) {
      const part = rows.slice(from, from + count);
      for (let start = 0; start < part.length;) {
        const { batch } = part[start] as (typeof part)[number];
        let end = start + 1;
        while (part[end]?.batch === batch) end++;
        yield* receiveBatch(tx, { ...batch, at: part.slice(start, end).map(({ at }) => at) });
        start = end;
      }
      if (from + count > rows.length) yield* finish(tx);
    },
    report: () => ({
      rows: asked,
      added: [...added].map(([name, ids]) => ({
        name: labelOf(model.tables.get(name) as Table),
        rows: ids.length,
      })),
      known,
      aliases,
      left: [...left],
    }),
    artifacts: () => added.get('lamindb_artifact') ?? [],
  };
}

/** What is told of a parcel that was received before: its rows, by uid. */
export function* knownRows(model: Model, parcel: Parcel): Steps<Transferred> {
  const table = model.tables.get(parcel.asked.table) as Table;
  const from = parcel.tables.find((one) => one.table === table.name) as ParcelTable;
  const at = parcel.asked.ids.map((id) => from.ids.indexOf(id));
  const column = table.column.has('uid') ? 'uid' : 'id';
  const rows: Transferred['rows'] = [];
  for (const id of yield* matching(table, from, at)) {
    const row = yield* one(`SELECT "${column}" FROM "${table.name}" WHERE id = ?`, [id]);
    if (row) rows.push({ registry: labelOf(table), uid: String(row[0]) });
  }
  return { rows, added: [], known: from.ids.length, aliases: [], left: [] };
}

const isPlace = ({ name }: Table): boolean => name === 'lamindb_branch' || name === 'lamindb_space';

/**
 * Tables after those they refer to (which the model's order is only for references that cannot be empty), and within one,
 * rows after those of it that they refer to.
 */
function inOrder(model: Model, parcel: Parcel): Batch[] {
  const batches: Batch[] = [];
  const done = new Set<string>();
  const visit = (name: string): void => {
    if (done.has(name)) return;
    done.add(name);
    const from = parcel.tables.find(({ table }) => table === name);
    const table = model.tables.get(name);
    if (!from || !table) return;
    for (const column of from.columns.map((one) => table.column.get(one)))
      if (column?.references && !isProvenance(column)) visit(column.references.table);
    const own = from.columns.flatMap((column, c) =>
      table.column.get(column)?.references?.table === name ? [from.values[c] ?? []] : [],
    );
    const position = new Map(from.ids.map((id, i) => [id, i]));
    const depth = new Map<number, number>();
    const depthOf = (at: number, above: ReadonlySet<number>): number => {
      const known = depth.get(at);
      if (known !== undefined) return known;
      if (above.has(at))
        throw new LoamError('IntegrityError', `Rows of ${labelOf(table)} refer to each other in a circle.`, {
          table: name,
        });
      const below = new Set([...above, at]);
      const targets = own.flatMap((values) => {
        const to = values[at] ?? null;
        const found = to === null ? undefined : position.get(Number(to));
        return found === undefined ? [] : [found];
      });
      const deep = targets.length === 0 ? 0 : 1 + Math.max(...targets.map((to) => depthOf(to, below)));
      depth.set(at, deep);
      return deep;
    };
    for (const at of from.ids.keys()) depthOf(at, new Set());
    for (const deep of [...new Set(depth.values())].sort((a, b) => a - b))
      batches.push({ table, from, at: [...from.ids.keys()].filter((at) => depth.get(at) === deep) });
  };
  for (const name of model.order) visit(name);
  return batches;
}

/** Rows that are here under the same uid (the same root, the same handle). */
function* matching(
  table: Table,
  from: ParcelTable,
  at: readonly number[],
  whole = false,
): Steps<(number | null)[]> {
  // A handle of one's own on this device says nothing about who has it in a team.
  const handle = table.name === 'lamindb_user' && !whole ? ['handle'] : [];
  const names = [matchedBy[table.name] ?? 'uid', ...handle];
  const found: (number | null)[] = at.map(() => null);
  for (const name of names) {
    const values = from.values[from.columns.indexOf(name)];
    if (!values || !table.column.has(name)) continue;
    const rows = yield* all(
      `SELECT id, "${name}" FROM "${table.name}" WHERE "${name}" IN (SELECT value FROM json_each(?))`,
      [JSON.stringify(at.map((position) => values[position]))],
    );
    const ids = new Map(rows.map(([id, value]) => [String(value), Number(id)]));
    for (const [i, position] of at.entries()) found[i] ??= ids.get(String(values[position])) ?? null;
  }
  return found;
}

/** A row that is here under another name: a link by its ends, any other by its unique values. */
function* sameHere(
  table: Table,
  values: Readonly<Record<string, SqlValue>>,
): Steps<{ id: number; uid: string | null } | null> {
  if (!table.column.has('uid')) {
    const terms = table.rowKey.columns.map((name) => `"${name}" IS ?`);
    const row = yield* one(`SELECT min(id) FROM "${table.name}" WHERE ${terms.join(' AND ')}`, [
      ...table.rowKey.columns.map((name) => values[name] ?? null),
    ]);
    return row && row[0] !== null ? { id: Number(row[0]), uid: null } : null;
  }
  const clash = yield* findClash(table, values);
  if (!clash) return null;
  const row = yield* one(`SELECT uid FROM "${table.name}" WHERE id = ?`, [clash.id]);
  return { id: clash.id, uid: String(row?.[0]) };
}

/** What makes a link the one it is; null for rows with a uid. */
const keyText = (table: Table, values: Readonly<Record<string, SqlValue>>): string | null =>
  table.column.has('uid') ? null : JSON.stringify(table.rowKey.columns.map((name) => String(values[name])));

/** A note on a row that has one here already is its next version, unless it says the same. */
function* asVersions(table: Table, fresh: { id: number; values: Record<string, SqlValue> }[]): Steps<number> {
  let same = 0;
  const owner = table.columns.find(
    ({ name }) => name === `${table.name.replace(/^\w+?_/, '').replace(/block$/, '')}_id`,
  );
  if (!owner) return 0;
  for (let i = fresh.length - 1; i >= 0; i--) {
    const values = fresh[i]?.values as Record<string, SqlValue>;
    const head = yield* one(
      `SELECT uid, content FROM "${table.name}" WHERE "${owner.name}" = ? AND kind = 'readme' AND is_latest = 1 ORDER BY id DESC LIMIT 1`,
      [values[owner.name] ?? null],
    );
    if (!head) continue;
    if (head[1] === values['content']) same += fresh.splice(i, 1).length;
    else values['uid'] = yield* nextUid(table.name, String(head[0]));
  }
  return same;
}
