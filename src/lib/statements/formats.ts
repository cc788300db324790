// Which files queries read, by suffix. Known to the page too, which tells before anything is sent.
import type { SourceFormat } from './types.ts';

/** Null for what no query reads. */
export function formatOf(suffix: string): SourceFormat | null {
  if (/^\.parquet$/i.test(suffix)) return 'parquet';
  if (/^\.(?:csv|tsv|txt|tab)(?:\.gz)?$/i.test(suffix)) return 'csv';
  if (/^\.(?:json|jsonl|ndjson)(?:\.gz)?$/i.test(suffix)) return 'json';
  return null;
}
