// Which tables beside LaminDB's are ours: the log and its companions, which are part of the data, and everything else
// named `loam_…`, which is made from other tables and can be made again.
import { LoamError } from '../errors.ts';
import type { SqlDriver } from '../ports.ts';
import { notesDdl } from '../rooms/tables.ts';
import { projectionDdl } from '../sync/projection-tables.ts';
import { journalDdl } from '../write/journal-tables.ts';
import { syncedVersion } from '../write/synced.ts';
import type { FileSchema } from './file-schema.ts';

/**
 * Grows when a table of the log changes its meaning. Files of a higher number are refused. 2: records in packs. 3: records
 * have places in logs that are synced.
 */
export const ownVersion = syncedVersion;

/** Tables that came later; a log without them is whole, they are made when it is opened. */
const later = new Set([
  'loam_gone',
  'loam_pack',
  'loam_branch',
  'loam_cell',
  'loam_row',
  'loam_choice',
  'loam_cut',
  'loam_device',
  'loam_made_on',
  'loam_sync_doc',
  'loam_sync_client',
  'loam_sync_item',
  ...[...projectionDdl, ...notesDdl].flatMap(
    (sql) => /^CREATE TABLE IF NOT EXISTS (\w+)/.exec(sql)?.[1] ?? [],
  ),
]);

/** Table -> its columns, read off the statements that make them. */
const logTables: ReadonlyMap<string, Set<string>> = new Map(
  [...journalDdl, ...projectionDdl, ...notesDdl].flatMap((sql) => {
    const match = /^CREATE TABLE IF NOT EXISTS (\w+) \(([\s\S]*)\)/.exec(sql);
    if (!match) return [];
    const parts = (match[2] ?? '').split(/,(?![^(]*\))/).map((part) => part.trim());
    const columns = parts
      .filter((part) => !part.startsWith('PRIMARY KEY'))
      .map((part) => part.split(/\s/)[0] ?? '');
    return [[match[1] ?? '', new Set(columns)] as const];
  }),
);

export const isLogTable = (name: string): boolean => logTables.has(name);

/** `ok`: a whole log that this Loam reads; `other`: tables of our name that it cannot use. */
export function judgeOwnTables(file: FileSchema): 'none' | 'ok' | 'other' {
  const found = [...file.tables.values()].filter(({ name }) => name.startsWith('loam_'));
  if (found.length === 0) return 'none';
  for (const [name, wanted] of logTables) {
    const columns = file.tables.get(name)?.columns;
    if (!columns && later.has(name)) continue;
    if (!columns || columns.size !== wanted.size) return 'other';
    for (const column of wanted) if (!columns.has(column)) return 'other';
  }
  return 'ok';
}

/** Throws where a newer Loam wrote the file: what it means by its tables is unknown here. */
export function refuseNewer(driver: SqlDriver, known = ownVersion): void {
  const row = driver.all("SELECT value FROM loam_setting WHERE name = 'version'")[0];
  if (!row || Number(row[0]) <= known) return;
  throw new LoamError(
    'FileUnreadable',
    `A newer Loam wrote this file (version ${String(row[0])} of its log; this one reads up to ${known}). Reload the page to update Loam, then open it again. Nothing was changed.`,
  );
}
