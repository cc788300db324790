// Which rows may contain a text, without reading them all: SQLite's FTS5 over groups of three letters, one index for each
// large registry table. It follows from the rows and is never logged; idle time feeds it, slice by slice. What it has not
// seen yet (new rows, changed ones) counts as a possible hit, so an answer is right at every moment and only gets faster.
import type { Model, Table } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { all, inTransaction, many, one, run, type Steps } from '../statement.ts';
import { idsOf } from './operation.ts';
import type { LoggedOperation } from './transaction.ts';

export interface SearchIndex {
  /** Indexed table -> the last id that was fed. */
  readonly upto: Map<string, number>;
}

export interface PossibleHits {
  /** A statement whose only column holds the ids. */
  sql: string;
  params: SqlValue[];
}

/** Smaller tables are read as fast as an index of them. */
const worthIt = 2_000;
/** Rows not seen yet are read; more than this are worth a slice. */
const few = 200;
/** A long text is in few rows after some of its letters are known. */
const mostGrams = 16;
const state = 'loam_search';
const stale = 'loam_search_dirty';

const indexOf = (table: string): string => `loam_search_${table}`;

/** Between two texts of a row: no group of letters reaches over it unnoticed, since each row's texts are read again. */
const separator = '\u001f';

/** The columns that LaminDB's search can look at; longer ones take part like the rest. */
export const textColumns = (table: Table): string[] =>
  table.columns.filter(({ type }) => type === 'varchar' || type === 'text').map(({ name }) => name);

const searchable = (model: Model): Table[] =>
  [...model.tables.values()].filter((table) => table.registry !== null && textColumns(table).length > 0);

const ftsKnown = (): Steps<SqlValue[] | undefined> =>
  one("SELECT 1 FROM pragma_module_list WHERE name = 'fts5'");

/**
 * Takes up what is kept in the file; null where this SQLite has no FTS5. Only for a database that nobody else writes:
 * another program's rows would be missed. An index of other columns than the table has now knows too little and goes.
 */
export function* openSearchIndex(model: Model): Steps<SearchIndex | null> {
  const index: SearchIndex = { upto: new Map() };
  if (!(yield* one('SELECT 1 FROM sqlite_schema WHERE name = ?', [state]))) return index;
  if (!(yield* ftsKnown())) return null;
  for (const [tab, columns, upto] of yield* all(`SELECT tab, columns, upto FROM ${state}`)) {
    const table = model.tables.get(String(tab));
    if (table && textColumns(table).join() === columns) index.upto.set(table.name, Number(upto));
    else yield* inTransaction(discard(String(tab)));
  }
  return index;
}

function* discard(table: string): Steps<void> {
  yield* run(`DROP TABLE IF EXISTS "${indexOf(table)}"`);
  yield* run(`DELETE FROM ${state} WHERE tab = ?`, [table]);
  yield* run(`DELETE FROM ${stale} WHERE tab = ?`, [table]);
}

/** Notes, within the transaction, what an index has seen in another form. Deleted rows find themselves: they are not there. */
export function* noteTexts(
  index: SearchIndex,
  tables: Model['tables'],
  log: readonly LoggedOperation[],
): Steps<void> {
  for (const { operation, local } of log) {
    const upto = index.upto.get(operation.t);
    if (upto === undefined || operation.k === 'd') continue;
    const table = tables.get(operation.t);
    if (
      operation.k === 'u' &&
      !textColumns(table as Table).some((name) => operation.v && name in operation.v)
    )
      continue;
    const ids = idsOf(local).filter((id) => id <= upto);
    if (ids.length > 0)
      yield* many(`INSERT OR IGNORE INTO ${stale}(tab, id) VALUES (?, ?)`, ids.length, [[operation.t], ids]);
  }
}

/**
 * One slice of feeding, about `rows` rows: how many were fed, 0 when nothing is left to do. Waits while an act is open,
 * since what it wrote may be taken back.
 */
