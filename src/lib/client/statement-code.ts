// A statement as a program that gives the same rows elsewhere: Python with lamindb and duckdb, R with laminr and duckdb, or SQL
// for DuckDB. Artifacts are named by uid, so the program reads the very files that the statement read.
import type { ParameterValues } from '../statements/parameter-values.ts';
import { duckdbLiterals, sqliteValue } from '../statements/parameter-values.ts';
import type { ResolvedStatement } from './duckdb.ts';
import {
  aboutTable,
  annotationsUsed,
  constant,
  sourceParts,
  type NamedFile,
  type SourcePart,
} from './statement-sources.ts';

export const STATEMENT_LANGUAGES = [
  { id: 'python', name: 'Python', about: 'lamindb, duckdb' },
  { id: 'r', name: 'R', about: 'laminr, duckdb' },
  { id: 'sql', name: 'SQL', about: 'this statement, values in place' },
] as const;
export type StatementLanguage = (typeof STATEMENT_LANGUAGES)[number]['id'];

/** Where the bytes of an artifact lie, for SQL alone: below the storage folder, or at their address. */
export type PathOf = (file: NamedFile) => string;

/** A text of Python or R over lines. JSON's escapes are a subset of theirs. */
const text = (value: string): string => JSON.stringify(value.toWellFormed());
const block = (sql: string): string =>
  `"""\n${sql.replaceAll('\\', '\\\\').replaceAll('"""', '\\"\\"\\"')}\n"""`;
/** `r"(…)"` of R takes any text that does not hold its own end. */
const raw = (sql: string): string => {
  let dashes = '';
  while (sql.includes(`)${dashes}"`)) dashes += '-';
  return `r"${dashes}(\n${sql}\n)${dashes}"`;
};

const ownColumns = [
  { name: 'artifact_uid', type: 'VARCHAR' },
  { name: 'artifact_key', type: 'VARCHAR' },
];

/** The statement with `source_1` and so on where it names its sources. */
function named(resolved: ResolvedStatement): string {
  const { sql, uses } = resolved.plan;
  let out = '';
  let at = 0;
  uses.forEach(({ from, to }, i) => {
    out += `${sql.slice(at, from)}source_${i + 1}`;
    at = to;
  });
  return out + sql.slice(at);
}

/** What is known of the artifacts: the columns that the statement can mean. */
function aboutOf({ plan, annotations, sources }: ResolvedStatement) {
  const used = annotations ? annotationsUsed(plan.sql, annotations.columns) : [];
  const rows = annotations?.rows ?? [
    ...new Map(
      sources.flat().map(({ uid, key }) => [uid, { artifact_uid: uid, artifact_key: key }]),
    ).values(),
  ];
  return { columns: [...ownColumns, ...used], used, rows, needed: plan.uses.some(({ list }) => list) };
}

/** Tables of registries that the statement joins. */
const registryTables = ({ plan }: ResolvedStatement): string[] =>
  plan.tables.filter((name) => /^(?:lamindb|bionty|pertdb|wetlab)_[a-z0-9_]+$/.test(name));

/* ---------- Python ---------- */

export function statementPython(resolved: ResolvedStatement): string {
  const { plan, sources } = resolved;
  const about = aboutOf(resolved);
  const tables = registryTables(resolved);
  const uids = [...new Set(sources.flat().map(({ uid }) => uid))];
  const features = about.used.some(({ feature }) => feature !== undefined);
  const lines = [
    ...(features ? ['import json', ''] : []),
    'import duckdb',
    'import lamindb as ln',
    ...(tables.length > 0 ? ['import pandas as pd', 'from django.apps import apps'] : []),
    '',
    `artifacts = {uid: ln.Artifact.get(uid) for uid in ${list(uids.map(text))}}`,
    'cached = {uid: artifact.cache() for uid, artifact in artifacts.items()}',
    '',
    '',
    'def path_of(uid, path):',
    '    return str(cached[uid] / path if path else cached[uid])',
    '',
    '',
    'def quoted(text):',
    `    return "'" + text.replace("'", "''") + "'"`,
    '',
    '',
    'def paths(files):',
    '    return "[" + ", ".join(quoted(path_of(*file)) for file in files) + "]"',
    '',
    '',
    ...(about.needed
      ? [
          'def rows(files):',
          '    return ", ".join(f"({quoted(path_of(*file))}, {quoted(file[0])})" for file in files)',
          '',
          '',
        ]
      : []),
    ...(features ? plainHelper : []),
    ...(tables.length > 0 ? registryHelper : []),
    'con = duckdb.connect()',
    ...(about.needed ? pythonAbout(about) : []),
    ...tables.map((name) => `con.register(${text(name)}, registry(${text(name)}))`),
    ...plan.uses.map((use, i) => {
      const parts = sourceParts(
        use,
        sources[i] ?? [],
        'about',
        about.used.map(({ name }) => name),
      );
      return `con.execute(${concatenated([`CREATE TEMP VIEW source_${i + 1} AS `, ...parts], ' + ', pythonFiles)})`;
    }),
    `frame = con.execute(${block(named(resolved))}).fetch_arrow_table().to_pandas()`,
    'frame',
  ];
  return `${lines.join('\n')}\n`;
}

