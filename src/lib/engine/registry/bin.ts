// The trash and the archive over all registries: what lies there, who put it there and when, newest first; and the trash emptied
// as far as nothing that stays refers to it.
import type { EngineContext } from '../context.ts';
import { isLoamError, LoamError } from '../errors.ts';
import { registryName } from '../model/name-field.ts';
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { all, one, type Steps } from '../statement.ts';
import { isoMicros, isoTime } from '../time.ts';
import { newestFirst, ownSource, placesIn, recordsBefore } from '../write/history-sources.ts';
import type { Journal } from '../write/journal.ts';
import type { LocalPart } from '../write/operation.ts';
import { readRecord, type LogRecord } from '../write/packs.ts';
import { columnsOf } from '../write/touch.ts';
import type { Author } from '../write/transaction.ts';
import type { BinAsk, BinPage, BinPlace, BinRow, Emptied, EmptyPlan } from './bin-types.ts';
import { walkFall } from './purge.ts';
import type { Purged, Ref } from './registry-types.ts';
import {
  archiveBranch,
  hasTrash,
  labelOf,
  nameOf,
  registryOf,
  trashBranch,
  visibleBranches,
} from './tables.ts';

const usual = 100;
/** Rows that one page looks at where a filter leaves most of them out. */
const lookedAt = 1000;
/** Newer records of a row than that which put it there; most have none. */
const deep = 20;

const branchOf = (where: BinPlace): number => (where === 'trash' ? trashBranch : archiveBranch);

interface Purger {
  purge(registry: string, refs: readonly Ref[]): Promise<Purged>;
}

export function binPart({ model, read, writer, blobs, storageId }: EngineContext, registries: Purger) {
  const { journal } = writer;
  const tables = [...model.registry.values()].filter(hasTrash);

  function trashedIn(table: Table): number[] {
    const hidden = journal.hidden.without(table.name, 'id');
    return read(
      all(`SELECT id FROM "${table.name}" WHERE branch_id = ${trashBranch}${hidden} ORDER BY id`),
    ).map(([id]) => Number(id));
  }

  const trashed = (): { table: Table; ids: number[] }[] =>
    tables.map((table) => ({ table, ids: trashedIn(table) })).filter(({ ids }) => ids.length > 0);

  return {
    /** How many rows of each registry lie there; registries with none are left out. */
    binCounts(where: BinPlace): Record<string, number> {
      const counts: Record<string, number> = {};
      for (const table of tables) {
        const hidden = journal.hidden.without(table.name, 'id');
        const [n] =
          read(one(`SELECT count(*) FROM "${table.name}" WHERE branch_id = ?${hidden}`, [branchOf(where)])) ??
          [];
        if (Number(n) > 0) counts[registryName(table)] = Number(n);
      }
      return counts;
    },
    bin: (ask: BinAsk): BinPage =>
      read(
        page(
          { journal, author: writer.author, records: new Map() },
          ask.registry ? [registryOf(model, ask.registry)] : tables,
          ask,
        ),
      ),

    /** What emptying the trash would take, in numbers. */
    async emptyPlan(): Promise<EmptyPlan> {
      const sizes = new Map((await blobs.keys()).map(({ key, size }) => [key, size]));
      const keys = new Set<string>();
      const going = new Map<string, Set<number>>();
      const refused: { table: string; ids: number[]; by: Table }[] = [];
      const found = trashed();
      for (const { table, ids } of found) {
        const fall = read(walkFall(model, table, ids, storageId));
        for (const key of fall.keys) keys.add(key);
        for (const [name, rows] of fall.rows) going.set(name, new Set([...(going.get(name) ?? []), ...rows]));
        for (const one of fall.refused) refused.push({ table: one.table, ids: one.ids, by: table });
      }
      const total = [...going].reduce(
        (sum, [name, ids]) => sum + (model.tables.get(name)?.family === 'registry' ? ids.size : 0),
        0,
      );
      // Rows whose bytes lie elsewhere have none to lose.
      const stored = [...keys].map((key) => bytesOf(sizes, key)).filter((size) => size > 0);
      const asked = found.reduce((sum, { ids }) => sum + ids.length, 0);
      return {
        registries: found.map(({ table, ids }) => ({ registry: registryName(table), count: ids.length })),
        rows: asked,
        along: total - asked,
        files: stored.length,
        bytes: stored.reduce((sum, size) => sum + size, 0),
        refused: refused
          .map(({ table, ids, by }) => ({
            registry: registryName(by),
            usedBy: labelOf(model.tables.get(table) as Table),
            count: ids.filter((id) => !going.get(table)?.has(id)).length,
          }))
          .filter(({ count }) => count > 0),
      };
    },

    /** Deletes for good what lies in the trash. What something that stays refers to stays too, and is told. */
    async emptyTrash(): Promise<Emptied> {
      const done: Emptied = { rows: 0, bytes: 0, kept: 0, left: [] };
      const order = new Map(model.order.map((name, i) => [name, i]));
      const take = async (table: Table, ids: readonly number[]): Promise<void> => {
        const { rows, bytes, kept } = await registries.purge(
          registryName(table),
          ids.map((id) => ({ id })),
        );
        done.rows += rows;
        done.bytes += bytes;
        done.kept += kept;
      };
      // Users before what they use; what was refused is tried again as long as anything goes.
      for (let before = -1; done.rows !== before;) {
        before = done.rows;
        done.left = [];
        const found = trashed().sort(
          (a, b) => (order.get(b.table.name) ?? 0) - (order.get(a.table.name) ?? 0),
        );
        for (const { table, ids } of found) {
          // Some may have gone with users of theirs.
          const there = new Set(trashedIn(table));
          const some = ids.filter((id) => there.has(id));
          if (some.length === 0) continue;
          const why = await refusedWith(() => take(table, some));
          if (why === null) continue;
          let [left, last] = [0, why];
          for (const id of some) {
            const problem = await refusedWith(() => take(table, [id]));
            if (problem !== null) [left, last] = [left + 1, problem];
          }
          if (left > 0) done.left.push({ registry: registryName(table), count: left, why: last });
        }
      }
      return done;
    },
  };
}

