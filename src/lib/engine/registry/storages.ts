// Storage locations as the engine's facade offers them: where bytes are, which of them have a copy on this device, and
// what was found inside files that were not dropped here.
import type { EngineContext } from '../context.ts';
import type { FileSummary } from '../ports.ts';
import { one } from '../statement.ts';
import { namedArtifacts } from './named-artifacts.ts';
import { contentsOf, storageFacts, whereabouts, type StorageFacts, type Whereabouts } from './whereabouts.ts';

export function storagesPart({ driver, read, writer }: EngineContext) {
  return {
    whereabouts: (uid: string): Whereabouts => read(whereabouts(writer.journal.hidden.without, uid)),
    /** Where artifacts are that are called by key or uid. */
    namedArtifacts: (names: readonly string[]): Whereabouts[] =>
      read(namedArtifacts(writer.journal.hidden.without, names)),
    storageFacts: (): StorageFacts[] => read(storageFacts()),
    contentsOf: (storage: string, after: number, limit: number): Whereabouts[] =>
      read(contentsOf(storage, after, Math.min(limit, 1000))),
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
    },
  };
}
