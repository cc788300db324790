// Statements about the rows of a statement: it stands in parentheses, and what is asked of it around it. They go through
// the same gate as everything else. Names of columns and values come from files, so every one of them is quoted.

/** What values of a column can be asked: `clock` is a time of day, `other` lists, structs, bytes and their like. */
export type ColumnKind = 'number' | 'time' | 'boolean' | 'text' | 'clock' | 'other';

export interface ResultColumn {
  name: string;
  /** As the engine calls it: `DECIMAL(18,3)`, `VARCHAR[]`. */
  type: string;
  kind: ColumnKind;
}

/** Values are whole numbers, so that steps between them are whole too. */
export const isWhole = (type: string): boolean =>
  /^U?(?:TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)$/.test(type) || /^DECIMAL\(\d+,\s*0\)$/.test(type);

export function kindOf(type: string): ColumnKind {
  if (/\[\d*\]$|^(?:STRUCT|MAP|UNION|LIST)\b/.test(type)) return 'other';
  if (isWhole(type) || /^(?:FLOAT|REAL|DOUBLE|DECIMAL)\b/.test(type)) return 'number';
  if (/^(?:DATE|TIMESTAMP)/.test(type)) return 'time';
  if (/^TIME\b/.test(type)) return 'clock';
  if (type === 'BOOLEAN') return 'boolean';
  if (/^(?:VARCHAR|ENUM|UUID|CHAR|TEXT)\b/.test(type)) return 'text';
  return 'other';
}

export const columnName = (name: string): string => `"${name.replaceAll('"', '""')}"`;
export const textLiteral = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** The statement as a table. A comment at its end must not swallow what stands behind. */
export const asTable = (sql: string): string => `(\n${sql.trim().replace(/;+\s*$/, '')}\n)`;

/** Whether rows come out of it that further statements can be asked about. */
export const isWrappable = (sql: string): boolean =>
  /^(?:\s|--[^\n]*\n|\/\*[^]*?\*\/|\()*(?:select|from|with|values|table|pivot|unpivot)\b/i.test(sql);

export const describeColumns = (sql: string): string => `DESCRIBE SELECT * FROM ${asTable(sql)} AS loam_rows`;

/** A value as a number on which ranges and bars stand: times are seconds since 1970. */
export function asNumber({ name, kind, type }: ResultColumn): string {
  const column = columnName(name);
  if (kind === 'time')
    return `(epoch_us(CAST(${column} AS ${/ZONE|TZ/.test(type) ? 'TIMESTAMP WITH TIME ZONE' : 'TIMESTAMP'})) / 1e6)`;
  return `CAST(${column} AS DOUBLE)`;
}

/** Whether a value is one that `asNumber` gives a place: no null, NaN or infinity. */
export function isPlaced({ name, kind, type }: ResultColumn): string {
  const column = columnName(name);
  if (kind === 'time') return `isfinite(CAST(${column} AS ${/^DATE/.test(type) ? 'DATE' : 'TIMESTAMP'}))`;
  return /^(?:FLOAT|REAL|DOUBLE)/.test(type) ? `isfinite(${column})` : `${column} IS NOT NULL`;
}

/* ---------- filters ---------- */

/** One condition that a chart or a profile put on a column; `of` is who put it there. */
export type ResultFilter = { of: string; column: ResultColumn } & (
  | { test: 'in'; values: (string | null)[] }
  /** `from` is part of the range, `to` only where it is closed. Times are seconds since 1970. */
  | { test: 'range'; from: number; to: number; closed: boolean }
);

/** Texts as the engine writes values: what bars and the most frequent values are named by. */
export const asText = (column: ResultColumn): string => `CAST(${columnName(column.name)} AS VARCHAR)`;

export function conditionOf(filter: ResultFilter): string {
  const { column } = filter;
  if (filter.test === 'in') {
    const values = filter.values.filter((value) => value !== null);
    const name =
      column.kind === 'text' && !/^(?:ENUM|UUID)/.test(column.type)
        ? columnName(column.name)
        : asText(column);
    const tests = [
      ...(values.length === 1 ? [`${name} = ${textLiteral(values[0] ?? '')}`] : []),
      ...(values.length > 1 ? [`${name} IN (${values.map(textLiteral).join(', ')})`] : []),
      ...(filter.values.includes(null) ? [`${columnName(column.name)} IS NULL`] : []),
    ];
    return tests.length === 1
      ? (tests[0] ?? 'true')
      : tests.length === 0
        ? 'false'
        : `(${tests.join(' OR ')})`;
  }
  const upper = filter.closed ? '<=' : '<';
  if (column.kind === 'time') {
    const name = columnName(column.name);
    const zone = /ZONE|TZ/.test(column.type) ? 'TIMESTAMPTZ' : 'TIMESTAMP';
    return `${name} >= ${timeLiteral(filter.from, zone)} AND ${name} ${upper} ${timeLiteral(filter.to, zone)}`;
  }
  const name = /^(?:FLOAT|REAL)/.test(column.type) ? asNumber(column) : columnName(column.name);
  return `${name} >= ${numberLiteral(filter.from)} AND ${name} ${upper} ${numberLiteral(filter.to)}`;
}

/** NaN and infinity never come from a range; a number is written so that it is read back the same. */
const numberLiteral = (value: number): string =>
  Number.isInteger(value) && Math.abs(value) < 1e15 ? String(value) : `CAST('${value}' AS DOUBLE)`;

function timeLiteral(seconds: number, type: string): string {
  const micro = Math.round(seconds * 1e6);
  const whole = Math.floor(micro / 1e6);
  const text = new Date(whole * 1000).toISOString().replace('T', ' ').slice(0, 19);
  const rest = micro - whole * 1e6;
  const fraction = rest === 0 ? '' : `.${String(rest).padStart(6, '0')}`;
  return `${type} '${text}${fraction}${type === 'TIMESTAMPTZ' ? '+00' : ''}'`;
}

/** The statement with only the rows that pass all filters; as it is where there are none. */
export function filtered(sql: string, filters: readonly ResultFilter[]): string {
  if (filters.length === 0) return sql;
  const tests = filters.map(conditionOf).join('\n  AND ');
  return `SELECT *\nFROM ${asTable(sql)} AS loam_rows\nWHERE ${tests}`;
}
