// Which public terms are rows of this database, under what name, and how many artifacts are labelled with them.
import type { EngineContext } from '../context.ts';
import type { Model, Table } from '../model/types.ts';
import { nameOf } from '../registry/tables.ts';
import { all, type Steps } from '../statement.ts';
import type { Hidden } from '../write/hidden.ts';
import { keysOf, labelTable, termTable } from './tables.ts';

export interface Known {
  uid: string;
  name: string;
  artifacts: number;
  trashed: boolean;
}

export interface SourceState {
  uid: string;
  entity: string;
  name: string;
  organism: string;
  version: string;
  inDb: boolean;
  currentlyUsed: boolean;
}

/** How many artifacts carry each of these rows; those in the trash do not count. */
export function* artifactCounts(
  model: Model,
  table: Table,
  ids: readonly number[],
  hidden: Hidden,
): Steps<Map<number, number>> {
  const label = labelTable(model, table);
  if (!label || ids.length === 0) return new Map();
  const rows = yield* all(
    `SELECT l."${label.column}", count(DISTINCT l.artifact_id) FROM "${label.table}" l JOIN lamindb_artifact a ON a.id = l.artifact_id
     WHERE l."${label.column}" IN (SELECT value FROM json_each(?)) AND +a.branch_id <> -1${hidden('lamindb_artifact', 'a.id')} GROUP BY 1`,
    [JSON.stringify(ids)],
  );
  return new Map(rows.map(([id, n]) => [Number(id), Number(n)]));
}

export function knownPart({ model, read, writer }: EngineContext) {
  const hidden = writer.journal.hidden.without;
  return {
    /** Rows by what names them outside; a registry that takes no terms has none. */
    knownTerms: (registry: string, ids: readonly string[]): Map<string, Known> =>
      read(
        (function* () {
          const table = termTable(model, registry);
          const found = new Map<string, Known & { id: number }>();
          for (const key of keysOf(table)) {
            const rows = yield* all(
              `SELECT "${key}", id, uid, "${nameOf(table)}", branch_id FROM "${table.name}"
               WHERE "${key}" IN (SELECT value FROM json_each(?))${hidden(table.name, 'id')} ORDER BY branch_id = -1 DESC, id DESC`,
              [JSON.stringify(ids)],
            );
            for (const [term, id, uid, name, branch] of rows)
              found.set(String(term), {
                id: Number(id),
                uid: String(uid),
                name: String(name ?? term),
                artifacts: 0,
                trashed: branch === -1,
              });
          }
          const counts = yield* artifactCounts(
            model,
            table,
            [...found.values()].map(({ id }) => id),
            hidden,
          );
          return new Map(
            [...found].map(([term, { id, ...known }]) => [
              term,
              { ...known, artifacts: counts.get(id) ?? 0 },
            ]),
          );
        })(),
      ),
    sourceStates: (): SourceState[] =>
      read(
        all(
          `SELECT uid, entity, name, organism, version, in_db, currently_used FROM bionty_source
           WHERE 1${hidden('bionty_source', 'id')} ORDER BY id`,
        ),
      ).map(([uid, entity, name, organism, version, inDb, used]) => ({
        uid: String(uid),
        entity: String(entity),
        name: String(name),
        organism: String(organism),
        version: String(version),
        inDb: inDb === 1,
        currentlyUsed: used === 1,
      })),
  };
}
