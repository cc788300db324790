// What the editor offers while a statement is written: columns of the tables it reads (by alias where one is needed),
// the other side of a foreign key after ON, tables by their registry's name too, keywords and functions.
import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import type { SqlTable } from '../workers/wire.ts';
import type { Datasets } from './datasets.svelte.ts';
import {
  callOf,
  filesIn,
  insideText,
  statementAt,
  tablesIn,
  type TableUse,
  wordsOf,
} from './sql-statements.ts';

const KEYWORDS =
  'select from where join left outer inner cross on using group by having order asc desc limit offset distinct as and or not in is null like glob between exists case when then else end with recursive union all intersect except values over partition window filter cast collate explain query plan nulls first last'.split(
    ' ',
  );

const FUNCTIONS =
  'count sum avg min max total group_concat coalesce ifnull nullif iif length lower upper trim substr instr replace round abs date datetime strftime julianday json_extract json_each json_array_length json_object json_group_array printf hex typeof row_number rank lag lead'.split(
    ' ',
  );

export interface Completable {
  tables: readonly SqlTable[];
  datasets: Pick<Datasets, 'tables' | 'columnsOf'>;
}

/** What lists of artifacts have beside the columns of their files. */
const ABOUT = [
  'artifact_uid',
  'artifact_key',
  'artifact_description',
  'artifact_created_at',
  'artifact_labels',
  'artifact_projects',
];
const aboutColumns = ABOUT.map((name) => ({
  name,
  type: '',
  notNull: false,
  primary: false,
  references: null,
}));

/** The files that a statement names, as tables under the names that its columns are written with. */
function filesAsTables(
  sql: string,
  { columnsOf }: Completable['datasets'],
): { use: TableUse; table: SqlTable }[] {
  return filesIn(sql).map(({ key, of, part, as, list }) => {
    const call = callOf(key, of, part);
    const columns = [...(columnsOf(call) ?? []), ...(list ? aboutColumns : [])];
    return {
      use: { table: `${call} ${as}`, as },
      table: { name: as, kind: 'other', registry: null, columns },
    };
  });
}

