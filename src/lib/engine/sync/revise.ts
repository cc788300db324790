// Own acts that the server refused: what they were and why, and how somebody goes on with them. Their operations are done
// again on a branch of the author's, where they can be changed and from where they can be sent again; or nobody is told of
// them any more. Their content stays in the history either way.
import { LoamError } from '../errors.ts';
import type { Table } from '../model/types.ts';
import type { SqlDriver, SqlValue } from '../ports.ts';
import { all, inTransaction, run, runSync, type Steps } from '../statement.ts';
import { reinsert, remove, update, type Values } from '../write/apply.ts';
import { refusalOf } from '../write/attempt.ts';
import { isBranched } from '../write/branch-log.ts';
import { rowsHere } from '../write/journal.ts';
import { idsOf, type LocalPart, type Operation, type RowKey } from '../write/operation.ts';
import { actOfRecord, readRecord } from '../write/packs.ts';
import { reachOf } from '../write/reach.ts';
import type { Transaction } from '../write/transaction.ts';
import { bornValues } from '../write/undo.ts';
import type { Writer } from '../write/writer.ts';
import { rowsNamed } from './names.ts';

/** An act of this file of which records were refused. */
export interface RejectedAct {
  uid: string;
  kind: string;
  title: string;
  /** In words, as the server gave it. */
  reason: string;
  /** Microseconds. */
  at: number;
  /** Uid of the branch that it was done on. */
  branch: string;
  /** Refused records of the history, the oldest first. */
  records: number[];
}

export interface Revised {
  /** Name of the branch that has it now. */
  branch: string;
  done: number;
  /** Rows that could not be done again: what they are part of is gone, or a rule of a branch is against it. */
  skipped: { table: string; id: number; reason: string }[];
}

/** What of an engine is needed for it (branch/part.ts). */
export interface ReviseDeps {
  driver: SqlDriver;
  writer: Writer;
  createBranch(name: string): { uid: string };
  switchBranch(ref: string): void;
}

/** Own acts that were refused and that nobody has dealt with, the newest first. */
export function* rejectedActs(writer: Pick<Writer, 'journal'>, most = 200): Steps<RejectedAct[]> {
  const { journal } = writer;
  const known = yield* all("SELECT 1 FROM sqlite_master WHERE name = 'loam_void'");
  if (known.length === 0) return [];
  const acts = new Map<number, RejectedAct>();
  for (const [rec, reason] of yield* all(
    `SELECT v.rec, i.reason FROM loam_void v JOIN loam_sync_client c ON c.client = v.client AND c.own > 0
     LEFT JOIN loam_sync_item i ON i.client = v.client AND i.clock = v.clock
     WHERE v.told = 0 AND v.rec IS NOT NULL ORDER BY v.rec DESC`,
  )) {
    const act = yield* actOfRecord(journal, Number(rec));
    const listed = acts.get(act);
    if (listed) {
      listed.records.unshift(Number(rec));
      if (listed.reason === '') listed.reason = String(reason ?? '');
      continue;
    }
    if (acts.size >= most) break;
    const [row] = yield* all(
      `SELECT a.uid, a.kind, a.title, a.at, b.uid FROM loam_act a LEFT JOIN lamindb_branch b ON b.id = a.branch_id WHERE a.id = ?`,
      [act],
    );
    if (!row) continue;
    acts.set(act, {
      uid: String(row[0]),
      kind: String(row[1]),
      title: String(row[2]),
      reason: String(reason ?? ''),
      at: Number(row[3]),
      branch: String(row[4] ?? ''),
      records: [Number(rec)],
    });
  }
  return [...acts.values()];
}

const find = (deps: ReviseDeps, uid: string): RejectedAct => {
  const found = deps.writer.read(rejectedActs(deps.writer)).find((act) => act.uid === uid);
  if (found) return found;
  throw new LoamError(
    'DoesNotExist',
    `There is no rejected change "${uid.slice(0, 60)}" to deal with: it was put onto a branch or discarded already.`,
    { act: uid.slice(0, 60) },
  );
};

/** Nobody is told of it any more. */
export function discardRejected(deps: Pick<ReviseDeps, 'driver' | 'writer'>, uid: string): void {
  const { records } = find(deps as ReviseDeps, uid);
  runSync(
    deps.driver,
    inTransaction(
      (function* (): Steps<void> {
        yield* run('UPDATE loam_void SET told = 1 WHERE rec IN (SELECT value FROM json_each(?))', [
          JSON.stringify(records),
        ]);
      })(),
    ),
  );
}