/** Of a folder's bytes the key is where they lie below. */
function bytesOf(sizes: ReadonlyMap<string, number>, key: string): number {
  const own = sizes.get(key);
  if (own !== undefined) return own;
  let sum = 0;
  for (const [one, size] of sizes) if (one.startsWith(`${key}/`)) sum += size;
  return sum;
}

async function refusedWith(work: () => Promise<void>): Promise<string | null> {
  try {
    await work();
    return null;
  } catch (error) {
    if (isLoamError(error) && error.code !== 'ReadOnly' && error.code !== 'StorageFull') return error.message;
    throw error;
  }
}

/* ---------- what lies there ---------- */

interface Place {
  at: string;
  table: string;
  id: number;
}

interface Log {
  journal: Journal;
  author: Author;
  /** Rows that went there together are in one record. */
  records: Map<number, LogRecord>;
}

function* page(log: Log, tables: readonly Table[], ask: BinAsk): Steps<BinPage> {
  const { journal } = log;
  const limit = Math.min(500, ask.limit ?? usual);
  const rows: BinRow[] = [];
  let cursor = ask.before ? placeOf(ask.before) : null;
  for (let looked = 0; looked < lookedAt;) {
    const part: (Place & { row: SqlValue[] })[] = [];
    for (const table of tables) part.push(...(yield* newestIn(journal, table, ask.where, cursor, limit + 1)));
    part.sort((a, b) =>
      a.at < b.at ? 1 : a.at > b.at ? -1 : a.table < b.table ? 1 : a.table > b.table ? -1 : b.id - a.id,
    );
    for (const [i, place] of part.slice(0, limit + 1).entries()) {
      if (rows.length === limit || i === limit) return { rows, before: cursor && JSON.stringify(cursor) };
      looked++;
      cursor = { at: place.at, table: place.table, id: place.id };
      const table = tables.find(({ name }) => name === place.table) as Table;
      const row = yield* binRow(log, table, place.row);
      const inTime = (!ask.from || (row.at ?? '') >= ask.from) && (!ask.to || (row.at ?? '') <= ask.to);
      if (inTime && (!ask.person || row.by === ask.person)) rows.push(row);
    }
    if (part.length <= limit) return { rows, before: null };
  }
  return { rows, before: cursor && JSON.stringify(cursor) };
}