const plainHelper = [
  'def plain(value, kind):',
  '    """A value of a feature as its column holds it."""',
  '    if isinstance(value, set):',
  '        value = sorted(value)',
  '    if value is None:',
  '        return None',
  '    if kind == "VARCHAR[]":',
  '        return [plain(one, "VARCHAR") for one in (value if isinstance(value, list) else [value])]',
  '    if kind == "VARCHAR" and not isinstance(value, str):',
  '        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)',
  '    if kind == "TIMESTAMP" and hasattr(value, "tzinfo"):',
  '        return value.replace(tzinfo=None)',
  '    return value',
  '',
  '',
];

const registryHelper = [
  'def registry(table):',
  '    """A table of the registries as a frame."""',
  '    model = next(m for m in apps.get_models(include_auto_created=True) if m._meta.db_table == table)',
  '    fields = model._meta.concrete_fields',
  '    rows = model._base_manager.values_list(*[field.attname for field in fields])',
  '    frame = pd.DataFrame(list(rows), columns=[field.column for field in fields])',
  '    for name in frame.columns:',
  '        if isinstance(frame[name].dtype, pd.DatetimeTZDtype):',
  '            frame[name] = frame[name].dt.tz_localize(None)',
  '    return frame',
  '',
  '',
];

const attributes: Record<string, string> = {
  artifact_uid: 'uid',
  artifact_key: 'artifact.key or uid',
  artifact_description: 'artifact.description',
  artifact_created_at: 'artifact.created_at.replace(tzinfo=None)',
  artifact_labels: 'sorted({label.name for label in artifact.ulabels.all()})',
  artifact_projects: 'sorted({project.name for project in artifact.projects.all()})',
};

function pythonAbout({ columns, used }: ReturnType<typeof aboutOf>): string[] {
  const declared = columns.map(({ name, type }) => `"${name.replaceAll('"', '""')}" ${type}`).join(', ');
  const features = used.some(({ feature }) => feature !== undefined);
  const values = columns.map((column) => {
    const { name, type, feature } = column as { name: string; type: string; feature?: string };
    return feature === undefined
      ? (attributes[name] ?? 'None')
      : `plain(values.get(${text(feature)}), ${text(type)})`;
  });
  return [
    `con.execute(${text(`CREATE TEMP TABLE about (${declared})`)})`,
    'for uid, artifact in artifacts.items():',
    ...(features ? ['    values = artifact.features.get_values()'] : []),
    '    con.execute(',
    `        "INSERT INTO about VALUES (${columns.map(() => '?').join(', ')})",`,
    `        [${values.join(', ')}],`,
    '    )',
  ];
}

const list = (items: readonly string[]): string => `[${items.join(', ')}]`;
const pythonFiles = (files: readonly NamedFile[], as: 'list' | 'rows'): string =>
  `${as === 'list' ? 'paths' : 'rows'}(${list(files.map(({ uid, path }) => `(${text(uid)}, ${text(path)})`))})`;

/** SQL with calls between: `"…" + paths([…]) + "…"`. */
function concatenated(
  parts: readonly SourcePart[],
  between: string,
  call: (files: readonly NamedFile[], as: 'list' | 'rows') => string,
): string {
  const out: string[] = [];
  let sql = '';
  const close = () => {
    if (sql !== '') out.push(text(sql));
    sql = '';
  };
  for (const part of parts) {
    if (typeof part === 'string') sql += part;
    else {
      close();
      out.push(call(part.files, part.as));
    }
  }
  close();
  return out.join(between);
}

/* ---------- R ---------- */

export function statementR(resolved: ResolvedStatement): string {
  const { plan, sources } = resolved;
  const about = aboutOf(resolved);
  const tables = registryTables(resolved);
  const files = (all: readonly NamedFile[], as: 'list' | 'rows') =>
    `${as === 'list' ? 'paths' : 'rows'}(c(${all.map(({ uid }) => text(uid)).join(', ')}), c(${all.map(({ path }) => text(path)).join(', ')}))`;
  const lines = [
    'library(DBI)',
    'library(laminr)',
    'ln <- import_module("lamindb")',
    '',
    'path_of <- function(uid, path) {',
    '  file <- as.character(ln$Artifact$get(uid)$cache())',
    '  if (nzchar(path)) file.path(file, path) else file',
    '}',
    `quoted <- function(texts) paste0("'", gsub("'", "''", texts, fixed = TRUE), "'")`,
    'paths <- function(uids, paths) {',
    '  paste0("[", paste(quoted(mapply(path_of, uids, paths)), collapse = ", "), "]")',
    '}',
    ...(about.needed
      ? [
          'rows <- function(uids, paths) {',
          '  paste0("(", quoted(mapply(path_of, uids, paths)), ", ", quoted(uids), ")", collapse = ", ")',
          '}',
        ]
      : []),
    '',
    'con <- dbConnect(duckdb::duckdb())',
    ...(about.needed
      ? [
          `dbExecute(con, ${raw(`CREATE TEMP VIEW about AS SELECT * FROM ${aboutTable(about.columns, about.rows)}`)})`,
        ]
      : []),
    ...(tables.length > 0
      ? [
          'sqlite <- dbConnect(RSQLite::SQLite(), as.character(ln$setup$settings$instance$`_sqlite_file_local`))',
          ...tables.map((name) => `dbWriteTable(con, ${text(name)}, dbReadTable(sqlite, ${text(name)}))`),
        ]
      : []),
    ...plan.uses.map((use, i) => {
      const parts = sourceParts(
        use,
        sources[i] ?? [],
        'about',
        about.used.map(({ name }) => name),
      );
      return `dbExecute(con, paste0(${concatenated([`CREATE TEMP VIEW source_${i + 1} AS `, ...parts], ', ', files)}))`;
    }),
    `frame <- dbGetQuery(con, ${raw(named(resolved))})`,
    'frame',
  ];
  return `${lines.join('\n')}\n`;
}

