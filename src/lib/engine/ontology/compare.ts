// What another version of a source would change in a registry: terms that are new, renamed, no longer to be used or gone,
// and the artifacts that are labelled with them. Only reads.
import type { EngineContext } from '../context.ts';
import { labelOf, nameOf } from '../registry/tables.ts';
import { all, type Steps } from '../statement.ts';
import { knownRows } from './clashes.ts';
import { artifactCounts } from './known-terms.ts';
import { entityOf, olderSources } from './source-row.ts';
import { keysOf, termTable } from './tables.ts';
import type { SourceName, TermBatch, TermFeed } from './types.ts';

export interface ComparedTerm {
  id: string;
  /** As it is here. */
  name: string;
  uid: string;
  /** Artifacts labelled with it. */
  artifacts: number;
}

export interface SourceDiff {
  registry: string;
  source: { name: string; version: string; organism: string };
  /** Versions of it that rows are of now. */
  from: string[];
  added: { count: number; names: string[] };
  renamed: (ComparedTerm & { to: string })[];
  renamedCount: number;
  obsolete: (ComparedTerm & { replacedBy: string | null })[];
  obsoleteCount: number;
  /** Rows whose term the new version has not. */
  gone: ComparedTerm[];
  goneCount: number;
  /** Rows with another definition, other synonyms or identifiers. */
  changed: number;
  same: number;
}

export interface CompareSpec {
  registry: string;
  source: SourceName;
  key: string;
}

/** Of each list so many are told; those in use come first. */
const told = 500;
const namesTold = 50;

export function comparePart({ model, read, writer }: EngineContext) {
  const hidden = writer.journal.hidden.without;
  return {
    async compareTerms({ registry, source, key }: CompareSpec, feed: TermFeed): Promise<SourceDiff> {
      const table = termTable(model, registry);
      const older = read(olderSources(entityOf(table), source));
      const ids = new Set(older.map(({ id }) => id));
      const versions = new Set<string>();
      const diff: SourceDiff = {
        registry: labelOf(table),
        source: { name: source.name, version: source.version, organism: source.organism },
        from: [],
        added: { count: 0, names: [] },
        ...{ renamed: [], renamedCount: 0, obsolete: [], obsoleteCount: 0, gone: [], goneCount: 0 },
        ...{ changed: 0, same: 0 },
      };
      const seen = new Set<number>();
      const label = nameOf(table);
      const named: { id: number; term: ComparedTerm; to: string }[] = [];
      const old: { id: number; term: ComparedTerm; replacedBy: string | null }[] = [];

      function* one(batch: TermBatch): Steps<void> {
        const known = yield* knownRows(table, batch, 0, batch.count, {});
        const columns = Object.keys(batch.values).filter((column) => column !== label);
        const rows = yield* all(
          `SELECT id, uid, "${label}", source_id${columns.map((c) => `, "${c}"`).join('')} FROM "${table.name}"
           WHERE id IN (SELECT value FROM json_each(?))`,
          [JSON.stringify([...known.values()].map(({ id }) => id))],
        );
        const byId = new Map(rows.map((row) => [Number(row[0]), row]));
        for (let at = 0; at < batch.count; at++) {
          const row = byId.get(known.get(at)?.id ?? -1);
          const id = String(batch.values[key]?.[at] ?? '');
          if (!row) {
            diff.added.count += 1;
            const name = batch.values[label]?.[at];
            if (diff.added.names.length < namesTold) diff.added.names.push(String(name ?? id));
            continue;
          }
          seen.add(Number(row[0]));
          if (!ids.has(Number(row[3]))) continue;
          const version = older.find((one) => one.id === Number(row[3]))?.version;
          if (version !== undefined) versions.add(version);
          const term = { id, name: String(row[2] ?? ''), uid: String(row[1]), artifacts: 0 };
          const to = batch.values[label]?.[at] ?? null;
          const isOld = batch.deprecated[at] === 1;
          if (isOld) old.push({ id: Number(row[0]), term, replacedBy: batch.replacedBy?.[at] ?? null });
          else if (to !== null && to !== row[2]) named.push({ id: Number(row[0]), term, to: String(to) });
          else if (columns.some((column, i) => (batch.values[column]?.[at] ?? null) !== (row[i + 4] ?? null)))
            diff.changed += 1;
          else diff.same += 1;
        }
      }
      for (let batch = await feed.next(() => false); batch; batch = await feed.next(() => false))
        read(one(batch));

      const [term = 'ontology_id'] = keysOf(table);
      const left =
        ids.size === 0
          ? []
          : read(
              all(
                `SELECT id, uid, "${label}", "${term}" FROM "${table.name}"
                 WHERE source_id IN (SELECT value FROM json_each(?)) AND +branch_id <> -1${hidden(table.name, 'id')}`,
                [JSON.stringify([...ids])],
              ),
            ).filter((row) => !seen.has(Number(row[0])));
      const gone = left.map(([id, uid, name, outside]) => ({
        id: Number(id),
        term: { id: String(outside ?? ''), name: String(name ?? ''), uid: String(uid), artifacts: 0 },
      }));
      const all3 = [...named, ...old, ...gone];
      const counts = read(
        artifactCounts(
          model,
          table,
          all3.map(({ id }) => id),
          hidden,
        ),
      );
      for (const { id, term } of all3) term.artifacts = counts.get(id) ?? 0;
      const first = <T extends { term: ComparedTerm }>(list: T[]): T[] =>
        list.sort((a, b) => b.term.artifacts - a.term.artifacts).slice(0, told);
      return {
        ...diff,
        from: [...versions].sort(),
        renamed: first(named).map(({ term, to }) => ({ ...term, to })),
        renamedCount: named.length,
        obsolete: first(old).map(({ term, replacedBy }) => ({ ...term, replacedBy })),
        obsoleteCount: old.length,
        gone: first(gone).map(({ term }) => term),
        goneCount: gone.length,
      };
    },
  };
}
