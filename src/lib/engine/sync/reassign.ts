// Which rows records speak of, told anew: where rows that were one are one no more (one of them was refused), or others are,
// words that were read before mean other rows than they did. Their records get the ids that they mean now; links between such
// rows are told by the rows at their ends, so that they follow. All rows concerned are settled again.
import type { Table } from '../model/types.ts';
import { all, run, type Steps } from '../statement.ts';
import { childrenOf } from '../write/apply.ts';
import { indexRecord } from '../write/commit.ts';
import { tableNumber, tableOf } from '../write/journal.ts';
import { readKept } from '../write/kept-rows.ts';
import { encode, localIds, type RowKey } from '../write/operation.ts';
import { reachOf } from '../write/reach.ts';
import { branchIdOf, clearFacts, eventsOf, positionOf, wordOf, type Fact, type FactEvent } from './facts.ts';
import { goneKey, keyTexts, nameColumn, rowsNamed } from './names.ts';
import { enqueueOn, type Settling } from './settling.ts';

/**
 * Rows with these ids are told anew, and what hangs on them. `lost`: nobody makes these rows any more, so that of links too
 * the words may mean another one, with the same ends.
 */
export function* reassign(
  settling: Settling,
  table: Table,
  ids: ReadonlySet<number>,
  lost = false,
): Steps<void> {
  const queue: [Table, Set<number>][] = [[table, new Set(ids)]];
  for (let next = queue.shift(); next; next = queue.shift()) {
    const [of, some] = next;
    if (some.size === 0) continue;
    const moved =
      nameColumn(of) === null
        ? yield* assignLinks(settling, of, some, lost && of === table)
        : yield* assignNamed(settling, of, some);
    yield* settleAround(settling, of, moved);
    for (const [child, columns] of keyedBy(settling, of)) {
      const links = yield* linksTo(settling, child, columns, moved);
      queue.push([child, links]);
    }
  }
}

/** Tables whose rows are told by rows of this one, and by which columns of their keys. */
function keyedBy({ tx }: Settling, table: Table): [Table, number[]][] {
  const found: [Table, number[]][] = [];
  for (const child of tx.journal.model.tables.values()) {
    if (nameColumn(child) !== null) continue;
    const at = child.rowKey.columns.flatMap((name, i) =>
      child.column.get(name)?.references?.table === table.name ? [i] : [],
    );
    if (at.length > 0) found.push([child, at]);
  }
  return found;
}

/** Links with one of these rows at the given places of their keys: in the table, kept for a branch, or only spoken of. */
function* linksTo(
  { tx }: Settling,
  table: Table,
  at: readonly number[],
  ids: ReadonlySet<number>,
): Steps<Set<number>> {
  const found = new Set<number>();
  const tab = yield* tableNumber(tx.journal, table.name);
  for (const place of at) {
    const column = table.rowKey.columns[place] ?? '';
    for (const row of yield* childrenOf(tx, table.name, column, [...ids])) found.add(row.id);
    const kept = readKept(
      yield* all('SELECT id, vals FROM loam_row WHERE tab = ? AND vals IS NOT NULL', [tab]),
    );
    const values = kept.values[kept.columns.indexOf(column)] ?? [];
    for (const [i, id] of kept.ids.entries()) if (ids.has(Number(values[i] ?? 0))) found.add(id);
    for (const [key, id] of yield* all("SELECT key, id FROM loam_gone WHERE tab = ? AND key LIKE '#[%'", [
      tab,
    ])) {
      const parts = JSON.parse(String(key).slice(1)) as unknown[];
      if (ids.has(Number(parts[place]))) found.add(Number(id));
    }
  }
  return found;
}

/** Rows that are told by one name: it is read as its author meant it. Gives all ids concerned. */
function* assignNamed(settling: Settling, table: Table, ids: ReadonlySet<number>): Steps<Set<number>> {
  const column = table.column.get(nameColumn(table) ?? '');
  return yield* assign(settling, table, ids, function* (event, id) {
    const { fact, operation } = event;
    const word =
      operation.k === 'i' && column
        ? (wordOf(fact, operation, id, column) ?? null)
        : (operation.r?.[positionOf(operation, id)] ?? null);
    const [row] = yield* rowsNamed(settling.tx.journal, table, [word], true, namingBy(settling, fact));
    return row?.id ?? id;
  });
}

/** Links: by the rows at their ends. One that means what it meant keeps its id. */
function* assignLinks(
  settling: Settling,
  table: Table,
  ids: ReadonlySet<number>,
  lost: boolean,
): Steps<Set<number>> {
  const { journal } = settling.tx;
  const texts = yield* textsNow(settling, table, ids);
  const columns = table.rowKey.columns.map((name) => table.column.get(name));
  return yield* assign(settling, table, ids, function* (event, id) {
    const { fact, operation } = event;
    const key: RowKey =
      operation.k === 'i'
        ? columns.map((column) => (column ? (wordOf(fact, operation, id, column) ?? null) : null))
        : (operation.r?.[positionOf(operation, id)] ?? null);
    const naming = namingBy(settling, fact);
    const [text] = yield* keyTexts(journal, table, [key], naming);
    if (text === null || (text === texts.get(id) && !lost)) return id;
    const [row] = yield* rowsNamed(journal, table, [key], true, naming);
    return row?.id ?? id;
  });
}

const namingBy = ({ reader }: Settling, by: Fact) => ({ twins: reader.twins, known: reader.known, by });

