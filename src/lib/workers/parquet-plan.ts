// What of a parquet file is worth fetching when the query engine reads a place of it: the rest of the column chunk that it
// is in, the same columns of the row groups that follow once they are read in order, and nothing else. So a query over one
// column fetches that column, and one that skips row groups skips their bytes.
import type { FileMetaData } from 'hyparquet';

export interface Fetch {
  from: number;
  to: number;
  ahead: [number, number][];
}

interface Chunk {
  from: number;
  to: number;
  group: number;
  column: number;
}

/** Of a chunk so much is fetched at once; longer ones come in parts. */
const partMost = 4 * 1024 * 1024;
/** What is fetched before anybody has asked: of one read, all together, and of how many row groups. */
const aheadMost = 8 * 1024 * 1024;
const groupsMost = 32;

export function parquetPlan(
  footer: FileMetaData,
  size: number,
): (start: number, end: number, goesOn?: boolean) => Fetch {
  const chunks: Chunk[] = [];
  for (const [group, { columns }] of footer.row_groups.entries())
    for (const [column, { meta_data: meta }] of columns.entries()) {
      if (!meta) continue;
      const first = Number(meta.dictionary_page_offset ?? meta.data_page_offset);
      const from = first > 0 ? Math.min(first, Number(meta.data_page_offset)) : Number(meta.data_page_offset);
      const to = from + Number(meta.total_compressed_size);
      if (from >= 0 && to > from && to <= size) chunks.push({ from, to, group, column });
    }
  chunks.sort((a, b) => a.from - b.from);
  const byPlace = new Map(chunks.map((chunk) => [`${chunk.group}/${chunk.column}`, chunk]));
  /** The last row group of which a column was fetched, also ahead of any read. */
  const reach = new Map<number, number>();
  /** How many times in a row a column was read on from there. */
  const runs = new Map<number, number>();
  /** Chunks whose beginning was read. */
  const begun = new Set<Chunk>();
  function indexAt(place: number): number {
    let low = 0;
    let high = chunks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((chunks[middle] as Chunk).from <= place) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** What follows a chunk: nothing at first, then more and more row groups of the columns that are read on. */
  function wants({ group, column }: Chunk): [number, number][] {
    if ((reach.get(column) ?? -1) >= group) return [];
    const goesOn = reach.get(column) === group - 1;
    // What was read up to the row group before, as this one, will be read of this one.
    const columns = goesOn ? [...reach].filter(([, last]) => last === group - 1).map(([other]) => other) : [];
    const run = goesOn ? (runs.get(column) ?? 0) + 1 : 0;
    const groups = goesOn ? Math.min(groupsMost, 2 ** run) : 0;
    runs.set(column, run);
    reach.set(column, group);
    const ranges: [number, number][] = [];
    let bytes = 0;
    for (let next = group; next <= group + groups; next++)
      for (const other of columns) {
        const chunk = byPlace.get(`${next}/${other}`);
        if (!chunk || (next === group && other === column)) continue;
        bytes += chunk.to - chunk.from;
        if (bytes > aheadMost) return ranges;
        ranges.push([chunk.from, chunk.to]);
        reach.set(other, next);
        runs.set(other, run);
      }
    return ranges;
  }

  return (start, end, goesOn = false) => {
    const index = indexAt(start);
    const before = chunks[index];
    const within = before && start < before.to ? before : null;
    const rest = (chunk: Chunk) => Math.max(end, Math.min(chunk.to, start + partMost));
    // The engine reads whole pages, so a read begins before the column it is for. One that goes on is told by that; its
    // beginning may have been here already.
    if (within && (goesOn || begun.has(within) || within.from === start)) {
      begun.add(within);
      return { from: start, to: rest(within), ahead: wants(within) };
    }
    const starting: Chunk[] = [];
    for (let i = index + 1; i < chunks.length && (chunks[i] as Chunk).from < end; i++)
      starting.push(chunks[i] as Chunk);
    for (const chunk of starting) begun.add(chunk);
    const [only] = starting;
    if (only && starting.length === 1) return { from: start, to: rest(only), ahead: wants(only) };
    // Several begin here, and only the next read tells whether the last of them is wanted; the others come whole anyway.
    const ahead = starting.filter(({ to }) => to <= end).flatMap(wants);
    return { from: start, to: end, ahead };
  };
}