/** Keys behind `artifact('` and `obs('`, where otherwise nothing is offered within quotes. */
function keysAt(
  before: string,
  { tables }: Completable['datasets'],
): { from: number; options: Completion[] } | null {
  const open = /\b(artifact|obs|var)\s*\(\s*(?:\[(?:\s*'(?:[^']|'')*'\s*,)*\s*)?'((?:[^']|'')*)$/i.exec(
    before,
  );
  if (!open) return null;
  const [, of = '', typed = ''] = open;
  const start = `${of.toLowerCase()}(`;
  const keys = new Set(tables.filter(({ name }) => name.startsWith(start)).map(({ key = '' }) => key));
  return {
    from: before.length - typed.length,
    options: [...keys].map((key) => ({ label: key.replaceAll("'", "''"), type: 'class', detail: 'file' })),
  };
}

const quoted = (name: string): string =>
  /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !KEYWORDS.includes(name.toLowerCase())
    ? name
    : `"${name.replaceAll('"', '""')}"`;

const typeOf = (column: SqlTable['columns'][number]): string =>
  [column.type, column.primary ? 'key' : '', column.references ? `→ ${column.references.table}` : '']
    .filter(Boolean)
    .join(', ');

/** Columns of one table, each with its type. */
function columnsOf(table: SqlTable, prefix: string, boost: number): Completion[] {
  return table.columns.map((column) => ({
    label: `${prefix}${quoted(column.name)}`,
    type: 'property',
    detail: typeOf(column),
    boost,
  }));
}

/** `a.created_by_id = u.id` for every foreign key between the last table and those before it. */
function joinsOf(uses: TableUse[], byName: ReadonlyMap<string, SqlTable>): Completion[] {
  const last = uses.at(-1);
  const joins: Completion[] = [];
  for (const other of uses.slice(0, -1)) {
    for (const [from, to] of [
      [last, other],
      [other, last],
    ] as const) {
      if (!from || !to) continue;
      for (const column of byName.get(from.table.toLowerCase())?.columns ?? []) {
        if (column.references?.table.toLowerCase() !== to.table.toLowerCase()) continue;
        joins.push({
          label: `${quoted(from.as)}.${quoted(column.name)} = ${quoted(to.as)}.${quoted(column.references.column)}`,
          type: 'keyword',
          detail: 'foreign key',
          boost: 99,
        });
      }
    }
  }
  return joins;
}

function tableCompletions(tables: readonly SqlTable[], boost: number): Completion[] {
  return tables.map(({ name, registry, kind, columns }) => ({
    label: quoted(name),
    type: 'class',
    detail: registry ?? (kind === 'link' ? 'link' : kind === 'own' ? 'Loam' : `${columns.length} columns`),
    boost: boost + (kind === 'registry' ? 20 : kind === 'own' ? -40 : 0),
  }));
}

/** Files as they stand in a statement; found by their keys. */
const fileCompletions = ({ tables }: Completable['datasets']): Completion[] =>
  tables.map(({ name, label = name }) => ({ label, apply: name, type: 'class', detail: 'file', boost: 40 }));

const named = (names: readonly string[], type: string, boost: number): Completion[] =>
  names.map((label) => ({ label, type, boost }));

/** The completions at `pos` of the text. Exported for tests; the editor calls `completeSql`. */
export function completionsAt(
  text: string,
  pos: number,
  { tables, datasets }: Completable,
): { from: number; options: Completion[] } | null {
  const part = statementAt(text, { from: pos, to: pos }) ?? { from: 0, sql: text };
  const before = text.slice(part.from, pos);
  const keys = keysAt(before, datasets);
  if (keys) return { ...keys, from: part.from + keys.from };
  if (insideText(text, pos)) return null;
  const files = filesAsTables(part.sql, datasets);
  const byName = new Map([
    ...tables.map((table) => [table.name.toLowerCase(), table] as const),
    ...files.map(({ use, table }) => [use.table.toLowerCase(), table] as const),
  ]);
  const uses = [
    ...tablesIn(part.sql).filter(({ table }) => !/^(?:artifact|obs|var)$/i.test(table)),
    ...files.map(({ use }) => use),
  ];
  const member = /([\p{L}_][\p{L}\p{N}_]*|"[^"]*")\.([\p{L}_][\p{L}\p{N}_]*)?$/u.exec(before);
  if (member) {
    const name = (member[1] ?? '').replaceAll('"', '').toLowerCase();
    const use = uses.find((one) => one.as.toLowerCase() === name);
    const table = byName.get((use?.table ?? name).toLowerCase());
    return table ? { from: pos - (member[2]?.length ?? 0), options: columnsOf(table, '', 0) } : null;
  }
  const typed = /[\p{L}_][\p{L}\p{N}_]*$/u.exec(before)?.[0] ?? '';
  const from = pos - typed.length;
  const words = wordsOf(before.slice(0, before.length - typed.length));
  const last = words.at(-1);
  const lastWord = last?.quoted ? '' : (last?.text.toLowerCase() ?? '');
  const keyword = [...words]
    .reverse()
    .find(({ text: word, quoted: q }) => !q && /^(?:from|join|on|select|where|by|having|and|or)$/i.test(word))
    ?.text.toLowerCase();

  if (lastWord === 'from' || lastWord === 'join' || (keyword === 'from' && lastWord === ',')) {
    return { from, options: [...tableCompletions(tables, 50), ...fileCompletions(datasets)] };
  }
  const shared = new Map<string, number>();
  for (const use of uses)
    for (const { name } of byName.get(use.table.toLowerCase())?.columns ?? [])
      shared.set(name, (shared.get(name) ?? 0) + 1);
  const columns = uses.flatMap((use) => {
    const table = byName.get(use.table.toLowerCase());
    if (!table) return [];
    // A column that two tables have must say whose it is.
    return columnsOf(table, '', 30).map((completion, i) =>
      (shared.get(table.columns[i]?.name ?? '') ?? 0) > 1
        ? { ...completion, label: `${quoted(use.as)}.${completion.label}` }
        : completion,
    );
  });
  return {
    from,
    options: [
      ...(lastWord === 'on' ? joinsOf(uses, byName) : []),
      ...columns,
      ...named(KEYWORDS, 'keyword', 0),
      ...named(FUNCTIONS, 'function', -10),
      ...tableCompletions(tables, -20),
    ],
  };
}

/** The editor's source: at words and after a dot as one types, anywhere when asked for. */
export function completeSql(known: () => Completable) {
  return (context: CompletionContext): CompletionResult | null => {
    const text = context.state.doc.toString();
    const before = text.slice(Math.max(0, context.pos - 60), context.pos);
    const afterKey = /\b(?:from|join|on)\s+$/i.test(before);
    const inFile = /\b(?:artifact|obs|var)\s*\([^)]*'$/i.test(before);
    if (!context.explicit && !/[\p{L}\p{N}_.]$/u.test(before) && !afterKey && !inFile) return null;
    const found = completionsAt(text, context.pos, known());
    return found && { ...found, validFor: /^[\p{L}\p{N}_]*$/u };
  };
}
