// What a branch out of a file holds back, since it refers to rows that are not here or lie on a branch that it does not see:
// kept with the branch, told by the rows that it waits for, and which of it would come in now.
import type { Table } from '../model/types.ts';
import { setting } from '../schema/open.ts';
import { all, run, type Steps } from '../statement.ts';
import { nameColumn } from '../write/history-names.ts';
import { idsByKey, tableOf, type Journal } from '../write/journal.ts';
import { fromJsonText, jsonText, type RowKey } from '../write/operation.ts';
import { reachOf } from '../write/reach.ts';
import { seenFrom } from '../write/seen.ts';
import { noContent, type BundleContent } from './bundle.ts';

/** A row that changes wait for. */
export interface HeldRow {
  registry: string;
  /** What people call it where it was made. */
  name: string;
  uid: string;
  /** The branch on which it is here, where this one does not see it; null where it is not here. */
  branch: string | null;
  /** Changes that refer to it. */
  changes: number;
}

export interface BranchHeld {
  /** Rows, changed rows and links that wait. */
  changes: number;
  /** Those of them that fit by now. */
  ready: number;
  /** What the others wait for, most wanted first. */
  rows: HeldRow[];
  /** Rows that are not listed any more. */
  more: number;
}

const mostRows = 100;

export const nameOf = (table: string, key: RowKey): string => `${table} ${JSON.stringify(key)}`;

/* ---------- keeping ---------- */

const settingOf = (uid: string) => `held ${uid}`;

export function* keepHeld(uid: string, content: BundleContent): Steps<void> {
  const empty = [content.made, content.changed, content.added].every((part) => part.length === 0);
  if (empty) yield* run('DELETE FROM loam_setting WHERE name = ?', [settingOf(uid)]);
  else
    yield* run('INSERT OR REPLACE INTO loam_setting(name, value) VALUES (?, ?)', [
      settingOf(uid),
      jsonText(content),
    ]);
}

/** What is kept of a branch since it refers to rows that were not here; null where there is nothing. */
export function* heldOf(uid: string): Steps<BundleContent | null> {
  const text = yield* setting(settingOf(uid));
  return text === null ? null : { ...noContent(), ...fromJsonText<Partial<BundleContent>>(text) };
}

export function countHeld({ made, changed, added }: BundleContent): number {
  const rows = (parts: readonly { keys: unknown[] }[]) => parts.reduce((n, { keys }) => n + keys.length, 0);
  return rows(made) + changed.length + rows(added);
}

/* ---------- what it waits for ---------- */

/** Of rows of a table those on branches that are not among `visible`, with the name of their branch. */
export function* unseenRows(
  table: Table,
  ids: readonly number[],
  visible: readonly number[],
): Steps<Map<number, string>> {
  if (reachOf(table) !== 'placed' || ids.length === 0) return new Map();
  const rows = yield* all(
    `SELECT t.id, b.name FROM "${table.name}" t JOIN lamindb_branch b ON b.id = t.branch_id
     WHERE t.id IN (SELECT value FROM json_each(?)) AND t.branch_id > 0 AND t.branch_id NOT IN (${visible.join(', ')})`,
    [JSON.stringify(ids)],
  );
  return new Map(rows.map(([id, name]) => [Number(id), String(name)]));
}

/** A change by the rows that it refers to; `own` is the row that it makes. */
interface Waiting {
  own: string | null;
  needs: { table: string; key: RowKey }[];
}

function waitingIn(journal: Journal, content: BundleContent): Waiting[] {
  const out: Waiting[] = [];
  const targetOf = (table: Table, column: string) => table.column.get(column)?.references?.table;
  for (const [parts, makes] of [
    [content.made, true],
    [content.added, false],
  ] as const)
    for (const { table: name, keys, columns, values } of parts) {
      const targets = columns.map((column) => targetOf(tableOf(journal.model, name), column));
      for (const [i, key] of keys.entries())
        out.push({
          own: makes ? nameOf(name, key) : null,
          needs: targets.flatMap((table, c) => {
            const to = values[c]?.[i] ?? null;
            return table === undefined || to === null ? [] : [{ table, key: to }];
          }),
        });
    }
  for (const { table: name, key, cells } of content.changed) {
    const needs = [{ table: name, key }];
    for (const [column, , mine] of cells) {
      const table = targetOf(tableOf(journal.model, name), column);
      if (table !== undefined && mine !== null) needs.push({ table, key: mine });
    }
    out.push({ own: null, needs });
  }
  return out;
}

