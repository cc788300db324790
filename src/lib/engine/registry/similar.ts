// Rows with a similar name, told when a new one is made (lamindb 2.12.1 `suggest_records_with_similar_names`): the name's
// first four fifths, looked for anywhere in the names that are there, best three by LaminDB's rank.
import type { Table } from '../model/types.ts';
import { all, type Steps } from '../statement.ts';

const shown = 3;
/** Ranking is done here and not in SQL; names that only contain the text beyond this many are not looked at. */
const most = 1000;

/** `where` limits the rows, with its own parameters from ?2 on. */
export function* similarNames(
  table: Table,
  column: string,
  name: string,
  where: { sql: string; params: (number | null)[] },
): Steps<string[]> {
  const length = [...name].length;
  const part = (length > 5 ? [...name].slice(0, Math.floor(length * 0.8)).join('') : name).trim();
  if (part === '') return [];
  const rows = yield* all(
    `SELECT "${column}" FROM "${table.name}" WHERE "${column}" LIKE ?1 ESCAPE '\\' AND ${where.sql} LIMIT ${most}`,
    [`%${part.replace(/[\\%_]/g, (c) => `\\${c}`)}%`, ...where.params],
  );
  const rank = ranker(part);
  return rows
    .map((r) => String(r[0]))
    .map((text) => ({ text, rank: rank(text) }))
    .sort((a, b) => b.rank - a.rank)
    .slice(0, shown)
    .map((r) => r.text);
}

/** LaminDB's weights for one field, case-insensitive. */
function ranker(part: string): (text: string) => number {
  const p = part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const weights: [RegExp, number][] = [
    [new RegExp(`^${p}$`, 'i'), 200],
    [new RegExp(`(?:^|\\|)${p}(?:\\||$)`, 'i'), 200],
    [new RegExp(`(?:^|[ |.,;:])${p}(?:[ |.,;:]|$)`, 'i'), 10],
    [new RegExp(`(?:^|\\|)${p}[^ ]*(?:\\||$)`, 'i'), 8],
    [new RegExp(`(?:^|[ |])${p}`, 'i'), 2],
    [new RegExp(`${p}(?:$|[ |.,;:])`, 'i'), 2],
    [new RegExp(`^${p}`, 'i'), 2],
  ];
  return (text) => weights.reduce((sum, [pattern, weight]) => sum + (pattern.test(text) ? weight : 0), 1);
}
