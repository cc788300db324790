// Where a row stands: in which space and on which branch, by uid. What records say that were received and are not in the
// tables yet counts before the tables do.
import { decodeRecord, contentOf, type SyncOperation } from '../../src/lib/engine/sync/record.ts';
import type { Model, Table } from '../../src/lib/engine/model/types.ts';
import type { SqlDriver, SqlValue } from '../../src/lib/engine/ports.ts';
import { seedIds } from '../../src/lib/engine/schema/seed.ts';
import type { RowKey } from '../../src/lib/engine/write/operation.ts';

export interface Standing {
  /** Null: a row of this table is in no space. */
  space: string | null;
  branch: string | null;
}

export interface Standings {
  /** All rows that this key may mean; none where there is none. */
  of(table: Table, key: RowKey): Standing[];
  /** Where a row with these values would stand. `branch`: of the record. */
  ofNew(table: Table, value: (column: string) => RowKey | undefined, branch: string): Standing;
  /** The rows that an operation is about, by their keys; `null` where an insert is brought back that is not here. */
  rowsOf(operation: SyncOperation): { key: RowKey; value: (column: string) => RowKey | undefined }[] | null;
  /** Remembers what was said of a row. */
  say(table: Table, key: RowKey, standing: Standing): void;
  /** What was said is in the tables now. */
  forget(): void;
}

const keyText = (table: Table, key: RowKey): string => `${table.name} ${JSON.stringify(key)}`;

/** Values of an operation by column and row; undefined where it does not name the column. */
export const valueAt = ({ c, v }: SyncOperation, row: number, column: string): RowKey | undefined =>
  v && Object.hasOwn(v, column)
    ? (v[column]?.[row] ?? null)
    : c && Object.hasOwn(c, column)
      ? (c[column] ?? null)
      : undefined;

/** The column that leads to the row which one of this table hangs on; null where it hangs on none. */
export function ownerOf(table: Table): string | null {
  if (table.family === 'block') {
    const name = /^[a-z]+_([a-z]+)block$/.exec(table.name)?.[1];
    return name !== undefined && table.column.has(`${name}_id`) ? `${name}_id` : null;
  }
  if (table.family !== 'link' && table.family !== 'm2m' && table.family !== 'cell') return null;
  return table.rowKey.columns.find((name) => table.column.get(name)?.references) ?? null;
}

/** Whether `branch_id` is the branch that a row describes, and not the one that it is on. */
export const describesBranch = ({ name }: Table): boolean =>
  /^lamindb_branch(block|user|ulabel|project)$/.test(name);