/* ---------- SQL ---------- */

/** `endpoints`: hosts of buckets that are not Amazon's. */
export function statementSql(
  resolved: ResolvedStatement,
  pathOf: PathOf,
  endpoints: readonly string[] = [],
): string {
  const { plan, sources } = resolved;
  const about = aboutOf(resolved);
  const written = (part: SourcePart): string => {
    if (typeof part === 'string') return part;
    if (part.as === 'list') return `[${part.files.map((file) => constant(pathOf(file))).join(', ')}]`;
    return part.files.map((file) => `(${constant(pathOf(file))}, ${constant(file.uid)})`).join(', ');
  };
  let out = '';
  let at = 0;
  plan.uses.forEach((use, i) => {
    const table = about.needed && use.list ? aboutTable(about.columns, about.rows) : null;
    const parts = sourceParts(
      use,
      sources[i] ?? [],
      table,
      about.used.map(({ name }) => name),
    );
    out += `${plan.sql.slice(at, use.from)}(${parts.map(written).join('')})`;
    at = use.to;
  });
  const tables = registryTables(resolved);
  const head = [
    '-- For DuckDB. Paths without an address lie below the storage folder of the database.',
    ...endpoints.map(
      (url) =>
        `-- SET s3_endpoint = ${constant(url.replace(/^https?:\/\//, '').replace(/\/$/, ''))}; SET s3_url_style = 'path'; SET s3_use_ssl = ${url.startsWith('https:')};   reaches the bucket.`,
    ),
    ...(tables.length > 0
      ? ["-- ATTACH '.lamindb/lamin.db' (TYPE sqlite); USE lamin;   brings the tables of the registries."]
      : []),
  ];
  return `${head.join('\n')}\n${out}${plan.sql.slice(at)};\n`;
}

/* ---------- statements over the registries ---------- */

/** `sql` and its values as SQLite takes them. */
export function registryStatement(
  language: StatementLanguage,
  { sql, values, bound }: { sql: string; values: ParameterValues; bound: string },
): string {
  if (language === 'sql') return `${inPlace(sql, values)};\n`;
  const given = Object.entries(values).map(([name, value]) => [name, sqliteValue(name, value)] as const);
  if (language === 'r')
    return [
      'library(DBI)',
      'library(laminr)',
      'ln <- import_module("lamindb")',
      '',
      'con <- dbConnect(RSQLite::SQLite(), as.character(ln$setup$settings$instance$`_sqlite_file_local`))',
      `frame <- dbGetQuery(con, ${raw(inPlace(sql, values))})`,
      'frame',
      '',
    ].join('\n');
  const params = given.map(
    ([name, value]) =>
      `${text(name)}: ${value === null ? 'None' : typeof value === 'string' ? text(value) : String(value)}`,
  );
  return [
    'import lamindb as ln  # noqa: F401, connects to the database',
    'import pandas as pd',
    'from django.db import connection',
    '',
    'connection.ensure_connection()',
    `rows = connection.connection.execute(${block(bound)}${params.length > 0 ? `, {${params.join(', ')}}` : ''})`,
    'frame = pd.DataFrame(rows.fetchall(), columns=[column[0] for column in rows.description])',
    'frame',
    '',
  ].join('\n');
}

/** Values as literals, for those who cannot bind; what stands in texts, names and comments stays. */
function inPlace(sql: string, values: ParameterValues): string {
  const piece =
    /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|'(?:[^']|'')*'?|"(?:[^"]|"")*"?|`(?:[^`]|``)*`?|\[[^\]]*\]?|[\p{L}_][\p{L}\p{N}_$]*|\(?\s*\$[\p{L}_][\p{L}\p{N}_]*\s*\)?|[\s\S]/gu;
  return sql.replace(piece, (part) => {
    const name = /^\(?\s*\$([\p{L}_][\p{L}\p{N}_]*)\s*\)?$/u.exec(part)?.[1];
    const value = name === undefined ? undefined : values[name];
    if (name === undefined || !value) return part;
    const literals = duckdbLiterals(name, value).map((one) => one.replace(/^(?:DATE|TIMESTAMP) /, ''));
    return value.list ? `(${literals.join(', ')})` : part.replace(`$${name}`, () => literals[0] ?? 'NULL');
  });
}
