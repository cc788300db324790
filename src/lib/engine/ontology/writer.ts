// Terms as rows of one registry within a long act: rows first, then what is above what. Rows that are there stay as they
// are, and links are made among rows of this source only, both as bionty 2.5.2 does. Places are those of the feed.
import { LoamError } from '../errors.ts';
import { checkValue } from '../write/check.ts';
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { all, one, type Steps } from '../statement.ts';
import { insert, type Values } from '../write/apply.ts';
import type { Transaction } from '../write/transaction.ts';
import { knownRows, otherUniques } from './clashes.ts';
import type { TermBatch } from './types.ts';

export interface TermWriter {
  /** Writes the terms from … to of a batch. */
  rows(tx: Transaction, batch: TermBatch, from: number, to: number): Steps<void>;
  /** Links of a batch whose rows are all written: pairs of places. */
  links(tx: Transaction, pairs: Uint32Array, from: number, to: number): Steps<void>;
  readonly added: number;
  readonly kept: number;
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
}

const told = 20;

export function createTermWriter(spec: WriterSpec): TermWriter {
  const { table, sourceId, organismId } = spec;
  /** Ids by place; 0 where there is no row of this source. */
  const ids = new Uint32Array(spec.rows);
  const dropped = new Uint8Array(spec.rows);
  const unique = otherUniques(table, spec.key);
  const seen = new Map(unique.map((column) => [column, new Set<SqlValue>()]));
  const constants: Record<string, SqlValue> = {
    source_id: sourceId,
    ...(table.column.has('organism_id') ? { organism_id: organismId } : {}),
  };
  let added = 0;
  let kept = 0;
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

  return {
    get added() {
      return added;
    },
    get kept() {
      return kept;
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
      for (let at = from; at < to; at++) {
        const place = batch.from + at;
        const row = known?.get(at);
        if (row) {
          kept += 1;
          if (row.sourceId === sourceId) ids[place] = row.id;
        } else if (unfit(batch, at)) dropped[place] = 1;
        else fresh.push(at);
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
      linksBefore ??= kept > 0;
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
