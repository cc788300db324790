// Many files as one table, before the engine opens any: how they differ, which of them the statement can need at all.
import { LoamError } from '../engine/errors.ts';
import type { Duckdb } from './duckdb.ts';
import { cancelled } from './duckdb-errors.ts';
import { driftOf, driftWords } from './duckdb-drift.ts';
import type { FileFacts } from './duckdb-facts.ts';
import type { GatedStatement } from './duckdb-gate.ts';
import { cannotMatch, needsOf, stillNeeded } from './duckdb-prune.ts';
import {
  annotationTable,
  partitioned,
  registeredName,
  tableOf,
  type AnnotationRows,
} from './duckdb-sources.ts';
import { literal } from './duckdb-tokens.ts';
import { fixFor, type WrittenUse } from './duckdb-uses.ts';
import type { Drift, DuckdbMeter, DuckdbSource, DuckdbSpec } from './duckdb-wire.ts';
import { nextTask } from './serve.ts';
import type { RemoteReader } from '../storage/remote/cache-reader.ts';

/** What a name of the engine's is to people, which content it stands for, and what is known of it. */
export interface RegisteredFile {
  title: string;
  content: string;
  facts: FileFacts | null;
  /** Where it lies elsewhere and is open. */
  far: RemoteReader | null;
  /** Options under which a text gave its facts. */
  readAs?: string;
}

/** Of a statement that is on its way. */
export interface ListRun {
  spec: DuckdbSpec;
  leftOut: DuckdbMeter['leftOut'];
  drift: Drift[];
  abort: AbortController;
}

/** More texts are not compared before they are read: each costs some milliseconds. */
const describedMost = 200;

