// Reads the facts of a SQLite schema (columns, foreign keys, indexes, checks) as plain JSON, and as a command writes
// tests/fixtures/ddl-facts.json from a LaminDB schema: `node scripts/ddl-facts.mjs <schema.sql | database file>`.
// Facts only, no SQL text: column order and the numbering of automatic indexes are left out on purpose.
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import sqlite from 'node-sqlite3-wasm';

/**
 * @typedef {import('node-sqlite3-wasm').Database} Database
 * @typedef {Record<string, any>} Row
 * @typedef {{ name: string | null, unique: boolean, columns: (string | null)[], where?: string, expression?: string,
 *   collations?: string[] }} IndexFact
 * @typedef {Record<string, any>} TableFacts
 */

/**
 * @param {Database} db
 * @param {string} sql
 * @param {string[]} [values]
 * @returns {Row[]}
 */
const all = (db, sql, values) => db.all(sql, values);

/** @param {string} sql */
const squeeze = (sql) => sql.replace(/\s+/g, ' ').trim();

/**
 * The balanced parenthesis that opens at or after `from`, without its outer pair.
 * @param {string} sql
 * @param {number} from
 */
function parenthesised(sql, from) {
  const start = sql.indexOf('(', from);
  let depth = 0;
  for (let i = start; i < sql.length; i++) {
    if (sql[i] === '(') depth++;
    else if (sql[i] === ')' && --depth === 0) return squeeze(sql.slice(start + 1, i));
  }
  throw new Error(`unbalanced: ${sql.slice(from, from + 80)}`);
}

