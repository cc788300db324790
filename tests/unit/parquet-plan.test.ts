// What is fetched ahead of a query over parquet: the columns that are read and no others, whatever the layout.
import type { FileMetaData } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { parquetPlan } from '../../src/lib/workers/parquet-plan.ts';

const page = 16_384;

/** Row groups of columns with these sizes, one after the other from byte 4 on. */
function footer(
  groups: number,
  sizes: readonly number[],
): { footer: FileMetaData; size: number; at: number[][] } {
  let at = 4;
  const places: number[][] = [];
  const row_groups = Array.from({ length: groups }, () => {
    const own: number[] = [];
    const columns = sizes.map((bytes) => {
      own.push(at);
      const meta_data = { data_page_offset: BigInt(at), total_compressed_size: BigInt(bytes) };
      at += bytes;
      return { meta_data };
    });
    places.push(own);
    return { columns };
  });
  return { footer: { row_groups } as unknown as FileMetaData, size: at + 1000, at: places };
}

/** Reads columns as the engine does, page by page; answers the bytes that are fetched and the reads that had to wait. */
function scan(
  sizes: readonly number[],
  columns: readonly number[],
  groups: number,
  every = 1,
  before: readonly number[] = [],
) {
  const { footer: meta, size, at } = footer(groups, sizes);
  const plan = parquetPlan(meta, size);
  const here = new Set<number>();
  let waits = 0;
  let last = -2;
  const own = new Set<number>();
  let needed = 0;
  const bring = (from: number, to: number) => {
    for (let block = Math.floor(from / page); block * page < to; block++) here.add(block);
  };
  // What another query has read before.
  for (const places of at)
    for (const column of before) bring(places[column] ?? 0, (places[column] ?? 0) + (sizes[column] ?? 0));
  for (const block of here) own.add(block);
  for (let group = 0; group < groups; group += every)
    for (const column of columns) {
      const from = at[group]?.[column] ?? 0;
      const bytes = sizes[column] ?? 0;
      needed += bytes;
      for (let block = Math.floor(from / page); block * page < from + bytes; block++) {
        const goesOn = last === block - 1;
        last = block;
        if (here.has(block)) continue;
        waits++;
        const fetch = plan(block * page, Math.min(size, (block + 1) * page), goesOn);
        expect(fetch.from).toBeLessThanOrEqual(block * page);
        expect(fetch.to).toBeGreaterThanOrEqual(Math.min(size, (block + 1) * page));
        bring(fetch.from, fetch.to);
        for (const [start, end] of fetch.ahead) bring(start, end);
      }
    }
  return { fetched: (here.size - own.size) * page, needed, waits };
}

describe('what is fetched of parquet', () => {
  it('one wide column of many: little more than its bytes, and few reads wait', () => {
    const { fetched, needed, waits } = scan([110_000, 300_000, 90_000, 500_000], [1], 100);
    expect(fetched / needed).toBeLessThan(1.2);
    expect(waits).toBeLessThan(15);
  });
  it('narrow columns beside wide ones do not bring those along', () => {
    const { fetched, waits } = scan([400_000, 3_000, 400_000], [1], 100);
    expect(fetched).toBeLessThan(100 * 3 * page);
    expect(waits).toBeLessThan(20);
  });
  it('two columns at once', () => {
    const { fetched, needed, waits } = scan([200_000, 200_000, 200_000, 200_000], [0, 2], 60);
    expect(fetched / needed).toBeLessThan(1.25);
    expect(waits).toBeLessThan(30);
  });
  it('a column of which the beginnings are here already does not bring its neighbours along', () => {
    const { fetched, needed, waits } = scan([200_000, 3_000, 40_000], [2], 60, 1, [1]);
    expect(fetched / needed).toBeLessThan(1.5);
    expect(waits).toBeLessThan(20);
  });
  it('row groups that are skipped are not fetched', () => {
    const { fetched, needed } = scan([200_000, 200_000], [1], 100, 10);
    expect(fetched / needed).toBeLessThan(1.3);
  });
  it('a long chunk comes in parts; places outside of all chunks come as they are asked for', () => {
    const { footer: meta, size, at } = footer(1, [50_000_000]);
    const plan = parquetPlan(meta, size);
    const first = plan(0, page);
    expect(first.to).toBeLessThanOrEqual(4 * 1024 * 1024 + page);
    expect(plan(size - 500, size)).toEqual({ from: size - 500, to: size, ahead: [] });
    expect(at).toHaveLength(1);
  });
  it('a footer that lies about places brings nothing outside of the file', () => {
    const meta = {
      row_groups: [
        { columns: [{ meta_data: { data_page_offset: 10n, total_compressed_size: 1n << 60n } }, {}] },
      ],
    } as unknown as FileMetaData;
    expect(parquetPlan(meta, 1000)(0, 100)).toEqual({ from: 0, to: 100, ahead: [] });
  });
});