/**
 * Does a rejected act again on a new branch, which comes from the branch that it was done on; the branch that was checked out
 * is checked out after it. Rows that it made have their uids again, and what it changed or took out is changed and taken out
 * there: as far as that is possible on a branch, which may not delete rows of its parent for good.
 */
export function reviseRejected(deps: ReviseDeps, uid: string): Revised {
  const { writer } = deps;
  const { journal, author } = writer;
  const act = find(deps, uid);
  const before = author.branchUid;
  if (act.branch !== '' && act.branch !== before) deps.switchBranch(act.branch);
  const name = freeName(writer, act.title);
  const { uid: branch } = deps.createBranch(name);
  deps.switchBranch(branch);
  const revised: Revised = { branch: name, done: 0, skipped: [] };
  try {
    writer.act({ kind: 'revise', title: `Again: ${act.title}` }, function* (tx) {
      for (const rec of act.records) {
        const { body, locals } = yield* readRecord(journal, rec);
        for (const [i, operation] of body.o.entries())
          yield* again(tx, rec, i, operation, locals[i] as LocalPart, revised);
      }
      yield* run('UPDATE loam_void SET told = 1 WHERE rec IN (SELECT value FROM json_each(?))', [
        JSON.stringify(act.records),
      ]);
    });
  } finally {
    deps.switchBranch(before);
  }
  return revised;
}

/** Names of branches are made once. */
function freeName(writer: Writer, title: string): string {
  const taken = new Set(
    writer.read(all('SELECT name FROM lamindb_branch')).map(([name]) => String(name).toLowerCase()),
  );
  const short = title.length > 80 ? `${title.slice(0, 79)}…` : title;
  for (let n = 1; ; n++) {
    const name = n === 1 ? `Rejected: ${short}` : `Rejected: ${short} (${n})`;
    if (!taken.has(name.toLowerCase())) return name;
  }
}

function* again(
  tx: Transaction,
  rec: number,
  index: number,
  operation: Operation,
  local: LocalPart,
  revised: Revised,
): Steps<void> {
  const table = tx.journal.model.tables.get(operation.t);
  if (!table) return;
  const ids = idsOf(local);
  const there = yield* rowsHere(table.name, ids);
  for (const [i, id] of ids.entries()) {
    const refused = yield* refusalOf(
      tx,
      function* () {
        if (operation.k === 'i') {
          if (there.has(id)) return;
          const birth = operation.w
            ? { record: operation.w[0], operation: operation.w[1] }
            : { record: rec, operation: index };
          const values = yield* bornValues(tx, birth, [id]);
          yield* reinsert(tx, table.name, [id], onBranch(tx, table, values));
        } else if (!there.has(id)) throw gone(table);
        else if (operation.k === 'u')
          yield* update(tx, table.name, [id], yield* words(tx, table, operation, i));
        else yield* takeAway(tx, table, id);
        revised.done++;
      },
      true,
    );
    if (refused) revised.skipped.push({ table: table.name, id, reason: refused.message });
  }
}

const gone = (table: Table) =>
  new LoamError('DoesNotExist', `The ${table.registry ?? 'row'} that it is about is not there any more.`, {
    table: table.name,
  });

/** Rows that it makes are the branch's. */
function onBranch(tx: Transaction, table: Table, values: Values): Values {
  if (!isBranched(tx, table) || reachOf(table) !== 'placed') return values;
  const branch = tx.author.branchId;
  return {
    ...values,
    branch_id: branch,
    ...(table.column.has('created_on_id') ? { created_on_id: branch } : {}),
  };
}

function* words(tx: Transaction, table: Table, operation: Operation, i: number): Steps<Values> {
  const values: Values = {};
  for (const name of [...Object.keys(operation.c ?? {}), ...Object.keys(operation.v ?? {})]) {
    const said: RowKey = operation.v?.[name]?.[i] ?? operation.c?.[name] ?? null;
    const target = table.column.get(name)?.references?.table;
    const of = target === undefined ? undefined : tx.journal.model.tables.get(target);
    if (!of || said === null) values[name] = said as SqlValue;
    else {
      const [row] = yield* rowsNamed(tx.journal, of, [said], false);
      if (!row?.here) throw gone(of);
      values[name] = row.id;
    }
  }
  return values;
}

/** A branch takes out rows of its parent by the trash, which goes along with a merge. */
function* takeAway(tx: Transaction, table: Table, id: number): Steps<void> {
  if (isBranched(tx, table) && reachOf(table) === 'placed')
    yield* update(tx, table.name, [id], { branch_id: -1 });
  else yield* remove(tx, table.name, [id]);
}