/** @param {string} sql */
function checksOf(sql) {
  const found = [];
  for (const match of sql.matchAll(/(?:CONSTRAINT\s+"([^"]+)"\s+)?\bCHECK\b/gi)) {
    found.push([match[1] ?? null, parenthesised(sql, match.index)]);
  }
  return found.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

/** @param {string} sql */
function namedUniquesOf(sql) {
  return [...sql.matchAll(/CONSTRAINT\s+"([^"]+)"\s+UNIQUE/gi)]
    .map((m) => [m[1], parenthesised(sql, m.index)])
    .sort();
}

/**
 * @param {Database} db
 * @param {Row} index
 */
function indexFact(db, index) {
  const sql =
    all(db, 'SELECT sql FROM sqlite_master WHERE type = ? AND name = ?', ['index', index.name])[0]?.sql ?? '';
  const terms = all(db, `PRAGMA index_xinfo("${index.name}")`).filter((t) => Number(t.key) === 1);
  const columns = terms.map((t) => (t.name === null ? null : Number(t.desc) ? `${t.name} DESC` : t.name));
  // Automatic indexes are numbered by position in the table: their name says nothing.
  /** @type {IndexFact} */
  const fact = {
    name: index.origin === 'c' ? index.name : null,
    unique: Number(index.unique) === 1,
    columns,
  };
  const where = sql.search(/\bWHERE\b/i);
  if (where >= 0) fact.where = squeeze(sql.slice(where + 5));
  if (columns.includes(null)) fact.expression = parenthesised(sql, sql.indexOf(' ON '));
  if (!terms.every((t) => t.coll === 'BINARY')) fact.collations = terms.map((t) => t.coll);
  return fact;
}

/** @type {(a: unknown, b: unknown) => number} */
const byText = (a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

/**
 * @param {Database} db
 * @param {string} name
 * @param {string} sql
 * @returns {TableFacts}
 */
function tableFacts(db, name, sql) {
  /** @type {Record<string, unknown[]>} */
  const columns = {};
  for (const c of all(db, `PRAGMA table_xinfo("${name}")`)) {
    columns[c.name] = [c.type.toLowerCase(), Number(c.notnull), c.dflt_value, Number(c.pk), Number(c.hidden)];
  }
  return {
    columns: Object.fromEntries(Object.entries(columns).sort(([a], [b]) => (a < b ? -1 : 1))),
    foreignKeys: all(db, `PRAGMA foreign_key_list("${name}")`)
      .map((f) => [f.from, f.table, f.to, f.on_update, f.on_delete, f.match])
      .sort(byText),
    deferred: sql.match(/DEFERRABLE\s+INITIALLY\s+DEFERRED/gi)?.length ?? 0,
    autoincrement: /\bAUTOINCREMENT\b/i.test(sql),
    indexes: all(db, `PRAGMA index_list("${name}")`)
      .map((index) => indexFact(db, index))
      .sort(byText),
    checks: checksOf(sql),
    namedUniques: namedUniquesOf(sql),
  };
}

/**
 * Facts of every table but SQLite's own.
 * @param {Database} db
 */
export function factsOf(db) {
  /** @type {Record<string, TableFacts>} */
  const facts = {};
  const tables = all(
    db,
    "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY name",
  );
  for (const { name, sql } of tables) facts[name] = tableFacts(db, name, sql);
  return facts;
}

/**
 * Facts of SQL text, loaded into an empty database in memory.
 * @param {string} sql
 */
export function factsOfSql(sql) {
  const db = new sqlite.Database(':memory:');
  try {
    // The reference lists sqlite_sequence, which SQLite makes itself and refuses to have made.
    db.exec(sql.replace(/CREATE TABLE "?sqlite_sequence"?\s*\([^)]*\);?/i, ''));
    return factsOf(db);
  } finally {
    db.close();
  }
}

/**
 * Runs `read` on a copy of a database file: the original may lie in a read-only folder, where locking fails.
 * @template T
 * @param {string} file
 * @param {(db: Database) => T} read
 * @returns {T}
 */
export function withCopy(file, read) {
  const folder = mkdtempSync(join(tmpdir(), 'loam-facts-'));
  try {
    const copy = join(folder, 'copy.sqlite');
    copyFileSync(file, copy);
    const db = new sqlite.Database(copy);
    try {
      return read(db);
    } finally {
      db.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * One line per difference, each led by the table's name.
 * @param {Record<string, TableFacts>} ours
 * @param {Record<string, TableFacts>} theirs
 */
export function differences(ours, theirs) {
  const out = [];
  for (const table of new Set([...Object.keys(ours), ...Object.keys(theirs)])) {
    const [a, b] = [ours[table], theirs[table]];
    if (!a || !b) out.push(`${table}: only in ${a ? 'ours' : 'theirs'}`);
    else {
      for (const kind of Object.keys(a)) {
        /** @param {Row | null} value */
        const lines = (value) =>
          Object.entries(value ?? {}).map(([k, v]) => (Array.isArray(value) ? '' : k) + JSON.stringify(v));
        const [x, y] =
          typeof a[kind] === 'object' ? [lines(a[kind]), lines(b[kind])] : [[`${a[kind]}`], [`${b[kind]}`]];
        for (const line of x) if (!y.includes(line)) out.push(`${table} ${kind}: ours has ${line}`);
        for (const line of y) if (!x.includes(line)) out.push(`${table} ${kind}: theirs has ${line}`);
        if (x.length !== y.length) out.push(`${table} ${kind}: ${x.length} against ${y.length}`);
      }
    }
  }
  return out;
}

/** @param {string} source */
async function main(source) {
  const facts = source.endsWith('.sql')
    ? factsOfSql(readFileSync(source, 'utf8'))
    : withCopy(source, factsOf);
  const target = new URL('../tests/fixtures/ddl-facts.json', import.meta.url);
  const lines = Object.entries(facts).map(
    ([name, fact]) => `${JSON.stringify(name)}: ${JSON.stringify(fact)}`,
  );
  const { format, resolveConfig } = await import('prettier');
  const options = await resolveConfig(target.pathname);
  writeFileSync(target, await format(`{${lines.join(',')}}`, { ...options, parser: 'json', plugins: [] }));
  console.log(`${lines.length} tables`);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const source = process.argv[2];
  if (!source) throw new Error('usage: node scripts/ddl-facts.mjs <schema.sql | database file>');
  await main(source);
}
