// Two versions of a table compared by the query engine: the statements, and what their answers mean. Sources are texts of
// SQL; nothing here knows where they lie.

/** A column as DESCRIBE tells it. */
export interface DiffColumn {
  name: string;
  type: string;
}

export interface ComparedColumn {
  name: string;
  before: string;
  after: string;
  /** The type in which both are compared; null where no cast keeps all values. */
  as: string | null;
  /** Holds only if no value of these lies beyond ±2^53. */
  within: 'before' | 'after' | null;
}

export interface SchemaDiff {
  added: DiffColumn[];
  removed: DiffColumn[];
  /** In both, in the order of the newer version. */
  shared: ComparedColumn[];
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Ranks of whole numbers: a wider type holds all values of those before it. */
const whole = ['TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT', 'HUGEINT'];
const unsigned = ['UTINYINT', 'USMALLINT', 'UINTEGER', 'UBIGINT'];
const isWhole = (type: string) => whole.includes(type) || unsigned.includes(type);
const isFloat = (type: string) => type === 'FLOAT' || type === 'DOUBLE';

/** Whole numbers of this type are exact in a DOUBLE. */
const exactAsDouble = new Set(['TINYINT', 'SMALLINT', 'INTEGER', 'UTINYINT', 'USMALLINT', 'UINTEGER']);

/** In which type values of both can be compared without loss. */
function common(before: string, after: string): Pick<ComparedColumn, 'as' | 'within'> {
  if (before === after) return { as: before, within: null };
  if (isWhole(before) && isWhole(after)) return { as: 'HUGEINT', within: null };
  if (isFloat(before) && isFloat(after)) return { as: 'DOUBLE', within: null };
  for (const [one, other, side] of [
    [before, after, 'before'],
    [after, before, 'after'],
  ] as const) {
    if (isWhole(one) && isFloat(other)) return { as: 'DOUBLE', within: exactAsDouble.has(one) ? null : side };
    if (one === 'DATE' && other === 'TIMESTAMP') return { as: 'TIMESTAMP', within: null };
    // Texts of whole numbers, dates and truths are the same wherever they are written.
    if (other === 'VARCHAR' && (isWhole(one) || /^(?:DATE|BOOLEAN|UUID)$/.test(one)))
      return { as: 'VARCHAR', within: null };
  }
  return { as: null, within: null };
}

/** Names are the same but for capitals, as they are to the engine. */
export function schemaDiff(before: readonly DiffColumn[], after: readonly DiffColumn[]): SchemaDiff {
  const old = new Map(before.map((column) => [column.name.toLowerCase(), column]));
  const young = new Set(after.map(({ name }) => name.toLowerCase()));
  return {
    added: after.filter(({ name }) => !old.has(name.toLowerCase())),
    removed: before.filter(({ name }) => !young.has(name.toLowerCase())),
    shared: after.flatMap(({ name, type }) => {
      const was = old.get(name.toLowerCase());
      return was ? [{ name, before: was.type, after: type, ...common(was.type, type) }] : [];
    }),
  };
}

export interface DiffSpec {
  /** The older version as a table of SQL. */
  before: string;
  after: string;
  schema: SchemaDiff;
  /** Columns that name a row; without any whole rows are counted. */
  keys: readonly string[];
}

const cast = (name: string, own: string, as: string | null) =>
  as === null || own === as ? quoted(name) : `CAST(${quoted(name)} AS ${as})`;

/** Columns that are compared: keys first. */
export function comparedColumns({ schema, keys }: DiffSpec): {
  keys: ComparedColumn[];
  values: ComparedColumn[];
} {
  const all = schema.shared.filter(({ as }) => as !== null);
  const isKey = (one: ComparedColumn) => keys.includes(one.name);
  const byOrder = keys.flatMap((key) => all.filter(({ name }) => name === key));
  return { keys: byOrder, values: all.filter((one) => !isKey(one)) };
}

/** Both versions under names of our own, `k0 …` for keys and `c0 …` for values. */
function sides(spec: DiffSpec): string {
  const { keys, values } = comparedColumns(spec);
  const side = (source: string, of: 'before' | 'after') => {
    const columns = [
      ...keys.map((one, i) => `${cast(one.name, one[of], one.as)} AS k${i}`),
      ...values.map((one, i) => `${cast(one.name, one[of], one.as)} AS c${i}`),
      '1 AS here',
    ];
    return `SELECT ${columns.join(', ')} FROM ${source}`;
  };
  return `loam_a AS (${side(spec.before, 'before')}),\n  loam_b AS (${side(spec.after, 'after')})`;
}

/** Rows side by side. A null key is a key like any other. */
const joined = (keys: number) =>
  `loam_a a FULL JOIN loam_b b ON ${Array.from({ length: keys }, (_, i) => `a.k${i} IS NOT DISTINCT FROM b.k${i}`).join(' AND ')}`;

/** NaN is equal to NaN, and null to null. */
const differs = (i: number) => `a.c${i} IS DISTINCT FROM b.c${i}`;
const both = 'a.here IS NOT NULL AND b.here IS NOT NULL';

/** One row: added, removed, changed, unchanged, and for each compared value column in how many rows it changed. */
export function countsSql(spec: DiffSpec): string {
  const { keys, values } = comparedColumns(spec);
  if (keys.length === 0)
    return `WITH ${sides(spec)}\nSELECT coalesce(sum(n) FILTER (WHERE n > 0), 0)::BIGINT AS added, coalesce(-sum(n) FILTER (WHERE n < 0), 0)::BIGINT AS removed, 0::BIGINT AS changed, ((SELECT count(*) FROM loam_b) - coalesce(sum(n) FILTER (WHERE n > 0), 0))::BIGINT AS same\nFROM (${multiset(values.length)})`;
  const any = values.length === 0 ? 'false' : values.map((_, i) => differs(i)).join(' OR ');
  const columns = [
    'count(*) FILTER (WHERE a.here IS NULL) AS added',
    'count(*) FILTER (WHERE b.here IS NULL) AS removed',
    `count(*) FILTER (WHERE ${both} AND (${any})) AS changed`,
    `count(*) FILTER (WHERE ${both} AND NOT (${any})) AS same`,
    ...values.map((_, i) => `count(*) FILTER (WHERE ${both} AND ${differs(i)}) AS n${i}`),
  ];
  return `WITH ${sides(spec)}\nSELECT ${columns.join(',\n  ')}\nFROM ${joined(keys.length)}`;
}

/** How many times more each different row is in the newer version; less than none where it has gone. */
function multiset(columns: number): string {
  const names = Array.from({ length: columns }, (_, i) => `c${i}`);
  const list = names.join(', ');
  return `SELECT ${list}, sum(n) AS n FROM (SELECT ${list}, 1 AS n FROM loam_b UNION ALL SELECT ${list}, -1 AS n FROM loam_a) GROUP BY ${list} HAVING sum(n) <> 0`;
}

export type Change = 'added' | 'removed' | 'changed';

export interface RowsWanted {
  kinds: readonly Change[];
  /** Only rows in which this column changed; they are of the kind `changed`. */
  column: string | null;
}

/**
 * The rows that differ: `change`, the keys, then for each value column what it was and what it is, `x_old` and `x_new`.
 * Without keys `change`, `times` and the row.
 */
export function rowsSql(spec: DiffSpec, { kinds, column }: RowsWanted): string {
  const { keys, values } = comparedColumns(spec);
  const list = kinds.map((kind) => `'${kind}'`).join(', ');
  const fresh = freeNames([...keys, ...values].map(({ name }) => name));
  if (keys.length === 0) {
    const named = values.map(({ name }, i) => `c${i} AS ${quoted(name)}`);
    return `WITH ${sides(spec)}\nSELECT CASE WHEN n > 0 THEN 'added' ELSE 'removed' END AS ${quoted(fresh('change'))}, abs(n)::BIGINT AS ${quoted(fresh('times'))}, ${named.join(', ')}\nFROM (${multiset(values.length)})\nWHERE CASE WHEN n > 0 THEN 'added' ELSE 'removed' END IN (${list === '' ? "''" : list})\nORDER BY ALL`;
  }
  const shown = [
    `CASE WHEN a.here IS NULL THEN 'added' WHEN b.here IS NULL THEN 'removed' ELSE 'changed' END AS ${quoted(fresh('change'))}`,
    ...keys.map(({ name }, i) => `CASE WHEN b.here IS NULL THEN a.k${i} ELSE b.k${i} END AS ${quoted(name)}`),
    ...values.flatMap(({ name }, i) => [
      `a.c${i} AS ${quoted(fresh(`${name}_old`))}`,
      `b.c${i} AS ${quoted(fresh(`${name}_new`))}`,
    ]),
  ];
  const at = values.findIndex(({ name }) => name === column);
  const changed =
    at >= 0 ? differs(at) : values.length === 0 ? 'false' : values.map((_, i) => differs(i)).join(' OR ');
  const wanted = [
    ...(kinds.includes('added') ? ['a.here IS NULL'] : []),
    ...(kinds.includes('removed') ? ['b.here IS NULL'] : []),
    ...(kinds.includes('changed') ? [`(${both} AND (${changed}))`] : []),
  ];
  return `WITH ${sides(spec)}\nSELECT ${shown.join(',\n  ')}\nFROM ${joined(keys.length)}\nWHERE ${wanted.length === 0 ? 'false' : wanted.join(' OR ')}\nORDER BY ${keys.map((_, i) => `coalesce(a.k${i}, b.k${i})`).join(', ')}`;
}

/** Names beside columns that may have them already. */
function freeNames(taken: readonly string[]): (name: string) => string {
  const used = new Set(taken.map((name) => name.toLowerCase()));
  return (name) => {
    let free = name;
    while (used.has(free.toLowerCase())) free += '_';
    used.add(free.toLowerCase());
    return free;
  };
}

/* ---------- keys ---------- */

/** Types that can name a row. */
const canBeKey = ({ as }: ComparedColumn): boolean =>
  as !== null && (isWhole(as) || /^(?:VARCHAR|UUID|DATE|TIMESTAMP.*|BOOLEAN|DECIMAL.*)$/.test(as));

/** Columns that may be keys, the likeliest first: by what they are called, then by their place. */
export function keyCandidates({ shared }: SchemaDiff): ComparedColumn[] {
  const score = ({ name, as }: ComparedColumn): number => {
    const low = name.toLowerCase();
    if (/^(?:obs_names|var_names|index|__index_level_0__|id|uid|uuid|key)$/.test(low)) return 4;
    if (/(?:^|_)(?:id|uid|uuid|key|barcode|accession|well|name)$/.test(low)) return 3;
    return as === 'VARCHAR' ? 2 : as !== null && isWhole(as) ? 1 : 0;
  };
  return shared
    .map((one, i) => ({ one, i }))
    .filter(({ one }) => canBeKey(one))
    .sort((x, y) => score(y.one) - score(x.one) || x.i - y.i)
    .map(({ one }) => one);
}

/** One row of about how many different values each has; exact counting is for those that come near the number of rows. */
export function distinctSql(source: string, columns: readonly ComparedColumn[]): string {
  const counted = columns.map(({ name }, i) => `approx_count_distinct(${quoted(name)}) AS n${i}`);
  return `SELECT count(*) AS n${counted.length > 0 ? `, ${counted.join(', ')}` : ''} FROM ${source}`;
}

/** One row: rows, different keys among them, one that is there more than once as text. Null counts as a value. */
export function keySql(source: string, keys: readonly string[]): string {
  const list = keys.map(quoted).join(', ');
  const text = keys.map((key) => `coalesce(${quoted(key)}::VARCHAR, 'null')`).join(` || ', ' || `);
  return `WITH loam_keys AS (SELECT ${list}, count(*) AS loam_n FROM ${source} GROUP BY ${list})\nSELECT coalesce(sum(loam_n), 0)::BIGINT AS n, count(*) AS different, max(CASE WHEN loam_n > 1 THEN ${text} END) AS example FROM loam_keys`;
}

/** One row of truths: whether all values of each are within ±2^53, where a DOUBLE is exact. */
export function withinSql(source: string, names: readonly string[]): string {
  const all = names.map(
    (name, i) =>
      `coalesce(bool_and(${quoted(name)} BETWEEN -9007199254740992 AND 9007199254740992), true) AS w${i}`,
  );
  return `SELECT ${all.join(', ')} FROM ${source}`;
}