function placeOf(text: string): Place {
  try {
    const { at, table, id } = JSON.parse(text) as Partial<Place>;
    if (typeof at === 'string' && typeof table === 'string' && typeof id === 'number')
      return { at, table, id };
  } catch {
    // Told below.
  }
  throw new LoamError('InvalidArgument', 'This is no place in the list. Begin it anew.');
}

/** By when each was changed last, which is when it went there unless somebody touched it since. */
function* newestIn(
  journal: Journal,
  table: Table,
  where: BinPlace,
  before: Place | null,
  limit: number,
): Steps<(Place & { row: SqlValue[] })[]> {
  const time = ['updated_at', 'created_at'].find((c) => table.column.has(c));
  const at = time ? `"${time}"` : "''";
  const size = table.registry === 'Artifact' ? 'size' : 'NULL';
  const key = table.column.has('uid') ? 'uid' : 'id';
  const params: SqlValue[] = [branchOf(where)];
  let behind = '';
  if (before) {
    const same =
      table.name < before.table ? ' OR at = ?' : table.name === before.table ? ' OR (at = ? AND id < ?)' : '';
    behind = ` WHERE at < ?${same}`;
    params.push(before.at);
    if (same !== '') params.push(before.at);
    if (table.name === before.table) params.push(before.id);
  }
  const rows = yield* all(
    `SELECT id, at, key, name, size FROM (SELECT id, ${at} AS at, ${key} AS key, "${nameOf(table)}" AS name, ${size} AS size FROM "${table.name}"
       WHERE branch_id = ?${journal.hidden.without(table.name, 'id')})${behind} ORDER BY at DESC, id DESC LIMIT ${limit}`,
    params,
  );
  return rows.map((row) => ({ at: String(row[1]), table: table.name, id: Number(row[0]), row }));
}

function* binRow(log: Log, table: Table, [id, at, key, name, size]: SqlValue[]): Steps<BinRow> {
  const put = yield* putThere(log, table, Number(id));
  const then = at === '' || at === null || at === undefined ? null : isoTime(String(at));
  return {
    registry: registryName(table),
    key: String(key),
    name: String(name ?? key),
    at: put?.at ?? then,
    by: put?.by ?? null,
    act: put?.act ?? null,
    size: size === null || size === undefined ? null : Number(size),
  };
}

/** The act that moved the row to where it is; null where the log does not know. */
function* putThere(
  { journal, author, records }: Log,
  table: Table,
  id: number,
): Steps<{ act: string; by: string; at: string } | null> {
  const own = yield* ownSource(table, id);
  if (!own) return null;
  for (const record of yield* recordsBefore([own], newestFirst(journal), deep)) {
    let known = records.get(record);
    if (!known) records.set(record, (known = yield* readRecord(journal, record)));
    const { act, body, locals } = known;
    for (const [i, operation] of body.o.entries()) {
      if (operation.t !== table.name || operation.k === 'd' || !columnsOf(operation).has('branch_id'))
        continue;
      if (placesIn(locals[i] as LocalPart, own.ids).length === 0) continue;
      const row = yield* one(
        "SELECT a.uid, u.handle, a.at FROM loam_act a LEFT JOIN lamindb_user u ON u.id = a.user_id WHERE a.id = ? AND a.status = 'done' AND a.branch_id IN (SELECT value FROM json_each(?))",
        [act, JSON.stringify(visibleBranches(author))],
      );
      // Of a branch that is not seen from here.
      if (!row) continue;
      return {
        act: String(row[0]),
        by: String(row[1] ?? ''),
        at: isoMicros(Number(row[2])),
      };
    }
  }
  return null;
}
