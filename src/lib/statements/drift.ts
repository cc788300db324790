// Files that are to be one table, compared before anything runs: columns that some of them miss, and columns that hold one
// kind of value here and another there. The engine would make texts of those, or mix them up without a word (a DATE and
// an INTEGER become a DATE in DuckDB 0.9.2).
import type { FileFacts } from './facts.ts';
import type { DriftColumn } from './types.ts';

export interface ComparedFile {
  /** As people call it. */
  title: string;
  facts: FileFacts;
}

/** Types within one class become one another without loss of meaning. */
function classOf(type: string): string {
  if (
    /^U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?$|^U(?:TINY|SMALL)INT|^FLOAT$|^DOUBLE$|^DECIMAL|^HUGEINT$/.test(
      type,
    )
  )
    return 'number';
  if (/^TIMESTAMP|^DATE$/.test(type)) return 'time';
  return type.replace(/\(.*$/, '');
}

/** The columns that differ, those of several kinds first; `settled` are those that the statement says how to read. */
export function driftOf(
  files: readonly ComparedFile[],
  settled: ReadonlySet<string> = new Set(),
): DriftColumn[] {
  const columns = new Map<
    string,
    { name: string; types: Map<string, { files: number; example: string }>; in: Set<number> }
  >();
  for (const [i, { title, facts }] of files.entries()) {
    for (const { name, type } of facts.columns) {
      const key = name.toLowerCase();
      const known = columns.get(key) ?? {
        name,
        types: new Map<string, { files: number; example: string }>(),
        in: new Set<number>(),
      };
      columns.set(key, known);
      const of = known.types.get(type) ?? { files: 0, example: title };
      of.files++;
      known.types.set(type, of);
      known.in.add(i);
    }
  }
  const found: DriftColumn[] = [];
  for (const column of columns.values()) {
    const types = [...column.types]
      .map(([type, of]) => ({ type, ...of }))
      .sort((a, b) => b.files - a.files || a.type.localeCompare(b.type));
    const several = new Set(types.map(({ type }) => classOf(type))).size > 1 && !settled.has(column.name);
    const missing = files.length - column.in.size;
    if (!several && missing === 0) continue;
    found.push({
      name: column.name,
      types: several ? types : [],
      missing,
      missingExample: files.find((_, i) => !column.in.has(i))?.title ?? null,
      proposal: several ? proposalFor(types) : null,
    });
  }
  return found.sort((a, b) => Number(b.types.length > 0) - Number(a.types.length > 0));
}

/** What most files have, where it is a plain type; a text holds everything. */
function proposalFor(types: readonly { type: string; files: number }[]): string {
  const [most, next] = types;
  if (!most || most.files === next?.files || /^(?:STRUCT|LIST|MAP|BLOB)/.test(most.type)) return 'VARCHAR';
  return most.type;
}

/** In a sentence, for who sees no table of it. */
export function driftWords(column: DriftColumn): string {
  const kinds = column.types.map(({ type, files, example }) => `${type} in ${files} (such as ${example})`);
  return `"${column.name}" is ${kinds.join(' and ')}`;
}