export function* feedSearchIndex(index: SearchIndex, model: Model, rows = 3_000): Steps<number> {
  if (yield* one("SELECT 1 FROM loam_act WHERE status = 'open' LIMIT 1")) return 0;
  for (const table of searchable(model)) {
    const upto = index.upto.get(table.name);
    const [top = 0] = (yield* all(`SELECT max(id) FROM "${table.name}"`))[0] ?? [];
    const behind = Number(top ?? 0) - (upto ?? 0);
    if (upto === undefined && behind < worthIt) continue;
    if (upto === undefined) {
      if (!(yield* ftsKnown())) return 0;
      yield* begin(index, table);
      return 1;
    }
    const [changed = 0] = (yield* all(`SELECT count(*) FROM ${stale} WHERE tab = ?`, [table.name]))[0] ?? [];
    if (behind < few && Number(changed) < few) continue;
    const fed = yield* inTransaction(slice(table, upto, rows));
    index.upto.set(table.name, Math.max(upto, fed.upto));
    if (fed.rows > 0) return fed.rows;
  }
  return 0;
}

function* begin(index: SearchIndex, table: Table): Steps<void> {
  const columns = textColumns(table).join();
  yield* inTransaction(
    (function* () {
      yield* run(
        `CREATE TABLE IF NOT EXISTS ${state} (tab TEXT PRIMARY KEY, columns TEXT NOT NULL, upto INTEGER NOT NULL) WITHOUT ROWID`,
      );
      yield* run(
        `CREATE TABLE IF NOT EXISTS ${stale} (tab TEXT NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (tab, id)) WITHOUT ROWID`,
      );
      // Letters only, without their places: a hit is looked at anyway, and the index is a third of the size.
      yield* run(
        `CREATE VIRTUAL TABLE "${indexOf(table.name)}" USING fts5(texts, content='', contentless_delete=1, detail=none, tokenize='trigram')`,
      );
      yield* run(`INSERT INTO ${state}(tab, columns, upto) VALUES (?, ?, 0)`, [table.name, columns]);
    })(),
  );
  index.upto.set(table.name, 0);
}

function* slice(table: Table, upto: number, rows: number): Steps<{ rows: number; upto: number }> {
  const name = `"${indexOf(table.name)}"`;
  const texts = textColumns(table)
    .map((column) => `coalesce(t."${column}", '')`)
    .join(` || '${separator}' || `);
  const insert = `INSERT INTO ${name}(rowid, texts) SELECT t.id, ${texts} FROM "${table.name}" t WHERE`;
  const changed = yield* all(`SELECT id FROM ${stale} WHERE tab = ? ORDER BY id LIMIT ?`, [table.name, rows]);
  const ids = JSON.stringify(changed.map(([id]) => id));
  if (changed.length > 0) {
    const among = 'IN (SELECT value FROM json_each(?))';
    yield* run(`DELETE FROM ${name} WHERE rowid ${among}`, [ids]);
    yield* run(`${insert} t.id ${among}`, [ids]);
    yield* run(`DELETE FROM ${stale} WHERE tab = ? AND id ${among}`, [table.name, ids]);
  }
  const last = yield* one(
    `SELECT max(id) FROM (SELECT id FROM "${table.name}" WHERE id > ? ORDER BY id LIMIT ?)`,
    [upto, Math.max(0, rows - changed.length)],
  );
  const to = Number(last?.[0] ?? upto) || upto;
  const { changes } = to > upto ? yield* run(`${insert} t.id > ? AND t.id <= ?`, [upto, to]) : { changes: 0 };
  if (to > upto) yield* run(`UPDATE ${state} SET upto = ? WHERE tab = ?`, [to, table.name]);
  return { rows: changed.length + changes, upto: to };
}

/**
 * Every row whose texts contain `text` (in any case) is among these, and others may be. Null where all rows must be read:
 * the table has no index, or fewer than three letters are asked for.
 */
export function possibleHits(index: SearchIndex | null, table: Table, text: string): PossibleHits | null {
  const upto = index?.upto.get(table.name);
  const grams = gramsOf(text);
  if (!upto || grams.length === 0) return null;
  const name = indexOf(table.name);
  const match = grams.map((gram) => `"${gram.replaceAll('"', '""')}"`).join(' AND ');
  return {
    sql: `SELECT rowid FROM "${name}" WHERE "${name}" MATCH ? UNION ALL SELECT id FROM "${table.name}" WHERE id > ? UNION ALL SELECT id FROM ${stale} WHERE tab = ?`,
    params: [match, upto, table.name],
  };
}

/** Groups of three letters, spread over the text. */
function gramsOf(text: string): string[] {
  const letters = [...text];
  if (text.includes('\0')) return [];
  const all = new Set<string>();
  for (let i = 0; i + 3 <= letters.length; i++) all.add(letters.slice(i, i + 3).join(''));
  const grams = [...all];
  const step = Math.ceil(grams.length / mostGrams);
  return grams.filter((_, i) => i % step === 0);
}
