// Many files as one table, before the engine opens any: how they differ, which of them the statement can need at all.
import { LoamError } from '../engine/errors.ts';
import { driftOf, driftWords } from './drift.ts';
import type { FileFacts } from './facts.ts';
import type { GatedStatement } from './gate.ts';
import { cannotMatch, needsOf, stillNeeded, type Needs } from './prune.ts';
import { annotationTable, partitioned, registeredName, tableOf, type AnnotationRows } from './sources.ts';
import { literal, type Asks } from './tokens.ts';
import { fixFor, type WrittenUse } from './uses.ts';
import type { Drift, LeftOut, StatementSource } from './types.ts';

/** What a name of the engine's is to people, and what is known of it. */
export interface KnownFile {
  title: string;
  facts: FileFacts | null;
  /** Options under which a text gave its facts. */
  readAs?: string;
}

/** Of a statement that is on its way. */
export interface ListRun {
  spec: {
    sources: StatementSource[][];
    /** Columns of several kinds are read as texts. */
    mixed?: boolean;
  };
  leftOut: LeftOut;
  drift: Drift[];
}

/** More texts are not compared before they are read: each costs some milliseconds. */
const describedMost = 200;

/**
 * `tell` is told of each text that was looked at; what it throws ends the statement. `root` is what registered names have
 * before them for the engine.
 */
export function createLists<R extends ListRun>(
  registered: ReadonlyMap<string, KnownFile>,
  tell: (run: R, done: number, total: number) => void | Promise<void>,
  root = '',
) {
  const knownOf = (source: StatementSource, path: string) => registered.get(registeredName(source, path));

  /** Texts have no footer: what their reader makes of them is asked, of so many as nobody minds waiting for. */
  async function describeTexts(run: R, db: Asks, use: WrittenUse, sources: readonly StatementSource[]) {
    const texts = sources.filter(({ format }) => format !== 'parquet');
    const files = texts.flatMap((source) => source.files.map(({ path }) => ({ source, path })));
    if (files.length > describedMost) return;
    for (const [i, { source, path }] of files.entries()) {
      const known = knownOf(source, path);
      const readAs = use.options.join();
      if (!known || (known.facts && known.readAs === readAs)) continue;
      known.readAs = readAs;
      const one = { ...source, files: source.files.filter((file) => file.path === path) };
      const rows = await db.texts(`DESCRIBE SELECT * FROM ${tableOf([one], use, { root })}`);
      known.facts = {
        columns: rows.map(([name = '', type = '']) => ({
          name,
          type: type.replace(/^(STRUCT|MAP)\(.*$|^.*(LIST)\[\]$/s, '$1'),
        })),
        spans: new Map(),
        leftOut: [],
      };
      await tell(run, i + 1, files.length);
    }
  }

  /** Refuses lists whose files do not agree; what they merely miss is told with the rows. */
  async function compare(
    run: R,
    db: Asks,
    { uses, back }: Pick<GatedStatement, 'uses' | 'back'>,
  ): Promise<void> {
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
      const fix = fixFor(use, columns);
      const placed = fix && { ...fix, from: back(fix.from), to: back(fix.to) };
      if (columns.length > 0) run.drift.push({ use: i, files: known.length, columns, fix: placed });
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
  async function needed(
    run: R,
    db: Asks,
    { tree, uses }: GatedStatement,
    about: AnnotationRows | null,
  ): Promise<StatementSource[][]> {
    const needs = needsOf(tree, uses);
    const left: StatementSource[][] = [];
    for (const [i, sources] of run.spec.sources.entries())
      left.push(await neededOf(run, db, sources, needs[i] ?? null, uses[i], about));
    return left;
  }

  async function neededOf(
    run: R,
    db: Asks,
    sources: StatementSource[],
    need: Needs | null,
    use: WrittenUse | undefined,
    about: AnnotationRows | null,
  ): Promise<StatementSource[]> {
    if (!need || !use?.list) return sources;
    const wanted = need.annotations.length > 0 ? await matching(db, need.annotations, sources, about) : null;
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
  }

  /** Artifacts whose annotations meet the conditions; null where the engine has something against them. */
  async function matching(
    db: Asks,
    conditions: readonly unknown[],
    sources: readonly StatementSource[],
    about: AnnotationRows | null,
  ): Promise<Set<string> | null> {
    const rows = sources.map(({ uid, key }) => `(${literal(uid)}, ${literal(key)})`).join(', ');
    const from = about ? annotationTable(about) : `(VALUES ${rows}) loam_names(artifact_uid, artifact_key)`;
    try {
      const [written] = await db.texts(
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
      const [sql] = await db.texts(`SELECT json_deserialize_sql(${literal(JSON.stringify(statement))})`);
      const asked = `WITH loam_about AS (SELECT * FROM ${from}) ${sql?.[0] ?? ''}`;
      return new Set((await db.texts(asked)).map(([uid]) => uid ?? ''));
    } catch {
      return null;
    }
  }

  return { compare, needed };
}