export function createStandings(driver: SqlDriver, model: Model): Standings {
  const said = new Map<string, Standing>();
  const uids = new Map<string, string | null>();
  /** Of spaces and branches, which are few: uid by id. */
  function uidOf(table: string, id: SqlValue): string | null {
    if (id === null) return null;
    const key = `${table} ${String(id)}`;
    if (!uids.has(key))
      uids.set(key, (driver.all(`SELECT uid FROM "${table}" WHERE id = ?`, [id])[0]?.[0] as string) ?? null);
    return uids.get(key) ?? null;
  }

  /** What was looked up: nothing changes in the tables until what was judged is forgotten. */
  const found = new Map<string, number[]>();
  /** Ids of the rows that a key may mean. A uid that was minted twice, or given up for another, means all of them. */
  function idsOf(table: Table, key: RowKey): number[] {
    const text = keyText(table, key);
    const known = found.get(text);
    if (known) return known;
    const ids = lookUp(table, key);
    found.set(text, ids);
    return ids;
  }

  function lookUp(table: Table, key: RowKey): number[] {
    const { columns } = table.rowKey;
    const parts = columns.length === 1 ? [key] : Array.isArray(key) ? key : [];
    if (parts.length !== columns.length) return [];
    if (columns.length === 1 && columns[0] === 'uid') {
      if (typeof key !== 'string') return [];
      const rows = driver.all(`SELECT id FROM "${table.name}" WHERE uid = ?`, [key]);
      return [...new Set([...rows, ...others(table, key)].map(([id]) => Number(id)))];
    }
    // References by all rows that they may mean: a product, of lists that have one row each but in rare cases.
    let sets: SqlValue[][] = [[]];
    for (const [i, name] of columns.entries()) {
      const target = table.column.get(name)?.references?.table;
      const part = parts[i] ?? null;
      const to = target === undefined || part === null ? null : model.tables.get(target);
      const values: SqlValue[] = to ? idsOf(to, part) : [part as SqlValue];
      sets = sets.flatMap((set) => values.slice(0, 4).map((value) => [...set, value]));
    }
    const where = columns.map((name) => `"${name}" IS ?`).join(' AND ');
    return sets.flatMap((set) =>
      driver.all(`SELECT id FROM "${table.name}" WHERE ${where}`, set).map(([id]) => Number(id)),
    );
  }

  /** Tables of the projection in which a uid may stand for another row, as far as they hold anything. */
  let elsewhere: { alias: boolean; twin: boolean } | null = null;
  const holds = (name: string): boolean =>
    driver.all('SELECT 1 FROM sqlite_master WHERE name = ?', [name]).length > 0 &&
    driver.all(`SELECT 1 FROM ${name} LIMIT 1`).length > 0;

  function others(table: Table, uid: string): SqlValue[][] {
    elsewhere ??= { alias: holds('loam_alias'), twin: holds('loam_twin') };
    const of = (name: string) =>
      driver.all(
        `SELECT o.id FROM ${name} o JOIN loam_table t ON t.id = o.tab WHERE t.name = ? AND o.uid = ?`,
        [table.name, uid],
      );
    return [
      ...(elsewhere.alias ? of('loam_alias') : []),
      ...(elsewhere.twin && table.versioned
        ? driver.all(
            `SELECT o.id FROM loam_twin o JOIN loam_table t ON t.id = o.tab WHERE t.name = ? AND o.stem = ? AND o.uid = ?`,
            [table.name, uid.slice(0, -4), uid],
          )
        : []),
    ];
  }

  function standingOf(table: Table, id: number): Standing | null {
    const owner = table.column.has('space_id') ? null : ownerOf(table);
    const wanted = ['space_id', 'branch_id'].map((name) => (table.column.has(name) ? `"${name}"` : 'NULL'));
    const row = driver.all(
      `SELECT ${wanted.join(', ')}, ${owner === null ? 'NULL' : `"${owner}"`} FROM "${table.name}" WHERE id = ?`,
      [id],
    )[0];
    if (!row) return null;
    const [space = null, branch = null, hangsOn = null] = row;
    const to =
      owner === null ? undefined : model.tables.get(table.column.get(owner)?.references?.table ?? '');
    const above = to && hangsOn !== null ? standingOf(to, Number(hangsOn)) : null;
    return {
      space: uidOf('lamindb_space', space) ?? above?.space ?? null,
      branch: describesBranch(table) ? null : (uidOf('lamindb_branch', branch) ?? above?.branch ?? null),
    };
  }

  function of(table: Table, key: RowKey): Standing[] {
    const known = said.get(keyText(table, key));
    const rows = idsOf(table, key).flatMap((id) => standingOf(table, id) ?? []);
    return known ? [known, ...rows.slice(1)] : rows;
  }

  function ofNew(
    table: Table,
    value: (column: string) => RowKey | undefined,
    recordBranch: string,
  ): Standing {
    const named = (name: string, otherwise: string | null): string | null => {
      if (!table.column.has(name)) return null;
      const given = value(name);
      return typeof given === 'string' ? given : otherwise;
    };
    const owner = table.column.has('space_id') ? null : ownerOf(table);
    const to =
      owner === null ? undefined : model.tables.get(table.column.get(owner)?.references?.table ?? '');
    const above = to && owner !== null ? of(to, value(owner) ?? null)[0] : undefined;
    return {
      space: named('space_id', seedIds.space.uid) ?? above?.space ?? null,
      branch: describesBranch(table) ? null : (named('branch_id', recordBranch) ?? above?.branch ?? null),
    };
  }

  function keyOf(table: Table, value: (column: string) => RowKey | undefined): RowKey {
    const parts = table.rowKey.columns.map((name) => value(name) ?? null);
    return parts.length === 1 ? (parts[0] ?? null) : parts;
  }

  function rowsOf(operation: SyncOperation): ReturnType<Standings['rowsOf']> {
    const table = model.tables.get(operation.t);
    if (!table) return [];
    if (!operation.w) {
      return Array.from({ length: operation.n }, (_, i) => {
        const value = (column: string) => valueAt(operation, i, column);
        return { key: operation.k === 'i' ? keyOf(table, value) : (operation.r?.[i] ?? null), value };
      });
    }
    const [client, clock, index] = operation.w;
    const row = driver.all('SELECT head, body FROM loam_sync_item WHERE client = ? AND clock = ?', [
      client,
      clock,
    ])[0];
    if (!row?.[0]) return null;
    const birth = decodeRecord(contentOf(row[0] as Uint8Array, row[1] as Uint8Array)).operations[index];
    if (!birth || birth.k !== 'i' || birth.w || birth.t !== operation.t) return null;
    const positions = operation.p ?? Array.from({ length: birth.n }, (_, i) => i);
    return positions.map((i) => {
      const value = (column: string) => valueAt(birth, i, column);
      return { key: keyOf(table, value), value };
    });
  }

  return {
    of,
    ofNew,
    rowsOf,
    say: (table, key, standing) => void said.set(keyText(table, key), standing),
    forget() {
      said.clear();
      uids.clear();
      found.clear();
      elsewhere = null;
    },
  };
}
