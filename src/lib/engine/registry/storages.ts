// Storage locations as the engine's facade offers them: where bytes are, which of them have a copy on this device, and
// what was found inside files that were not dropped here.
import type { EngineContext } from '../context.ts';
import { LoamError } from '../errors.ts';
import type { FileSummary } from '../ports.ts';
import { all, one } from '../statement.ts';
import { annotationTable, type AnnotationTable } from '../query/annotation-table.ts';
import { readTable } from '../interop/registry-tables.ts';
import type { TableColumn } from '../ports.ts';
import { copyChanged } from './placing.ts';
import { querySources, type AskedSource } from './query-sources.ts';
import { contentsOf, storageFacts, whereabouts, type StorageFacts, type Whereabouts } from './whereabouts.ts';

export function storagesPart({ driver, model, read, readInTurn, writer, tell }: EngineContext) {
  const { hidden } = writer.journal;
  return {
    whereabouts: (uid: string): Whereabouts => read(whereabouts(hidden.without, uid)),
    /** Where the artifacts are that a statement over files names. */
    querySources: (asked: readonly AskedSource[]): Promise<Whereabouts[][]> =>
      readInTurn(querySources(model, hidden.without, writer.journal, asked)),
    /** What the artifacts are annotated with, as columns. */
    annotationTable: (uids: readonly string[]): Promise<AnnotationTable> =>
      readInTurn(annotationTable(model, hidden.without, writer.journal, uids)),
    /** Rows of a registry's table by id, from the first or from behind `after`, as columns; `DoesNotExist` for no such table. */
    tableRows(name: string, after: number | null, limit: number): TableColumn[] {
      const table = model.tables.get(name);
      if (!table || !model.modules.some((module) => module.name === table.module))
        throw new LoamError('DoesNotExist', `There is no registry table "${name}".`, { table: name });
      return readTable(driver, table, after, limit);
    },
    storageFacts: (): StorageFacts[] => read(storageFacts()),
    contentsOf: (storage: string, after: number, limit: number): Whereabouts[] =>
      read(contentsOf(storage, after, Math.min(limit, 1000))),
    /** Uids of the artifacts that files of a storage are, by the files' keys there; the latest where there are several. */
    registeredKeys(storage: string, keys: readonly string[]): Map<string, string> {
      const rows = read(
        all(
          `SELECT coalesce(a._real_key, a.key), a.uid FROM lamindb_artifact a JOIN lamindb_storage s ON s.id = a.storage_id
           WHERE s.uid = ?1 AND a.key IS NOT NULL AND (a._key_is_virtual = 0 OR a._real_key IS NOT NULL)
             AND coalesce(a._real_key, a.key) IN (SELECT value FROM json_each(?2)) AND loam_present(a.branch_id)
           ORDER BY a.is_latest, a.id`,
          [storage, JSON.stringify(keys)],
        ),
      );
      return new Map(rows.map(([key, uid]) => [String(key), String(uid)]));
    },
    /** What was found inside a file before; null where nobody looked yet. */
    summaryOf(artifact: number): FileSummary | null {
      const text = read(one('SELECT summary FROM loam_blob WHERE artifact_id = ?', [artifact]))?.[0];
      return typeof text === 'string' ? (JSON.parse(text) as FileSummary) : null;
    },
    /** Facts of our own about bytes that lie elsewhere; they are no part of the history. */
    noteSummary(artifact: number, summary: FileSummary): void {
      driver.run(
        `INSERT INTO loam_blob(artifact_id, storage_key, summary, only_here) VALUES (?, '', ?, 0)
         ON CONFLICT(artifact_id) DO UPDATE SET summary = excluded.summary`,
        [artifact, JSON.stringify(summary)],
      );
    },
    noteCopy(artifact: number, key: string): void {
      driver.run(
        `INSERT INTO loam_blob(artifact_id, storage_key, only_here) VALUES (?, ?, 0)
         ON CONFLICT(artifact_id) DO UPDATE SET storage_key = excluded.storage_key`,
        [artifact, key],
      );
      tell(copyChanged(artifact));
    },
  };
}
