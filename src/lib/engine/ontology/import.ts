// `import_source` (bionty 2.5.2): the terms of a public source as rows of a registry, with their parents, in one act of
// short slices with progress, cancel and one undo. Rows come while they are written; edits of others commit in between.
import type { EngineContext } from '../context.ts';
import { LoamError } from '../errors.ts';
import type { Supply } from '../jobs.ts';
import type { Table } from '../model/types.ts';
import { labelOf, nameOf } from '../registry/tables.ts';
import { one, type Steps } from '../statement.ts';
import { randomUid } from '../uid.ts';
import { bringBackAll, bringBackOne, indexesOf, setAside } from '../write/bulk-indexes.ts';
import { labelTable, parentsOf, termTable } from './tables.ts';
import { entityOf, olderSources, organismRow, sourceIsHere, sourceRow } from './source-row.ts';
import type { ImportedTerms, SourceName, TermBatch, TermFeed } from './types.ts';
import { createTermWriter, type TermWriter } from './writer.ts';

export interface ImportSpec {
  /** `CellType` or `bionty.CellType`. */
  registry: string;
  source: SourceName;
  /** The column that names a term outside. */
  key: string;
  /** All terms of the source: it is then called imported. */
  whole: boolean;
  /** Names the act, else it is the request's, else a new one. */
  act?: string;
  /** What the act is called. */
  title?: string;
}

/** The batches that have come, in the order of their places; steps are the rows and then the links. */
export function supplyOf(feed: TermFeed) {
  const batches: TermBatch[] = [];
  let loaded = 0;
  let ended = false;
  const supply: Supply = {
    ready: () => (ended ? feed.rows + feed.links : loaded),
    async more(done, cancelled) {
      while (!ended && loaded <= done && !cancelled()) {
        const batch = await feed.next(cancelled);
        if (batch) {
          batches.push(batch);
          loaded = batch.from + batch.count;
        }
        ended = batch === null || loaded >= feed.rows;
      }
    },
  };
  return { supply, batches };
}

