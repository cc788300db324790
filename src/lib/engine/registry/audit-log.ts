// The audit log: every act with who, what, when and on which branch, newest first, under filters; and an act opened, row by
// row. A reader of the log like history; undo and redo stand in it as acts of their own.
import type { EngineContext } from '../context.ts';
import { LoamError } from '../errors.ts';
import type { Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { all, one, type Steps } from '../statement.ts';
import { isoMicros, momentMillis } from '../time.ts';
import { summaryOf } from '../write/act-summary.ts';
import { hostColumns } from '../write/cuts.ts';
import { kindOf, tieKind } from '../write/history.ts';
import { fieldChanges, newCells, oldCells, tieChanges } from '../write/history-cells.ts';
import { namedRow, shownCell, type Names } from '../write/history-names.ts';
import { newestFirst } from '../write/history-sources.ts';
import { idsByKey, tableOf, type Journal } from '../write/journal.ts';
import { idsOf, type LocalPart, type Operation } from '../write/operation.ts';
import { actOfRecord, readRecord, recordsOf, type LogRecord } from '../write/packs.ts';
import { deviceOfAct, toldDevice } from '../write/devices.ts';
import type { Author } from '../write/transaction.ts';
import { undoTargetOf } from '../write/undo.ts';
import type { AuditAct, AuditAsk, AuditChoices, AuditPage, AuditRow, AuditRows } from './audit-types.ts';
import { labelOf, registryOf, visibleBranches } from './tables.ts';

const usual = 50;
const recordsAtOnce = 500;

export function auditPart({ model, read, writer }: EngineContext) {
  const { journal, author } = writer;
  return {
    /** Acts, newest first. */
    auditLog(ask: AuditAsk = {}): AuditPage {
      const table = ask.registry ? registryOf(model, ask.registry) : null;
      return read(table ? actsOn(journal, author, table, ask) : acts(author, ask));
    },
    /** What can be filtered by. */
    auditChoices: (): AuditChoices => read(choices()),
    /** What an act did, row by row in the order it did it. */
    auditRows: (act: string, offset = 0, limit = usual): AuditRows =>
      read(rowsOf(journal, act, Math.max(0, offset), Math.min(500, limit))),
  };
}

const actColumns = `SELECT a.uid, a.kind, a.title, a.at, u.handle, r.undone, u.name, b.name, r.uid, r.title, a.root, a.id, a.branch_id, d.uid, d.name
  FROM loam_act a JOIN loam_act r ON r.id = a.root LEFT JOIN lamindb_user u ON u.id = a.user_id
  LEFT JOIN lamindb_branch b ON b.id = a.branch_id LEFT JOIN loam_device d ON d.id = ${deviceOfAct('a.id')}`;

/** Conditions on acts, and their values. */
function conditions(author: Author, ask: AuditAsk): { sql: string; params: SqlValue[] } {
  const parts = ["a.status = 'done'", "a.kind <> 'device'"];
  const params: SqlValue[] = [];
  const add = (sql: string, value: SqlValue): void => {
    parts.push(sql);
    params.push(value);
  };
  if (ask.person) add('u.handle = ?', ask.person);
  if (ask.kind) add('a.kind = ?', ask.kind);
  if (ask.from) add('a.at >= ?', momentMillis(ask.from) * 1000);
  if (ask.to) add('a.at <= ?', momentMillis(ask.to) * 1000 + 999);
  if (ask.device === '-') parts.push('d.id IS NULL');
  else if (ask.device) add('d.uid = ?', ask.device);
  if (ask.branch && ask.branch !== '*') add('b.name = ?', ask.branch);
  else if (!ask.branch) parts.push(`a.branch_id IN (${visibleBranches(author).join(', ')})`);
  return { sql: parts.join(' AND '), params };
}

function* acts(author: Author, ask: AuditAsk): Steps<AuditPage> {
  const limit = Math.min(500, ask.limit ?? usual);
  const { sql, params } = conditions(author, ask);
  const rows = yield* all(`${actColumns} WHERE ${sql} AND a.id < ? ORDER BY a.id DESC LIMIT ?`, [
    ...params,
    ask.before ?? Number.MAX_SAFE_INTEGER,
    limit + 1,
  ]);
  const shown = rows.slice(0, limit);
  const found: AuditAct[] = [];
  for (const row of shown) found.push(yield* toAct(author, row));
  return { acts: found, before: rows.length > limit ? Number(shown.at(-1)?.[11]) : null };
}

/** Acts by the newest of their records that came upon the registry; the page after goes on behind that record. */
function* actsOn(journal: Journal, author: Author, table: Table, ask: AuditAsk): Steps<AuditPage> {
  const limit = Math.min(500, ask.limit ?? usual);
  const { sql, params } = conditions(author, ask);
  const tables = tablesOf(journal, table);
  const tabs = (yield* all('SELECT id FROM loam_table WHERE name IN (SELECT value FROM json_each(?))', [
    JSON.stringify(tables),
  ])).map(([tab]) => Number(tab));
  const seen = new Set<number>();
  const found: AuditAct[] = [];
  let cursor = Math.min(ask.before ?? Infinity, newestFirst(journal));
  for (;;) {
    const among = tabs.join(', ');
    const records = yield* all(
      `SELECT rec FROM loam_touch WHERE tab IN (${among}) AND rec < ?1 UNION SELECT rec FROM loam_span WHERE tab IN (${among}) AND rec < ?1
       ORDER BY 1 DESC LIMIT ${recordsAtOnce}`,
      [cursor],
    );
    for (const [record] of records) {
      const before = cursor;
      cursor = Number(record);
      const act = yield* actOfRecord(journal, cursor);
      if (seen.has(act)) continue;
      seen.add(act);
      const row = yield* one(`${actColumns} WHERE ${sql} AND a.id = ?`, [...params, act]);
      if (!row) continue;
      if (found.length === limit) return { acts: found, before };
      found.push(yield* toAct(author, row));
    }
    if (records.length < recordsAtOnce) return { acts: found, before: null };
  }
}

/** The registry's own table and those whose rows hang on it. */
function tablesOf({ model }: Journal, table: Table): string[] {
  const hanging = [...model.tables.values()].filter((child) =>
    hostColumns(child).some((column) => child.column.get(column)?.references?.table === table.name),
  );
  return [table.name, ...hanging.map(({ name }) => name)];
}

function* toAct(author: Author, row: SqlValue[]): Steps<AuditAct> {
  const summary = summaryOf(row);
  const [name, branch, root, rootTitle, rootId, id, on, device, deviceName] = row.slice(6);
  const own = rootId === id;
  const [records, sent] = (yield* one('SELECT count(*), count(clock) FROM loam_record WHERE act = ?', [
    id ?? 0,
  ])) ?? [0, 0];
  return {
    ...summary,
    undone: own && summary.undone,
    name: name === null || name === undefined ? null : String(name),
    branch: String(branch ?? ''),
    device: toldDevice(device, deviceName),
    of: own ? null : { uid: String(root), title: String(rootTitle) },
    // Elsewhere its rows are others.
    canUndo: own && on === author.branchId && (yield* undoTargetOf(summary.uid, author)) !== null,
    synced: Number(records) > 0 && records === sent,
  };
}

function* choices(): Steps<AuditChoices> {
  const people = yield* all(
    'SELECT u.handle, u.name FROM lamindb_user u WHERE EXISTS (SELECT 1 FROM loam_act a WHERE a.user_id = u.id) ORDER BY 1',
  );
  const kinds = yield* all("SELECT DISTINCT kind FROM loam_act WHERE kind <> 'device' ORDER BY 1");
  const branches = yield* all(
    'SELECT b.name FROM lamindb_branch b WHERE b.id > 0 AND EXISTS (SELECT 1 FROM loam_act a WHERE a.branch_id = b.id) ORDER BY b.id',
  );
  const devices = yield* all(
    'SELECT uid, name FROM loam_device WHERE id IN (SELECT device FROM loam_made_on) ORDER BY name, id',
  );
  const [unknown] = yield* all(
    'SELECT 1 FROM loam_act WHERE id < coalesce((SELECT min(act) FROM loam_made_on), id + 1) UNION ALL SELECT 1 FROM loam_made_on WHERE device IS NULL LIMIT 1',
  );
  const first = yield* one('SELECT at FROM loam_act ORDER BY id LIMIT 1');
  return {
    people: people.map(([handle, name]) => ({
      handle: String(handle),
      name: name === null || name === undefined ? null : String(name),
    })),
    kinds: kinds.map(([kind]) => String(kind)),
    branches: branches.map(([name]) => String(name)),
    devices: devices.flatMap(([uid, name]) => toldDevice(uid, name) ?? []),
    unrecorded: unknown !== undefined,
    first: first ? isoMicros(Number(first[0])) : null,
  };
}

/* ---------- an act, opened ---------- */

function* rowsOf(journal: Journal, uid: string, offset: number, limit: number): Steps<AuditRows> {
  const act = yield* one("SELECT id FROM loam_act WHERE uid = ? AND status = 'done'", [uid]);
  if (!act) throw new LoamError('DoesNotExist', 'The history has no such act.', { act: uid });
  const names: Names = new Map();
  const rows: AuditRow[] = [];
  let passed = 0;
  for (const id of (yield* recordsOf(journal, Number(act[0]))).reverse()) {
    const record = yield* readRecord(journal, id);
    for (const [index, operation] of record.body.o.entries()) {
      for (let place = Math.max(0, offset - passed); place < operation.n; place++) {
        if (rows.length === limit) return { rows, offset, more: true };
        rows.push(yield* auditRow(journal, names, record, index, place));
      }
      passed += operation.n;
    }
  }
  return { rows, offset, more: false };
}

function* auditRow(
  journal: Journal,
  names: Names,
  record: LogRecord,
  index: number,
  place: number,
): Steps<AuditRow> {
  const operation = record.body.o[index] as Operation;
  const id = idsOf(record.locals[index] as LocalPart)[place] ?? 0;
  const table = tableOf(journal.model, operation.t);
  const [host] = hostColumns(table);
  if (host === undefined) {
    const shown = yield* namedRow(journal, names, table.name, id);
    return {
      kind: kindOf(operation),
      registry: labelOf(table),
      name: shown.text ?? String(id),
      row: shown.row ?? null,
      changes: operation.k === 'd' ? [] : yield* fieldChanges(journal, names, record, index, place),
    };
  }
  return yield* tieRow(journal, names, record, index, place, table, host, id);
}

/** A link or a value is told as what it did to the row it hangs on. */
function* tieRow(
  journal: Journal,
  names: Names,
  record: LogRecord,
  index: number,
  place: number,
  table: Table,
  host: string,
  id: number,
): Steps<AuditRow> {
  const operation = record.body.o[index] as Operation;
  const column = table.column.get(host);
  const cells =
    operation.k === 'i'
      ? yield* newCells(journal, record, index, place)
      : yield* oldCells(journal, record, index, place);
  let value = cells.get(host);
  if (!value) {
    const [kept = null] = (yield* one(`SELECT "${host}" FROM "${table.name}" WHERE id = ?`, [id])) ?? [];
    value = { id: kept };
  }
  const target = column?.references?.table ?? '';
  const own = 'id' in value ? value.id : ((yield* idsByKey(journal, target, [value.key]))[0] ?? null);
  const shown = column ? yield* shownCell(journal, names, column, value) : { text: null };
  const source = { table, tab: 0, hosts: [host], ids: new Set([id]), runs: '' };
  const holder = journal.model.tables.get(target);
  return {
    kind: tieKind(operation),
    registry: holder ? labelOf(holder) : table.name,
    name: shown.text ?? '',
    row: shown.row ?? null,
    changes: yield* tieChanges(journal, names, source, Number(own), record, index, place),
  };
}
