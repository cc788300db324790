// A table in parts by id, so that what looks at every row is several statements between which others get their turn.
import type { Table } from '../model/types.ts';
import { one, type Steps } from '../statement.ts';

/** Rows that one statement looks at: about 5 ms. Ids with large gaps make larger parts. */
const partRows = 10_000;
const mostParts = 500;

/** [first, last] of each part. Rows that are made later are in none. */
export function* idParts(table: Table): Steps<[number, number][]> {
  const row = yield* one(`SELECT min(id), max(id) FROM "${table.name}"`);
  if (row?.[0] === null || row?.[0] === undefined) return [];
  const [first, last] = [Number(row[0]), Number(row[1])];
  const size = Math.max(partRows, Math.ceil((last - first + 1) / mostParts));
  const parts: [number, number][] = [];
  for (let from = first; from <= last; from += size) parts.push([from, Math.min(last, from + size - 1)]);
  return parts;
}
