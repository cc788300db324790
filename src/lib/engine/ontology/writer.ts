// Terms as rows of one registry within a long act: rows first, then what is above what. Rows that are there stay as they
// are, and links are made among rows of this source only, both as bionty 2.5.2 does. Places are those of the feed.
import { LoamError } from '../errors.ts';
import { checkValue } from '../write/check.ts';
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { all, one, type Steps } from '../statement.ts';
import { insert, remove, update, type Values } from '../write/apply.ts';
import type { Transaction } from '../write/transaction.ts';
import { knownRows, otherUniques, type Known } from './clashes.ts';
import type { TermBatch } from './types.ts';

export interface TermWriter {
  /** Writes the terms from … to of a batch. */
  rows(tx: Transaction, batch: TermBatch, from: number, to: number): Steps<void>;
  /** Links of a batch whose rows are all written: pairs of places. */
  links(tx: Transaction, pairs: Uint32Array, from: number, to: number): Steps<void>;
  readonly added: number;
  readonly kept: number;
  readonly updated: number;
  readonly linked: number;
  readonly refused: string[];
  readonly refusedCount: number;
}

export interface WriterSpec {
  table: Table;
  key: string;
  rows: number;
  sourceId: number;
  organismId: number | null;
  /** Columns of the link table: from the child, to the parent. Null where the registry has no parents. */
  parents: { table: string; child: string; parent: string } | null;
  /**
   * Rows of other versions of the source become those of this one (`update_records` of bionty 2.5.2). `used` is the table
   * that labels artifacts: a row that is in it keeps its name unless `renameUsed`, and with it the version that it is of.
   */
  upgrade?: {
    older: ReadonlySet<number>;
    renameUsed: boolean;
    name: string;
    used: { table: string; column: string } | null;
  };
}

const told = 20;