export function importPart(context: EngineContext) {
  const { model, read, jobs, random, request, driver } = context;

  async function bring(spec: ImportSpec, feed: TermFeed, renameUsed: boolean | null): Promise<ImportedTerms> {
    const table = termTable(model, spec.registry);
    const act = spec.act ?? request() ?? randomUid(16, random);
    const title = spec.title ?? titleOf(table, spec, feed.rows, renameUsed !== null);
    if (feed.rows === 0)
      throw new LoamError('ValueError', 'No valid records to add! The source holds no terms.', {
        registry: labelOf(table),
      });
    const { supply, batches } = supplyOf(feed);
    let sourceId = 0;
    let terms: TermWriter | null = null;
    /** Where in the batches the rows, and then the links, are being taken from. */
    let current = 0;
    let linking = 0;
    let linksBefore = 0;
    const parents = parentsOf(model, table);
    /** Tables whose indexes are made again at the end, one name for each of them. */
    const aside = isBulk(feed.rows)
      ? [table.name, ...(parents ? [parents.table] : [])]
          .filter((name) => read(isEmpty(name)))
          .flatMap((name) => read(indexesOf(name)).map(() => name))
      : [];
    const written = feed.rows + feed.links;
    const steps = Array.from({ length: written + aside.length }, (_, i) => i);
    let indexes = 0;
    /** One index at a time: each takes as long as a slice may. */
    const ready = () =>
      Math.min(supply.ready(), written) +
      (supply.ready() < written ? 0 : Math.min(aside.length, indexes + 1));
    const applied = await jobs
      .run(
        { uid: act, kind: 'import', title },
        steps,
        function* (tx, part) {
          let from = part[0] ?? 0;
          const to = (part.at(-1) ?? -1) + 1;
          if (!terms) {
            for (const name of new Set(aside)) yield* setAside(name);
            sourceId = yield* sourceRow(tx, table, spec.source);
            const needs = table.column.has('organism_id');
            if (needs && spec.source.organism === 'all')
              throw new LoamError(
                'OrganismNotSet',
                `\`organism\` is required to import ${labelOf(table)} records: say of which organism they are.`,
                { registry: labelOf(table), field: 'organism' },
              );
            const organismId = needs ? (yield* organismRow(tx, spec.source.organism)).id : null;
            const older = renameUsed === null ? [] : yield* olderSources(entityOf(table), spec.source);
            terms = createTermWriter({
              ...{ table, key: spec.key, rows: feed.rows, sourceId, organismId, parents },
              ...(renameUsed === null
                ? {}
                : {
                    upgrade: {
                      older: new Set(older.map(({ id }) => id)),
                      renameUsed,
                      name: nameOf(table),
                      used: labelTable(model, table),
                    },
                  }),
            });
          }
          while (from < to && from < feed.rows) {
            const batch = batches[current] as TermBatch;
            const end = Math.min(to, batch.from + batch.count);
            yield* terms.rows(tx, batch, from - batch.from, end - batch.from);
            from = end;
            if (end !== batch.from + batch.count) continue;
            // Only its links are needed from here on.
            batches[current] = { ...batch, uids: [], values: {} };
            current += 1;
          }
          while (from < to && linking < batches.length) {
            const pairs = (batches[linking] as TermBatch).links;
            const first = from - feed.rows - linksBefore;
            const end = Math.min(first + to - from, pairs.length / 2);
            yield* terms.links(tx, pairs, first, end);
            from += end - first;
            if (end < pairs.length / 2) break;
            linksBefore += end;
            linking += 1;
          }
          for (; from < to && from >= written; from++) {
            yield* bringBackOne(aside[from - written] as string);
            indexes += 1;
          }
          if (to === steps.length && spec.whole) yield* sourceIsHere(tx, sourceId, renameUsed !== null);
        },
        { ...supply, ready },
      )
      .catch((error: unknown) => {
        if (aside.length > 0) bringBackAll(driver);
        throw error;
      });
    const { name, version } = spec.source;
    const row = read(one('SELECT uid FROM bionty_source WHERE id = ?', [sourceId]));
    const done = terms as TermWriter | null;
    return {
      registry: labelOf(table),
      source: { uid: String(row?.[0] ?? ''), name, version },
      added: applied ? (done?.added ?? 0) : 0,
      kept: done?.kept ?? 0,
      updated: done?.updated ?? 0,
      links: done?.linked ?? 0,
      refused: [...(done?.refused ?? [])],
      refusedCount: done?.refusedCount ?? 0,
      act,
    };
  }

  return {
    importTerms: (spec: ImportSpec, feed: TermFeed): Promise<ImportedTerms> => bring(spec, feed, null),
    /** The same, and rows of other versions of the source become those of this one, which is then in use. */
    upgradeTerms: (spec: ImportSpec & { renameUsed: boolean }, feed: TermFeed): Promise<ImportedTerms> =>
      bring(spec, feed, spec.renameUsed),
  };
}

/** Fewer gain nothing; of more one index would take so long that others had to wait. */
const isBulk = (rows: number): boolean => rows >= 5_000 && rows <= 200_000;

function* isEmpty(table: string): Steps<boolean> {
  return (yield* one(`SELECT 1 FROM "${table}" LIMIT 1`)) === undefined;
}

/** "Import 3,523 CellType terms of cl 2026-03-26". */
function titleOf(table: Table, { source, whole }: ImportSpec, rows: number, upgrade: boolean): string {
  const of = table.column.has('organism_id') ? ` ${source.organism}` : '';
  if (upgrade) return `Bring${of} ${labelOf(table)} terms to ${source.name} ${source.version}`;
  return `${whole ? 'Import' : 'Add'} ${rows.toLocaleString('en')}${of} ${labelOf(table)} term${rows === 1 ? '' : 's'} of ${source.name} ${source.version}`;
}
