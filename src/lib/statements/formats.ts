// Which files queries read, by suffix. Known to the page too, which tells before anything is sent.
import type { SourceFormat } from './types.ts';

/** Null for what no query reads as it is. `arrow` is read once and asked as parquet. */
export function formatOf(suffix: string): SourceFormat | 'arrow' | null {
  if (/^\.parquet$/i.test(suffix)) return 'parquet';
  if (/^\.(?:csv|tsv|txt|tab)(?:\.gz)?$/i.test(suffix)) return 'csv';
  if (/^\.(?:json|jsonl|ndjson)(?:\.gz)?$/i.test(suffix)) return 'json';
  if (/^\.(?:arrow|feather)$/i.test(suffix)) return 'arrow';
  return null;
}

/** Whether there may be tables inside, which `obs(…)` and `var(…)` mean: AnnData, MuData, SpatialData, 10x. By name or suffix. */
export const mayHoldTables = (name: string): boolean =>
  /\.(?:h5ad|h5mu|h5|hdf5|zarr|zarr\.zip)$/i.test(name) && !/\.ome\.(?:zarr(?:\.zip)?|h5|hdf5)$/i.test(name);

/** The end of a name that tells what the file is. */
export const suffixOf = (name: string): string =>
  /(?:\.[^./]+)?\.gz$|\.zarr\.zip$|\.[^./]+$/i.exec(name)?.[0] ?? '';