export function createTermWriter(spec: WriterSpec): TermWriter {
  const { table, sourceId, organismId } = spec;
  /** Ids by place; 0 where there is no row of this source. */
  const ids = new Uint32Array(spec.rows);
  /** Places of rows that were of another version. */
  const renewed = new Set<number>();
  const unique = otherUniques(table, spec.key);
  const seen = new Map(unique.map((column) => [column, new Set<SqlValue>()]));
  const constants: Record<string, SqlValue> = {
    source_id: sourceId,
    ...(table.column.has('organism_id') ? { organism_id: organismId } : {}),
  };
  let added = 0;
  let kept = 0;
  let updated = 0;
  let linked = 0;
  let refusedCount = 0;
  const refused: string[] = [];
  /** The last id that this writer knows of: a larger one is somebody else's. */
  let last: number | null = null;
  let linksBefore: boolean | null = null;

  function refuse(why: string): void {
    refusedCount += 1;
    if (refused.length < told) refused.push(why);
  }
  /** A term whose values the table cannot hold; LaminDB on Postgres would refuse the whole import. */
  function unfit(batch: TermBatch, at: number): boolean {
    for (const [name, values] of Object.entries(batch.values)) {
      const column = table.column.get(name);
      try {
        if (column) checkValue(table, column, values[at] ?? null);
      } catch (error) {
        const id = String(batch.values[spec.key]?.[at] ?? '');
        refuse(`${id}: ${error instanceof LoamError ? error.message : String(error)}`);
        return true;
      }
    }
    for (const column of unique) {
      const value = batch.values[column]?.[at] ?? null;
      const before = seen.get(column);
      if (value === null || !before) continue;
      if (before.has(value)) {
        refuse(
          `${String(batch.values[spec.key]?.[at] ?? '')}: another term has the ${column} "${String(value)}" already.`,
        );
        return true;
      }
      before.add(value);
    }
    return false;
  }

  /** True while nobody else has rows that a term could clash with. */
  function* alone(): Steps<boolean> {
    const row = yield* one(`SELECT max(id) FROM "${table.name}"`);
    const top = Number(row?.[0] ?? 0);
    if (last === null) {
      last = top === 0 ? 0 : -1;
      return top === 0;
    }
    if (last >= 0 && top !== last) last = -1;
    return last >= 0;
  }

  /** Brings rows of other versions to this one; answers which terms of the batch they are. */
  function* bring(tx: Transaction, batch: TermBatch, known: Map<number, Known> | null): Steps<Set<number>> {
    const { upgrade } = spec;
    if (!upgrade || !known) return new Set();
    const old = [...known].filter(([, { sourceId: of }]) => of !== null && upgrade.older.has(of));
    if (old.length === 0) return new Set();
    const kept = upgrade.renameUsed ? new Set<number>() : yield* keepsName(batch, old);
    const taken = old.filter(([at, { id }]) => !kept.has(id) && !unfit(batch, at));
    const values: Values = { source_id: sourceId };
    for (const [column, all] of Object.entries(batch.values))
      values[column] = taken.map(([at]) => all[at] ?? null);
    yield* update(
      tx,
      table.name,
      taken.map(([, { id }]) => id),
      values,
    );
    return new Set(taken.map(([at]) => at));
  }

  /** Rows that artifacts carry and that are called otherwise in this version. */
  function* keepsName(batch: TermBatch, old: readonly [number, Known][]): Steps<Set<number>> {
    const { upgrade } = spec;
    if (!upgrade?.used) return new Set();
    const { table: labels, column } = upgrade.used;
    const rows = yield* all(
      `SELECT id, "${upgrade.name}" FROM "${table.name}" t WHERE id IN (SELECT value FROM json_each(?))
         AND EXISTS (SELECT 1 FROM "${labels}" l WHERE l."${column}" = t.id)`,
      [JSON.stringify(old.map(([, { id }]) => id))],
    );
    const names = new Map(rows.map(([id, name]) => [Number(id), name]));
    const other = old.filter(
      ([at, { id }]) => names.has(id) && names.get(id) !== (batch.values[upgrade.name]?.[at] ?? null),
    );
    return new Set(other.map(([, { id }]) => id));
  }

  /** Takes away what renewed rows of a batch were below of and are no longer. */
  function* prune(
    tx: Transaction,
    parents: NonNullable<WriterSpec['parents']>,
    pairs: Uint32Array,
  ): Steps<void> {
    const wanted = new Set<string>();
    const children = new Set<number>();
    for (let i = 0; i < pairs.length; i += 2) {
      const [a, b] = [pairs[i] as number, pairs[i + 1] as number];
      if (!renewed.has(a)) continue;
      children.add(ids[a] as number);
      wanted.add(`${ids[a]} ${ids[b]}`);
    }
    const there = yield* all(
      `SELECT l.id, l."${parents.child}", l."${parents.parent}" FROM "${parents.table}" l JOIN "${table.name}" p ON p.id = l."${parents.parent}"
       WHERE l."${parents.child}" IN (SELECT value FROM json_each(?)) AND p.source_id IN (SELECT value FROM json_each(?))`,
      [JSON.stringify([...children]), JSON.stringify([sourceId, ...(spec.upgrade?.older ?? [])])],
    );
    const gone = there
      .filter(([, a, b]) => !wanted.has(`${String(a)} ${String(b)}`))
      .map(([id]) => Number(id));
    if (gone.length > 0) yield* remove(tx, parents.table, gone);
  }

  return {
    get added() {
      return added;
    },
    get kept() {
      return kept;
    },
    get updated() {
      return updated;
    },
    get linked() {
      return linked;
    },
    refused,
    get refusedCount() {
      return refusedCount;
    },
    *rows(tx, batch, from, to) {
      const known = (yield* alone()) ? null : yield* knownRows(table, batch, from, to, constants);
      const fresh: number[] = [];
      const changed = yield* bring(tx, batch, known);
      for (let at = from; at < to; at++) {
        const place = batch.from + at;
        const row = known?.get(at);
        if (row && changed.has(at)) {
          updated += 1;
          ids[place] = row.id;
          renewed.add(place);
        } else if (row) {
          kept += 1;
          if (row.sourceId === sourceId) ids[place] = row.id;
        } else if (!unfit(batch, at)) fresh.push(at);
      }
      if (fresh.length === 0) return;
      const whole = fresh.length === to - from;
      const pick = <T>(values: readonly T[]): T[] =>
        whole ? values.slice(from, to) : fresh.map((at) => values[at] as T);
      const values: Values = { ...constants, uid: pick(batch.uids) };
      for (const [column, all] of Object.entries(batch.values)) values[column] = pick(all);
      const first = yield* insert(tx, table.name, fresh.length, values);
      for (const [i, at] of fresh.entries()) ids[batch.from + at] = first + i;
      added += fresh.length;
      if (last !== null && last >= 0) last = first + fresh.length - 1;
    },
    *links(tx, pairs, from, to) {
      const { parents } = spec;
      if (!parents) return;
      if (from === 0 && renewed.size > 0) yield* prune(tx, parents, pairs);
      const child: number[] = [];
      const parent: number[] = [];
      for (let i = from; i < to; i++) {
        const [a, b] = [ids[pairs[2 * i] as number] as number, ids[pairs[2 * i + 1] as number] as number];
        if (a === 0 || b === 0) continue;
        child.push(a);
        parent.push(b);
      }
      if (child.length === 0) return;
      // Rows that this act has made have no links yet.
      linksBefore ??= kept + updated > 0;
      if (linksBefore) {
        const there = new Set(
          (yield* all(
            `SELECT "${parents.child}", "${parents.parent}" FROM "${parents.table}"
             WHERE "${parents.child}" IN (SELECT value FROM json_each(?))`,
            [JSON.stringify([...new Set(child)])],
          )).map(([a, b]) => `${String(a)} ${String(b)}`),
        );
        for (let i = child.length - 1; i >= 0; i--)
          if (there.has(`${child[i]} ${parent[i]}`)) {
            child.splice(i, 1);
            parent.splice(i, 1);
          }
        if (child.length === 0) return;
      }
      yield* insert(tx, parents.table, child.length, { [parents.child]: child, [parents.parent]: parent });
      linked += child.length;
    },
  };
}
