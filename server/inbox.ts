// The inbox read back: each transaction of others as operations by row keys, with the values they replaced. Transactions come
// in an order in which each has seen what it built on. What is read is deleted in the reader's own transaction, with what it makes of
// it, so nothing is lost or taken twice and nothing that commits late is passed over.
import type { Model } from '../src/lib/engine/model/types.ts';
import type { SqlValue } from '../src/lib/engine/ports.ts';
import { all, run, type Steps } from '../src/lib/engine/statement.ts';
import { jsonText, type Operation, type RowKey } from '../src/lib/engine/write/operation.ts';
import { inboxKeys, type CapturedRow, type InboxKeys } from './inbox-keys.ts';

/** A transaction that somebody else committed. */
export interface CapturedTransaction {
  xid: string;
  /** Microseconds since 1970: its last statement's time. */
  at: number;
  /** The Postgres role. */
  who: string;
  /** Changed rows. */
  rows: number;
  /** The last row; later ones would not be this transaction's. */
  last: number;
  /** What could not be captured, in words: the tables have to be compared. */
  gaps: { table: string; reason: string }[];
}

export interface CapturedOperation {
  operation: Operation;
  /** Ids of the rows in this database. */
  ids: number[];
  /** Of updates and deletes: the values before, by column; references by key. Of a delete all columns, the absent were NULL. */
  pre: Record<string, RowKey[]>;
}

/**
 * Committed transactions in the inbox, oldest first. One that built on another's rows waited for its end, so its last row was
 * captured later: the order of last rows is an order in which they may be applied. (That of transaction numbers is not: a
 * transaction that began early may have waited for a later one.)
 */
export function* pendingTransactions(limit = 100): Steps<CapturedTransaction[]> {
  const rows = yield* all(
    `SELECT xid::text, (extract(epoch FROM max(at)) * 1000000)::bigint, max(who), count(*) FILTER (WHERE kind <> '?'), max(seq),
       coalesce(json_agg(json_build_array(tab, body)) FILTER (WHERE kind = '?'), '[]')
     FROM loam.inbox GROUP BY xid ORDER BY max(seq) LIMIT ${Math.trunc(limit)}`,
  );
  return rows.map(([xid, at, who, count, last, gaps]) => ({
    xid: String(xid),
    at: Number(at),
    who: String(who),
    rows: Number(count),
    last: Number(last),
    gaps: (JSON.parse(String(gaps)) as [string, string][]).map(([table, reason]) => ({ table, reason })),
  }));
}

/** Rows of one operation, as records have them. */
export const operationRows = 2000;

/**
 * The next operations of a transaction after row `after`, at most `operationRows` rows of it, and where to go on; null at
 * the end. Transactions of any size are read in pieces.
 */
export function* nextOperations(
  model: Model,
  transaction: CapturedTransaction,
  after: number,
): Steps<{ operations: CapturedOperation[]; after: number } | null> {
  const rows = yield* all(
    `SELECT seq, tab, kind::text, id, key::text, body::text FROM loam.inbox
     WHERE xid = ?::text::xid8 AND seq > ? AND seq <= ? AND kind <> '?' ORDER BY seq LIMIT ${operationRows}`,
    [transaction.xid, after, transaction.last],
  );
  if (rows.length === 0) return null;
  const captured = rows.flatMap((row) => readRow(model, row));
  const keys = inboxKeys(model, transaction.xid);
  yield* keys.find(captured.flatMap(keys.missing));
  const operations: CapturedOperation[] = [];
  for (const group of grouped(captured)) operations.push(operationOf(group, keys));
  return { operations, after: Number(rows.at(-1)?.[0]) };
}

/** Whether it still waits to be read. */
export function* isThere({ xid }: CapturedTransaction): Steps<boolean> {
  return (yield* all('SELECT 1 FROM loam.inbox WHERE xid = ?::text::xid8 LIMIT 1', [xid])).length > 0;
}

/** The transaction is through. In the transaction that keeps what became of it. */
export function* dropTransaction({ xid, last }: CapturedTransaction): Steps<void> {
  yield* run('DELETE FROM loam.inbox WHERE xid = ?::text::xid8 AND seq <= ?', [xid, last]);
}

function readRow(model: Model, [, name, kind, id, key, body]: SqlValue[]): CapturedRow[] {
  const table = model.tables.get(String(name));
  // Captured for a model with more modules than this one has.
  if (!table) return [];
  return [
    {
      table,
      kind: kind as Operation['k'],
      id: Number(id),
      key: JSON.parse(String(key)) as RowKey,
      body: JSON.parse(String(body)) as Record<string, unknown>,
    },
  ];
}

/**
 * Rows that one operation can hold: of one table and kind, of an update with the same columns, none twice, and none that
 * refers to another of them, since whoever applies it finds all references before it writes.
 */
function grouped(rows: readonly CapturedRow[]): CapturedRow[][] {
  const out: CapturedRow[][] = [];
  let open = new Map<string, CapturedRow[]>();
  let seen = new Set<number>();
  let named = new Set<string>();
  let about = '';
  const close = () => {
    out.push(...open.values());
    open = new Map();
    seen = new Set();
    named = new Set();
  };
  for (const row of rows) {
    const of = `${row.kind} ${row.table.name}`;
    const refers = selfReferences(row).some((key) => named.has(JSON.stringify(key)));
    if (of !== about || seen.has(row.id) || refers) close();
    about = of;
    seen.add(row.id);
    for (const name of [row.key, { id: row.id }]) named.add(JSON.stringify(name));
    // Rows of one statement have no order among them.
    const shape = row.kind === 'u' ? Object.keys(row.body).join() : '';
    const group = open.get(shape) ?? [];
    open.set(shape, group);
    group.push(row);
  }
  close();
  return out;
}

/** The rows of its own table that an inserted row refers to: its type, its parent. */
function selfReferences({ table, kind, body }: CapturedRow): unknown[] {
  if (kind !== 'i') return [];
  return table.columns.flatMap(({ name, references }) =>
    references?.table === table.name && (body[name] ?? null) !== null ? [body[name]] : [],
  );
}

function operationOf(rows: readonly CapturedRow[], keys: InboxKeys): CapturedOperation {
  const first = rows[0] as CapturedRow;
  const { table, kind } = first;
  const operation: Operation = { k: kind, t: table.name, n: rows.length };
  const pre: Record<string, RowKey[]> = {};
  if (kind !== 'i') operation.r = rows.map(({ key }) => keys.keyIn(table, key));
  for (const column of table.columns) {
    const { name } = column;
    if (kind === 'u' ? !(name in first.body) : rows.every(({ body }) => (body[name] ?? null) === null))
      continue;
    const value = (raw: unknown) => keys.value(column, raw);
    if (kind === 'd') pre[name] = rows.map(({ body }) => value(body[name]));
    else if (kind === 'u') {
      pre[name] = rows.map(({ body }) => value((body[name] as unknown[])[0]));
      put(
        operation,
        name,
        rows.map(({ body }) => value((body[name] as unknown[])[1])),
      );
    } else
      put(
        operation,
        name,
        rows.map(({ body }) => value(body[name])),
      );
  }
  return { operation, ids: rows.map(({ id }) => id), pre };
}

/** One value where all rows have the same. */
function put(operation: Operation, name: string, values: RowKey[]): void {
  const text = jsonText(values[0]);
  if (values.every((value) => jsonText(value) === text)) (operation.c ??= {})[name] = values[0] ?? null;
  else (operation.v ??= {})[name] = values;
}
