// Keys and values as the inbox has them, made the engine's. A reference whose row was not there when it was captured stands
// as an id, and is found here: among the transaction's own rows, in the tables, or among rows that later transactions deleted.
import type { Column, Model, Table } from '../src/lib/engine/model/types.ts';
import { all, type Steps } from '../src/lib/engine/statement.ts';
import type { Operation, RowKey } from '../src/lib/engine/write/operation.ts';
import { createJournal, keysOf } from '../src/lib/engine/write/journal.ts';
import { readValue, timeText } from './postgres-values.ts';

/** `{ id }` in place of a key. */
interface Lost {
  table: string;
  id: number;
}

/** One row of the inbox, as it is written. */
export interface CapturedRow {
  table: Table;
  kind: Operation['k'];
  id: number;
  key: RowKey;
  /** By column the value; of an update the one before and the one after. */
  body: Record<string, unknown>;
}

export interface InboxKeys {
  /** References of a row that stand as ids. */
  missing(row: CapturedRow): Lost[];
  /** Finds the keys of those. */
  find(lost: readonly Lost[]): Steps<void>;
  /** A row's own key. */
  keyIn(table: Table, key: RowKey): RowKey;
  /** A column's value as the engine has it. */
  value(column: Column, raw: unknown): RowKey;
}

const bigint = 20;
/** Keys hold keys: a value's holds its feature's. */
const deepest = 3;

export function inboxKeys(model: Model, xid: string): InboxKeys {
  const found = new Map<string, RowKey>();
  const at = ({ table, id }: Lost) => `${table} ${id}`;
  const tableOf = (name: string) => model.tables.get(name) as Table;

  /** The ids in a key of a row of this table. */
  function lostIn(table: Table, key: unknown): Lost[] {
    const { columns } = table.rowKey;
    const parts = columns.length === 1 ? [key] : Array.isArray(key) ? (key as unknown[]) : [];
    return columns.flatMap((name, i) => {
      const target = table.column.get(name)?.references?.table;
      return target === undefined ? [] : lostOf(target, parts[i]);
    });
  }
  function lostOf(target: string, raw: unknown): Lost[] {
    if (raw === null || raw === undefined) return [];
    const id = idIn(raw);
    return id === null ? lostIn(tableOf(target), raw) : [{ table: target, id }];
  }
  function whole(target: string, raw: unknown): RowKey {
    const id = idIn(raw);
    if (id === null) return keyIn(tableOf(target), raw as RowKey);
    const known = found.get(at({ table: target, id }));
    return known === undefined ? null : keyIn(tableOf(target), known);
  }
  function keyIn(table: Table, key: RowKey): RowKey {
    const { columns } = table.rowKey;
    const part = (name: string, raw: unknown): RowKey => {
      const column = table.column.get(name) as Column;
      return raw === null || raw === undefined ? null : value(column, raw);
    };
    if (columns.length === 1) return part(columns[0] ?? '', key);
    return columns.map((name, i) => part(name, Array.isArray(key) ? key[i] : null));
  }
  function value(column: Column, raw: unknown): RowKey {
    if (raw === null || raw === undefined) return null;
    if (column.references) return whole(column.references.table, raw);
    if (column.type === 'bool') return raw === true ? 1 : 0;
    if (column.type === 'datetime') return timeText(String(raw));
    if (column.type === 'bigint') return readValue(bigint, String(raw)) as RowKey;
    return raw as RowKey;
  }

  function* find(lost: readonly Lost[]): Steps<void> {
    let open = [...new Map(lost.map((one) => [at(one), one])).values()];
    for (let depth = 0; open.length > 0 && depth < deepest; depth++) {
      const next: Lost[] = [];
      for (const name of new Set(open.map(({ table }) => table))) {
        const table = tableOf(name);
        const ids = open.filter((one) => one.table === name).map(({ id }) => id);
        // The transaction's own rows first: an id is never used again, but a key can change.
        const told = yield* all(
          `SELECT DISTINCT ON (id) id, key::text FROM loam.inbox WHERE tab = ? AND id IN (SELECT value FROM json_each(?))
           ORDER BY id, (xid = ?::text::xid8) DESC, seq`,
          [name, JSON.stringify(ids), xid],
        );
        const keys = new Map(told.map(([id, key]) => [Number(id), JSON.parse(String(key)) as RowKey]));
        const journal = createJournal(
          model,
          () => 0,
          (bytes) => bytes,
        );
        const rest = ids.filter((id) => !keys.has(id));
        for (const [i, key] of (yield* keysOf(journal, name, rest)).entries())
          if (key !== null) keys.set(rest[i] ?? 0, key);
        for (const [id, key] of keys) {
          found.set(at({ table: name, id }), key);
          next.push(...lostIn(table, key));
        }
      }
      open = next.filter((one) => !found.has(at(one)));
    }
  }

  return {
    missing({ table, kind, key, body }) {
      const inBody = table.columns.flatMap(({ name, references }) => {
        if (!references || !(name in body)) return [];
        const values = kind === 'u' ? (body[name] as unknown[]) : [body[name]];
        return values.flatMap((raw) => lostOf(references.table, raw));
      });
      return [...lostIn(table, key), ...inBody];
    },
    find,
    keyIn,
    value,
  };
}

function idIn(raw: unknown): number | null {
  if (raw === null || typeof raw !== 'object' || Array.isArray(raw)) return null;
  return Number((raw as { id?: unknown }).id);
}
