// Rows that were deleted for good: what they were called, who ended them and when, and the history they leave. The log
// keeps all of it; `loam_gone` says which row a uid named (write-path.md §2.9).
import type { EngineContext } from '../context.ts';
import type { Table } from '../model/types.ts';
import { one, type Steps } from '../statement.ts';
import type { ActSummary, HistoryEntry } from '../write/history-types.ts';
import { tableOf, type Journal } from '../write/journal.ts';
import { idsOf, type LocalPart } from '../write/operation.ts';
import { readRecord, recordsOf } from '../write/packs.ts';
import { rowHistory } from './row-history.ts';
import { labelOf, nameOf, registryOf } from './tables.ts';

export interface GoneName {
  registry: string;
  uid: string;
  /** What people called it, or its uid. */
  name: string;
}

export interface GoneRow extends GoneName {
  /** The act that deleted it. */
  act: ActSummary;
  /** Of the row and of what hung on it, newest first. */
  history: HistoryEntry[];
}

const listed = 200;

export const gonePart = ({ model, read, writer }: EngineContext) => ({
  /** A row that is not here any more, by its uid (of a versioned registry also by its stem); null for any other. */
  gone: (registry: string, uid: string): GoneRow | null =>
    read(goneRow(writer.journal, registryOf(model, registry), uid)),
  /** What an act deleted for good, at most 200 rows of registries. */
  goneIn: (act: string): GoneName[] => read(goneIn(writer.journal, act)),
});

function* goneRow(journal: Journal, table: Table, uid: string): Steps<GoneRow | null> {
  // Not by `tableNumber`: a question must not write.
  const [tab = null] = (yield* one('SELECT id FROM loam_table WHERE name = ?', [table.name])) ?? [];
  const stem = table.versioned && /^[0-9A-Za-z]{4,16}$/.test(uid);
  // One that came back is not gone.
  const row = yield* one(
    `SELECT g.key, g.id FROM loam_gone g WHERE g.tab = ?1 AND ${stem ? "g.key >= ?2 AND g.key < ?2 || '~'" : 'g.key = ?2'}
       AND NOT EXISTS (SELECT 1 FROM "${table.name}" t WHERE t.id = g.id) ORDER BY g.key DESC LIMIT 1`,
    [tab, uid],
  );
  if (!row) return null;
  const id = Number(row[1]);
  const history = yield* rowHistory(journal, table, id);
  const ends = history.filter((entry) => entry.table === table.name && entry.kind === 'delete');
  const [end] = ends;
  if (!end) return null;
  let name = String(row[0]);
  // A delete that was undone and redone has its values in the first one.
  for (const { ref } of ends)
    for (const found of yield* namesIn(journal, table, ref.record, id)) ({ name } = found);
  return { registry: labelOf(table), uid: String(row[0]), name, act: end.act, history };
}

function* goneIn(journal: Journal, act: string): Steps<GoneName[]> {
  const found = yield* one("SELECT id FROM loam_act WHERE uid = ? AND status <> 'open'", [act]);
  const records = found ? (yield* recordsOf(journal, Number(found[0]))).reverse() : [];
  const names: GoneName[] = [];
  for (const record of records) {
    for (const operation of (yield* readRecord(journal, record)).body.o) {
      const table = tableOf(journal.model, operation.t);
      if (operation.k !== 'd' || table.family !== 'registry' || !table.column.has('uid')) continue;
      for (const { name, uid } of yield* namesIn(journal, table, record, null)) {
        if (!names.some((known) => known.uid === uid && known.registry === labelOf(table)))
          names.push({ registry: labelOf(table), uid, name });
        if (names.length === listed) return names;
      }
    }
  }
  return names;
}

/** Names and uids of the rows that a record deleted from a table, or of one of them. */
function* namesIn(
  journal: Journal,
  table: Table,
  record: number,
  only: number | null,
): Steps<{ uid: string; name: string }[]> {
  const { body, locals } = yield* readRecord(journal, record);
  const found: { uid: string; name: string }[] = [];
  for (const [i, operation] of body.o.entries()) {
    const local = locals[i] as LocalPart;
    if (operation.k !== 'd' || operation.t !== table.name || !local.pre) continue;
    for (const [at, id] of idsOf(local).entries()) {
      if (only !== null && id !== only) continue;
      const uid = String(local.pre['uid']?.[at] ?? '');
      found.push({ uid, name: String(local.pre[nameOf(table)]?.[at] ?? uid) });
    }
  }
  return found;
}
