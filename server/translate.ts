// The engine's statements are SQLite's; the few forms of its write path in which Postgres differs are rewritten here. What
// has no rule goes as it is, and Postgres judges it: nothing is guessed. Text in quotes and comments is never touched.

/** Pieces of a statement: quoted text and comments whole, everything else between them. */
const pieces = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[^]*?\*\/|\?/g;

const known = new Map<string, string>();
const knownLimit = 1000;

/** The statement as Postgres has it, with `$1` for the first `?`. */
export function translate(sql: string): string {
  const kept = known.get(sql);
  if (kept !== undefined) return kept;
  const made = numbered(rewritten(sql));
  if (known.size >= knownLimit) known.clear();
  known.set(sql, made);
  return made;
}

function numbered(sql: string): string {
  let n = 0;
  return sql.replace(pieces, (piece) => (piece === '?' ? `$${++n}` : piece));
}

/** Ids are numbers, all other keys are text. */
const isId = (column: string): boolean => /(^|[."])(id|\w+_id)"?$/.test(column);

function rewritten(sql: string): string {
  let out = sql.trim().replace(/;$/, '');
  if (/^BEGIN\b/i.test(out)) return 'BEGIN';
  // A list of ids or keys in one parameter, as JSON.
  out = out.replace(
    /((?:\w+\.)?(?:"\w+"|\w+))\s+IN\s+\(SELECT value FROM json_each\(\?\)\)/gi,
    (_, column: string) => `${column} = ANY (ARRAY(SELECT ${element(isId(column))}))`,
  );
  // The same as rows to join.
  out = out.replace(/json_each\(\?\)\s+(?:AS\s+)?(\w+)/gi, (_, alias: string) => {
    const other = new RegExp(
      `((?:\\w+\\.)?(?:"\\w+"|\\w+))\\s*=\\s*${alias}\\.value|${alias}\\.value\\s*=\\s*((?:\\w+\\.)?(?:"\\w+"|\\w+))`,
    ).exec(out);
    return `(SELECT ${element(isId(other?.[1] ?? other?.[2] ?? ''))}) ${alias}(value)`;
  });
  // Equal, or both NULL.
  out = out.replace(/\bIS\s+\?/gi, 'IS NOT DISTINCT FROM ?');
  if (/^INSERT\s+OR\s+IGNORE\b/i.test(out))
    out = `${out.replace(/^INSERT\s+OR\s+IGNORE\b/i, 'INSERT')} ON CONFLICT DO NOTHING`;
  return out;
}

const element = (ids: boolean): string => `jsonb_array_elements_text(?::text::jsonb)${ids ? '::bigint' : ''}`;

/**
 * `INSERT … VALUES (?, ?)` for n rows at once; null for any other statement. References and uniques are looked at once for
 * all of them, which makes bulk fast.
 */
export function rowsOf(sql: string, n: number): string | null {
  const found = /^(INSERT\s[^]*?\sVALUES\s*)(\(\s*\?(?:\s*,\s*\?)*\s*\))([^?]*)$/i.exec(rewritten(sql));
  if (!found) return null;
  const [, head = '', tuple = '', tail = ''] = found;
  const width = tuple.split('?').length - 1;
  const rows = Array.from(
    { length: n },
    (_, row) => `(${Array.from({ length: width }, (_at, i) => `$${row * width + i + 1}`).join(', ')})`,
  );
  return `${head}${rows.join(', ')}${tail}`;
}
