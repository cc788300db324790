// Which answers differ from LaminDB's. Rows of a search that rank alike come in any order there, and any of them may be the
// last under a limit: there a row counts as equal when it ranks like ours in its place. Several labels in one cell of a data
// frame come in the order of a Python set there, which changes from one start of Python to the next; and a set of numbers
// keeps every NaN of a numeric column there, so that a missing value counts once.
import { model } from '../../src/lib/engine/model/model.ts';
import type { SqlDriver } from '../../src/lib/engine/ports.ts';
import { searchSpec, type AnsweredSpec, type QuerySpec } from '../../src/lib/engine/query/answers.ts';
import { createQueries } from '../../src/lib/engine/query/part.ts';
import { createScope } from '../../src/lib/engine/query/read.ts';
import type { RankedRow } from '../../src/lib/engine/query/search.ts';
import { runSync } from '../../src/lib/engine/statement.ts';

/** Answers by the id of the query; an error as `{ error: name }`. */
export type Facts = Record<string, unknown>;

export type Difference = AnsweredSpec & { lamindb: unknown };

/** The specs whose answers differ, with LaminDB's beside ours. `ranked` gives all hits of a search. */
export function different(
  answered: readonly AnsweredSpec[],
  facts: Facts,
  ranked: (spec: QuerySpec) => RankedRow[],
): Difference[] {
  return answered
    .map((ours) => ({ ...ours, lamindb: facts[String(ours['id'])] }))
    .filter((both) => !same(both, ranked));
}

/** The same for queries asked here. */
export function differences(driver: SqlDriver, specs: readonly QuerySpec[], facts: Facts): Difference[] {
  const answered = createQueries(driver, model, Date.now).answerSpecs([...specs]);
  return different(answered, facts, (spec) => runSync(driver, searchSpec(createScope(model, [1]), spec)));
}

function same({ lamindb, answer, ...spec }: Difference, ranked: (spec: QuerySpec) => RankedRow[]): boolean {
  if (JSON.stringify(answer) === JSON.stringify(lamindb)) return true;
  if (spec['op'] === 'dataframe')
    return JSON.stringify(unordered(answer)) === JSON.stringify(unordered(lamindb));
  if (spec['op'] !== 'search' || !Array.isArray(lamindb) || !Array.isArray(answer)) return false;
  const all = ranked({ ...spec, limit: null });
  const rank = new Map(all.map((row) => [row.id, row.rank]));
  const given = lamindb.map(([id]) => Number(id));
  return (
    given.length === answer.length &&
    new Set(given).size === given.length &&
    given.every((id, i) => rank.get(id) === all[i]?.rank)
  );
}

/** An answer with the lists in the cells of a frame sorted, a missing value in them once. */
export function unordered(answer: unknown): unknown {
  const rows = (answer as { rows?: unknown } | null)?.rows;
  if (!Array.isArray(rows)) return answer;
  const once = (value: unknown, i: number, cell: unknown[]) => value !== null || cell.indexOf(null) === i;
  const sorted = (cell: unknown) =>
    Array.isArray(cell)
      ? cell
          .filter(once)
          .map((v) => JSON.stringify(v))
          .sort()
      : cell;
  return { ...(answer as object), rows: rows.map((row: unknown[]) => row.map(sorted)) };
}
