// What all facts about one row come to, whatever order they came in: whether it is there, and for each cell which of the
// writes that nobody has overwritten knowingly is shown. A pure function of what is said and of who had seen what.
import { timeText } from '../time.ts';
import type { Table } from '../model/types.ts';
import type { RowKey } from '../write/operation.ts';
import { keepsStamp } from '../write/stamp.ts';
import { wordOf, type Fact, type FactEvent } from './facts.ts';
import { saw, type Known } from './known.ts';

/** A write of a cell that no other write of it has seen. */
export interface Head {
  fact: Fact;
  value: RowKey;
  /** The row was made with it: any later word of anybody's counts more. */
  floor: boolean;
}

export interface Cell {
  /** The one that is shown comes first. */
  heads: Head[];
  value: RowKey;
}

export interface Folded {
  alive: boolean;
  /** Rows that no fact made were there before: cells that no fact wrote are as they are. */
  made: boolean;
  /** The fact that made the row, the first of several that did at once. */
  birth: Fact | null;
  cells: Map<string, Cell>;
  /** Time of the last change; null where no fact tells. */
  updatedAt: RowKey;
}

/** Versions: times first, then the authors' clients. Of one fact there is one version. */
export function compareVersions(a: Fact, b: Fact): number {
  return a.at - b.at || a.client - b.client || a.clock - b.clock;
}

/** Whether `later` was written by somebody who had seen `earlier`. */
function knew(known: Known, later: FactEvent, earlier: FactEvent): boolean {
  if (later.fact === earlier.fact) return earlier.index < later.index;
  return saw(known, later.fact, earlier.fact);
}

export function fold(known: Known, table: Table, id: number, events: readonly FactEvent[]): Folded {
  const inserts = events.filter(({ operation }) => operation.k === 'i');
  const deletes = events.filter(({ operation }) => operation.k === 'd');
  const updates = events.filter(({ operation }) => operation.k === 'u');
  const uidOf = ({ fact, operation }: FactEvent): RowKey => {
    const column = table.column.get('uid');
    return column ? (wordOf(fact, operation, id, column) ?? null) : null;
  };
  // A purge took the bytes with it: who had not seen it does not bring back what it knew.
  const purges = deletes.filter(({ fact }) => fact.kind === 'purge');
  const purged = (insert: FactEvent): boolean =>
    uidOf(insert) !== null &&
    purges.some(
      (purge) =>
        !knew(known, insert, purge) &&
        inserts.some((other) => uidOf(other) === uidOf(insert) && knew(known, purge, other)),
    );
  const live = inserts
    .filter((insert) => !deletes.some((gone) => knew(known, gone, insert)) && !purged(insert))
    .sort((a, b) => compareVersions(a.fact, b.fact) || a.index - b.index);
  const made = inserts.length > 0;
  const [first] = live;
  const folded: Folded = {
    alive: made ? first !== undefined : deletes.length === 0,
    made,
    birth: first?.fact ?? null,
    cells: new Map(),
    updatedAt: null,
  };
  if (!folded.alive) return folded;
  for (const column of table.columns) {
    if (column.name === 'id' || column.derived || column.foreign || column.name === 'updated_at') continue;
    const written = updates.filter(
      ({ operation }) => column.name in operation.v || column.name in operation.c,
    );
    if (written.length === 0 && live.length === 0) continue;
    const writes = [...live, ...written];
    const heads = (
      writes.length === 1 ? writes : writes.filter((one) => !writes.some((other) => knew(known, other, one)))
    )
      .sort(
        (a, b) =>
          Number(a.operation.k === 'i') - Number(b.operation.k === 'i') ||
          (a.operation.k === 'i' ? 1 : -1) * (compareVersions(a.fact, b.fact) || a.index - b.index),
      )
      .map(({ fact, operation }) => ({
        fact,
        value: wordOf(fact, operation, id, column) ?? null,
        floor: operation.k === 'i',
      }));
    const [shown] = heads;
    if (shown) folded.cells.set(column.name, { heads, value: shown.value });
  }
  const stamp = table.column.get('updated_at');
  if (stamp) {
    const newest = updates
      .filter(
        ({ fact, operation }) =>
          !keepsStamp(fact.kind, [...Object.keys(operation.v), ...Object.keys(operation.c)]),
      )
      .filter((one) => !live.some((insert) => knew(known, insert, one)))
      .reduce((most, { fact }) => Math.max(most, fact.at), 0);
    if (newest > 0) folded.updatedAt = timeText(newest);
    else if (first) folded.updatedAt = wordOf(first.fact, first.operation, id, stamp) ?? null;
  }
  return folded;
}