/** What is held back of a branch, by the rows that it waits for; it only reads. */
export function* waitingFor(journal: Journal, branch: number, content: BundleContent): Steps<BranchHeld> {
  const waiting = waitingIn(journal, content);
  const { visible } = yield* seenFrom(branch);
  const wanted = new Map<string, Map<string, RowKey>>();
  for (const { needs } of waiting)
    for (const { table, key } of needs) {
      const keys = wanted.get(table) ?? new Map<string, RowKey>();
      wanted.set(table, keys.set(nameOf(table, key), key));
    }
  /** Rows that are missing: null, or the branch on which they are. */
  const missing = new Map<string, string | null>();
  for (const [name, keys] of wanted) {
    const found = yield* idsByKey(journal, name, [...keys.values()]);
    const ids = found.filter((id) => id !== null);
    const unseen = yield* unseenRows(tableOf(journal.model, name), ids, visible);
    for (const [i, key] of [...keys.keys()].entries()) {
      const id = found[i] ?? null;
      if (id === null || unseen.has(id)) missing.set(key, id === null ? null : (unseen.get(id) ?? null));
    }
  }
  const coming = comingOf(waiting, missing);
  const fits = (one: Waiting) =>
    one.needs.every(({ table, key }) => isThere(nameOf(table, key), missing, coming));
  const own = new Set(waiting.map((one) => one.own));
  const rows = new Map<string, HeldRow>();
  const names = new Map(content.named.map(({ table, key, name }) => [nameOf(table, key), name]));
  for (const one of waiting)
    for (const { table, key } of one.needs) {
      const name = nameOf(table, key);
      if (!missing.has(name) || own.has(name)) continue;
      const known = rows.get(name);
      if (known) known.changes++;
      else
        rows.set(name, {
          registry: journal.model.tables.get(table)?.registry ?? table,
          name: names.get(name) || keyWords(key),
          uid: keyWords(key),
          branch: missing.get(name) ?? null,
          changes: 1,
        });
    }
  const listed = [...rows.values()].sort((a, b) => b.changes - a.changes);
  return {
    changes: waiting.length,
    ready: waiting.filter(fits).length,
    rows: listed.slice(0, mostRows),
    more: Math.max(0, listed.length - mostRows),
  };
}

/** Rows among those that wait which can come: what leans on one that cannot stays as well. */
function comingOf(waiting: readonly Waiting[], missing: ReadonlyMap<string, unknown>): Set<string> {
  const coming = new Set(waiting.flatMap(({ own }) => own ?? []));
  for (let before = -1; before !== coming.size;) {
    before = coming.size;
    for (const { own, needs } of waiting)
      if (own !== null && !needs.every(({ table, key }) => isThere(nameOf(table, key), missing, coming)))
        coming.delete(own);
  }
  return coming;
}

const isThere = (name: string, missing: ReadonlyMap<string, unknown>, coming: ReadonlySet<string>): boolean =>
  !missing.has(name) || coming.has(name);

/* ---------- words ---------- */

export const keyWords = (key: RowKey): string => (typeof key === 'string' ? key : JSON.stringify(key));

/** What rows are called that a bundle names or makes, by `nameOf`. */
export function namesIn(journal: Journal, content: BundleContent): Map<string, string> {
  const names = new Map(
    content.named.flatMap(({ table, key, name }) =>
      name === '' ? [] : [[nameOf(table, key), name] as const],
    ),
  );
  for (const { table, keys, columns, values } of content.made) {
    const known = journal.model.tables.get(table);
    const column = known ? columns.indexOf(nameColumn(known)) : -1;
    for (const [i, key] of keys.entries()) {
      const name = values[column]?.[i];
      if (typeof name === 'string' && name !== '') names.set(nameOf(table, key), name.slice(0, 200));
    }
  }
  return names;
}

/** A row in words: its name, else those of the rows that it ties, else its key. */
export function rowWords(table: Table, key: RowKey, names: ReadonlyMap<string, string>): string {
  const name = names.get(nameOf(table.name, key));
  if (name !== undefined) return name;
  if (!Array.isArray(key)) return keyWords(key);
  const ends = table.rowKey.columns.flatMap((column, i) => {
    const target = table.column.get(column)?.references?.table;
    const end = key[i] ?? null;
    return target === undefined || end === null ? [] : [names.get(nameOf(target, end)) ?? keyWords(end)];
  });
  return ends.length > 0 ? ends.join(' – ') : keyWords(key);
}