/** The keys of links as they are now, wherever they are kept. */
function* textsNow({ tx }: Settling, table: Table, ids: ReadonlySet<number>): Steps<Map<number, string>> {
  const texts = new Map<number, string>();
  const tab = yield* tableNumber(tx.journal, table.name);
  const json = JSON.stringify([...ids]);
  const among = 'id IN (SELECT value FROM json_each(?))';
  for (const [key, id] of yield* all(`SELECT key, id FROM loam_gone WHERE tab = ? AND ${among}`, [tab, json]))
    texts.set(Number(id), String(key));
  const kept = readKept(
    yield* all(`SELECT id, vals FROM loam_row WHERE tab = ? AND vals IS NOT NULL AND ${among}`, [tab, json]),
  );
  for (const [i, id] of kept.ids.entries())
    texts.set(
      id,
      goneKey(table.rowKey.columns.map((name) => kept.values[kept.columns.indexOf(name)]?.[i] ?? null)),
    );
  const columns = table.rowKey.columns.map((name) => `"${name}"`).join(', ');
  for (const [id, ...parts] of yield* all(`SELECT id, ${columns} FROM "${table.name}" WHERE ${among}`, [
    json,
  ]))
    texts.set(Number(id), goneKey(parts));
  return texts;
}

/** Tells each word about the rows anew. Gives these rows and those that it came to. */
function* assign(
  settling: Settling,
  table: Table,
  ids: ReadonlySet<number>,
  idOf: (event: FactEvent, id: number) => Steps<number>,
): Steps<Set<number>> {
  const { reader } = settling;
  const concerned = new Set(ids);
  const moves = new Map<Fact, Map<number, Map<number, number>>>();
  const born: { event: FactEvent; id: number }[] = [];
  const move = ({ fact, index }: FactEvent, from: number, to: number): void => {
    if (from === to) return;
    concerned.add(to);
    const of = moves.get(fact) ?? new Map<number, Map<number, number>>();
    const rows = of.get(index) ?? new Map<number, number>();
    moves.set(fact, of.set(index, rows.set(from, to)));
  };
  for (const id of ids)
    for (const event of yield* eventsOf(reader, table.name, id, null)) {
      yield* settleOn(settling, table, id, event.fact);
      if (event.operation.born) born.push({ event, id });
      else move(event, id, yield* idOf(event, id));
    }
  // What takes back or brings back a row goes with its birth.
  for (const { event, id } of born) {
    const birth = event.operation.born;
    if (!birth) continue;
    const to = moves.get(birth.fact)?.get(birth.fact.operations.indexOf(birth.operation))?.get(id);
    if (to !== undefined) move(event, id, to);
  }
  for (const [fact, rows] of moves) yield* keepMoves(settling, table, fact, rows);
  for (const id of concerned) settling.uprooted.add(`${table.name} ${id}`);
  clearFacts(reader.cache);
  return concerned;
}

function* keepMoves(
  settling: Settling,
  table: Table,
  fact: Fact,
  rows: ReadonlyMap<number, ReadonlyMap<number, number>>,
): Steps<void> {
  const { tx, reader } = settling;
  const ids = fact.operations.map((operation, i) => operation.ids.map((id) => rows.get(i)?.get(id) ?? id));
  yield* run('INSERT OR REPLACE INTO loam_moved(rec, ids) VALUES (?, ?)', [fact.rec, encode(ids)]);
  reader.known.reassigned.add(fact.rec);
  for (const [index, moved] of rows) {
    const { k, t } = fact.operations[index] ?? {};
    if (!k || !t) continue;
    const to = [...moved.values()];
    yield* indexRecord(tx, fact.rec, [{ operation: { k, t, n: to.length }, local: localIds(to) }]);
    for (const id of to) yield* settleOn(settling, table, id, fact);
  }
}

function* settleOn(settling: Settling, table: Table, id: number, { branch }: Fact): Steps<void> {
  if (reachOf(table) === 'shared') return enqueueOn(settling, 0, table, id);
  const on = yield* branchIdOf(settling.reader, branch);
  if (on !== null) enqueueOn(settling, on, table, id);
}

/** What refers to these rows by other columns, or waits for them, is settled from its words. */
function* settleAround(settling: Settling, table: Table, ids: ReadonlySet<number>): Steps<void> {
  const { tx } = settling;
  const { model } = tx.journal;
  const json = JSON.stringify([...ids]);
  for (const child of model.incoming.get(table.name) ?? []) {
    const of = tableOf(model, child.table);
    for (const row of yield* childrenOf(tx, child.table, child.column, [...ids]))
      enqueueOn(settling, tx.author.branchId, of, row.id);
    for (const [branch, id] of yield* all(
      `SELECT branch, id FROM loam_cell WHERE tab = ? AND col = ? AND other IN (SELECT value FROM json_each(?))`,
      [yield* tableNumber(tx.journal, child.table), child.column, json],
    ))
      enqueueOn(settling, Number(branch), of, Number(id));
  }
  for (const [name, id, branch] of yield* all(
    `SELECT DISTINCT t.name, w.id, w.branch FROM loam_wait w JOIN loam_table t ON t.id = w.tab
     WHERE w.on_tab = ? AND w.on_id IN (SELECT value FROM json_each(?))`,
    [yield* tableNumber(tx.journal, table.name), json],
  ))
    enqueueOn(settling, Number(branch), tableOf(model, String(name)), Number(id));
}
