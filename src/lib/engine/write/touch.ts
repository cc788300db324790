// Who touched a row since: reads spans, touches and, only where there are some, the records themselves.
// Undo pairs cancel: an edit that was made and undone blocks nothing (write-path.md §2.6).
import { all, one, type Steps } from '../statement.ts';
import { tableNumber, type Journal } from './journal.ts';
import { recordRows } from './journal-tables.ts';
import { idsOf, type LocalPart, type Operation } from './operation.ts';
import { actOfRecord, readRecord } from './packs.ts';
import { mainBranch } from './seen.ts';

export interface TouchingAct {
  act: number;
  root: number;
  by: string;
  at: number;
  /** Columns changed, or null for the whole row (insert, delete). */
  columns: Set<string> | null;
}

/** Records after `since` that concern any of the ids, oldest first. */
export function* recordsTouching(
  journal: Journal,
  table: string,
  ids: readonly number[],
  since: number,
): Steps<number[]> {
  if (ids.length === 0) return [];
  const tab = yield* tableNumber(journal, table);
  let low = ids[0] ?? 0;
  let high = low;
  for (const id of ids) {
    if (id < low) low = id;
    if (id > high) high = id;
  }
  const rows = yield* all(
    `SELECT DISTINCT rec FROM loam_touch WHERE tab = ?1 AND id BETWEEN ?2 AND ?3 AND rec > ?4
     UNION SELECT rec FROM loam_span WHERE tab = ?1 AND id_from BETWEEN ?2 - ${recordRows} AND ?3 AND id_to >= ?2 AND rec > ?4
     ORDER BY 1`,
    [tab, low, high, since],
  );
  return rows.map((r) => Number(r[0]));
}

/**
 * Live effects on the rows since a record, apart from those of `ownRoot`: per id the acts (net of their undos) and
 * the columns they changed.
 */
export function* touchedSince(
  journal: Journal,
  table: string,
  ids: readonly number[],
  since: number,
  ownRoot: number,
  /** What was done on other branches counts there. */
  branch = mainBranch,
): Steps<Map<number, TouchingAct[]>> {
  const wanted = new Set(ids);
  const found = new Map<number, Map<string, TouchingAct & { net: number }>>();
  for (const rec of yield* recordsTouching(journal, table, ids, since)) {
    const head = yield* one(
      `SELECT a.id, a.root, a.sign, u.handle, a.at, a.branch_id FROM loam_act a LEFT JOIN lamindb_user u ON u.id = a.user_id
       WHERE a.id = ?`,
      [yield* actOfRecord(journal, rec)],
    );
    if (!head || Number(head[1]) === ownRoot || Number(head[5]) !== branch) continue;
    const record = yield* readRecord(journal, rec);
    for (const [index, operation] of record.body.o.entries()) {
      if (operation.t !== table) continue;
      const columns = operation.k === 'u' ? columnsOf(operation) : null;
      for (const id of idsOf(record.locals[index] as LocalPart)) {
        if (!wanted.has(id)) continue;
        const entry = {
          act: Number(head[0]),
          root: Number(head[1]),
          by: String(head[3] ?? ''),
          at: Number(head[4]),
          columns,
        };
        add(found, id, entry, Number(head[2]));
      }
    }
  }
  const out = new Map<number, TouchingAct[]>();
  for (const [id, entries] of found) {
    const live = [...entries.values()].filter((e) => e.net > 0);
    if (live.length > 0) out.set(id, live);
  }
  return out;
}

// Nets are kept per root and column, since an undo may have skipped some cells of what it undid.
function add(
  found: Map<number, Map<string, TouchingAct & { net: number }>>,
  id: number,
  entry: TouchingAct,
  sign: number,
): void {
  let entries = found.get(id);
  if (!entries) found.set(id, (entries = new Map()));
  for (const column of entry.columns ?? ['']) {
    const key = `${entry.root}/${column}`;
    const known = entries.get(key);
    if (known) known.net += sign;
    else entries.set(key, { ...entry, columns: column === '' ? null : new Set([column]), net: sign });
  }
}

export function columnsOf(operation: Operation): Set<string> {
  return new Set([...Object.keys(operation.c ?? {}), ...Object.keys(operation.v ?? {})]);
}
