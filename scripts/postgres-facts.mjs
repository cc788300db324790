// Reads the facts of a LaminDB schema from Postgres' catalogs (columns, identities, constraints, indexes, functions,
// triggers, comments) as lines by table. As a command it writes tests/fixtures/postgres-facts.json from the database that an
// address names: `node scripts/postgres-facts.mjs postgresql://…`. Facts only, no texts: functions are told by a sum.
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

/**
 * @typedef {Record<string, string[]>} PostgresFacts
 * @typedef {(sql: string) => Promise<(string | null)[][]>} Query
 */

// Names of the schema are left out of what the server writes: it would tell those that are not on the path.
const path = "SELECT set_config('search_path', 'public', false)";

/** Objects of the app itself are no part of the comparison. Each answers with two columns: the table (or `functions`) and a line. */
const questions = {
  columns: `SELECT c.relname, concat_ws(' ', 'column', a.attname, format_type(a.atttypid, a.atttypmod),
      CASE WHEN a.attnotnull THEN 'not null' ELSE 'null' END, 'default ' || pg_get_expr(d.adbin, d.adrelid),
      CASE a.attidentity WHEN '' THEN NULL ELSE 'identity ' || a.attidentity::text END,
      CASE a.attgenerated WHEN '' THEN NULL ELSE 'generated' END)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')`,
  sequences: `SELECT t.relname, concat_ws(' ', 'sequence', s.relname, 'of', a.attname, format_type(q.seqtypid, NULL), q.seqstart, q.seqincrement,
      q.seqmin, q.seqmax, q.seqcache, q.seqcycle, d.deptype)
    FROM pg_sequence q JOIN pg_class s ON s.oid = q.seqrelid
    LEFT JOIN pg_depend d ON d.objid = s.oid AND d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('i', 'a')
    LEFT JOIN pg_class t ON t.oid = d.refobjid LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
    WHERE s.relnamespace = 'public'::regnamespace`,
  // Newer servers list NOT NULL as constraints too; the columns tell it.
  constraints: `SELECT c.relname, concat_ws(' ', 'constraint', k.conname, pg_get_constraintdef(k.oid), CASE WHEN k.convalidated THEN NULL ELSE 'not valid' END)
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
    WHERE c.relnamespace = 'public'::regnamespace AND k.contype IN ('p', 'u', 'f', 'c', 'x')`,
  indexes: `SELECT c.relname, concat_ws(' ', 'index', pg_get_indexdef(i.indexrelid), CASE WHEN i.indisvalid THEN NULL ELSE 'not valid' END)
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid WHERE c.relnamespace = 'public'::regnamespace`,
  triggers: `SELECT c.relname, concat_ws(' ', 'trigger', pg_get_triggerdef(t.oid), t.tgenabled::text, 'comment ' || obj_description(t.oid, 'pg_trigger'))
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE c.relnamespace = 'public'::regnamespace AND NOT t.tgisinternal AND t.tgname NOT LIKE 'loam\\_%'`,
  functions: `SELECT 'functions', concat_ws(' ', p.oid::regprocedure, pg_get_function_arguments(p.oid), 'returns', pg_get_function_result(p.oid), l.lanname,
      p.provolatile::text, p.proisstrict, p.prosecdef, p.proparallel::text, md5(p.prosrc), 'comment ' || obj_description(p.oid, 'pg_proc'))
    FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang WHERE p.pronamespace = 'public'::regnamespace`,
};

/**
 * Facts of schema `public`.
 * @param {Query} query
 * @returns {Promise<PostgresFacts>}
 */
export async function postgresFacts(query) {
  await query(path);
  /** @type {PostgresFacts} */
  const facts = {};
  for (const sql of Object.values(questions))
    for (const [table, line] of await query(sql)) (facts[table ?? 'none'] ??= []).push(line ?? '');
  const sorted = Object.entries(facts).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(sorted.map(([table, lines]) => [table, lines.sort()]));
}

/**
 * One line per difference, each led by the table's name.
 * @param {PostgresFacts} ours
 * @param {PostgresFacts} theirs
 */
export function factDifferences(ours, theirs) {
  return [...new Set([...Object.keys(ours), ...Object.keys(theirs)])].flatMap((table) => {
    const [a, b] = [ours[table] ?? [], theirs[table] ?? []];
    const [inA, inB] = [new Set(a), new Set(b)];
    return [
      ...a.filter((line) => !inB.has(line)).map((line) => `${table}: ours has ${line}`),
      ...b.filter((line) => !inA.has(line)).map((line) => `${table}: theirs has ${line}`),
    ];
  });
}

/** @param {PostgresFacts} facts */
export const countFacts = (facts) => Object.values(facts).reduce((sum, lines) => sum + lines.length, 0);

/** @param {string} address */
async function main(address) {
  const { default: pg } = await import('pg');
  const client = new pg.Client(address);
  await client.connect();
  try {
    const facts = await postgresFacts(async (text) => (await client.query({ text, rowMode: 'array' })).rows);
    const target = new URL('../tests/fixtures/postgres-facts.json', import.meta.url);
    writeFileSync(target, `${JSON.stringify(facts, null, 1)}\n`);
    console.log(`${countFacts(facts)} facts of ${Object.keys(facts).length - 1} tables`);
  } finally {
    await client.end();
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const address = process.argv[2];
  if (!address) throw new Error('usage: node scripts/postgres-facts.mjs postgresql://…');
  await main(address);
}