export function createLists(
  registered: ReadonlyMap<string, RegisteredFile>,
  tell: (run: ListRun, done: number, total: number) => void,
) {
  const knownOf = (source: DuckdbSource, path: string) => registered.get(registeredName(source, path));

  /** Texts have no footer: what their reader makes of them is asked, of so many as nobody minds waiting for. */
  async function describeTexts(run: ListRun, db: Duckdb, use: WrittenUse, sources: readonly DuckdbSource[]) {
    const texts = sources.filter(({ format }) => format !== 'parquet');
    const files = texts.flatMap((source) => source.files.map(({ path }) => ({ source, path })));
    if (files.length > describedMost) return;
    for (const [i, { source, path }] of files.entries()) {
      const known = knownOf(source, path);
      const readAs = use.options.join();
      if (!known || (known.facts && known.readAs === readAs)) continue;
      known.readAs = readAs;
      if (run.abort.signal.aborted) throw cancelled();
      const one = { ...source, files: source.files.filter((file) => file.path === path) };
      const rows = db.texts(`DESCRIBE SELECT * FROM ${tableOf([one], use)}`);
      known.facts = {
        columns: rows.map(([name = '', type = '']) => ({
          name,
          type: type.replace(/^(STRUCT|MAP)\(.*$|^.*(LIST)\[\]$/s, '$1'),
        })),
        spans: new Map(),
      };
      tell(run, i + 1, files.length);
      await nextTask();
    }
  }

  /** Refuses lists whose files do not agree; what they merely miss is told with the rows. */
  async function compare(run: ListRun, db: Duckdb, uses: readonly WrittenUse[]): Promise<void> {
    for (const [i, use] of uses.entries()) {
      const sources = run.spec.sources[i] ?? [];
      const files = sources.flatMap((source) => source.files.map(({ path }) => ({ source, path })));
      if (files.length < 2) continue;
      await describeTexts(run, db, use, sources);
      const known = files.flatMap(({ source, path }) => {
        const { title, facts } = knownOf(source, path) ?? {};
        return title !== undefined && facts ? [{ title, facts }] : [];
      });
      const columns = driftOf(known, new Set(use.types.keys()));
      if (columns.length > 0)
        run.drift.push({ use: i, files: known.length, columns, fix: fixFor(use, columns) });
    }
    const [mixed] = run.drift.flatMap(({ columns }) => columns.filter(({ types }) => types.length > 0));
    if (mixed && run.spec.mixed !== true)
      throw new LoamError(
        'SchemaDrift',
        `These files do not agree, so nothing was run: ${driftWords(mixed)}. Say what to read it as: types = {'${mixed.name.replaceAll("'", "''")}': '${mixed.proposal ?? 'VARCHAR'}'}.`,
        // Details cross as plain values.
        { drift: JSON.stringify(run.drift) },
      );
  }

  /** The sources with those files left away that the statement's own conditions rule out. */
  function needed(
    run: ListRun,
    db: Duckdb,
    { tree, uses }: GatedStatement,
    about: AnnotationRows | null,
  ): DuckdbSource[][] {
    const needs = needsOf(tree, uses);
    return run.spec.sources.map((sources, i) => {
      const need = needs[i];
      const use = uses[i];
      if (!need || !use?.list) return sources;
      const wanted = need.annotations.length > 0 ? matching(db, need.annotations, sources, about) : null;
      const files = sources.flatMap((source) =>
        source.files.map((file) => ({ source, file, facts: knownOf(source, file.path)?.facts ?? null })),
      );
      // Without the footer of each, what a file must still show is not known.
      const all = files.flatMap(({ facts }) => facts ?? []);
      if (all.length < files.length || sources.some(partitioned)) return sources;
      const others = new Set(all.flatMap(({ columns }) => columns.map(({ name }) => name.toLowerCase())));
      const bounds = need.bounds.filter(
        ({ column }) => ![...use.types.keys()].some((name) => name.toLowerCase() === column),
      );
      const chosen = files.filter(({ source }) => wanted?.has(source.uid) ?? true);
      const left = chosen.filter(({ facts }) => facts && !cannotMatch(facts, bounds, others));
      const shown = stillNeeded(
        left.flatMap(({ facts }) => facts ?? []),
        all,
      );
      const kept = new Set(
        files
          .filter((file) => left.includes(file) || (file.facts && shown.has(file.facts)))
          .map(({ file }) => file),
      );
      run.leftOut.byAnnotations += files.filter((one) => !chosen.includes(one) && !kept.has(one.file)).length;
      run.leftOut.byFooters += chosen.filter((one) => !kept.has(one.file)).length;
      return sources
        .map((source) => ({ ...source, files: source.files.filter((file) => kept.has(file)) }))
        .filter((source) => source.files.length > 0);
    });
  }

  /** Artifacts whose annotations meet the conditions; null where the engine has something against them. */
  function matching(
    db: Duckdb,
    conditions: readonly unknown[],
    sources: readonly DuckdbSource[],
    about: AnnotationRows | null,
  ): Set<string> | null {
    const rows = sources.map(({ uid, key }) => `(${literal(uid)}, ${literal(key)})`).join(', ');
    const from = about ? annotationTable(about) : `(VALUES ${rows}) loam_names(artifact_uid, artifact_key)`;
    try {
      const [written] = db.texts(
        `SELECT json_serialize_sql('SELECT artifact_uid FROM loam_about WHERE true')`,
      );
      const statement = JSON.parse(written?.[0] ?? '') as { statements: { node: Record<string, unknown> }[] };
      const node = statement.statements[0]?.node;
      if (!node) return null;
      node['where_clause'] = {
        class: 'CONJUNCTION',
        type: 'CONJUNCTION_AND',
        alias: '',
        children: conditions,
      };
      const [sql] = db.texts(`SELECT json_deserialize_sql(${literal(JSON.stringify(statement))})`);
      const asked = `WITH loam_about AS (SELECT * FROM ${from}) ${sql?.[0] ?? ''}`;
      return new Set(db.texts(asked).map(([uid]) => uid ?? ''));
    } catch {
      return null;
    }
  }

  return { compare, needed };
}
