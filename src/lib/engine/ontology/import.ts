// `import_source` (bionty 2.5.2): the terms of a public source as rows of a registry, with their parents, in one act of
// short slices with progress, cancel and one undo. Rows come while they are written; edits of others commit in between.
import type { EngineContext } from '../context.ts';
import { LoamError } from '../errors.ts';
import type { Supply } from '../jobs.ts';
import type { Model, Table } from '../model/types.ts';
import { labelOf, registryOf } from '../registry/tables.ts';
import { one } from '../statement.ts';
import { randomUid } from '../uid.ts';
import { organismRow, sourceIsHere, sourceRow } from './source-row.ts';
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

/** A registry whose rows come from public sources; refuses any other. */
export function termTable(model: Model, registry: string): Table {
  const table = registryOf(model, registry);
  const isTerms =
    table.column.has('source_id') && table.column.get('source_id')?.references?.table === 'bionty_source';
  if (isTerms && table.family === 'registry') return table;
  throw new LoamError(
    'InvalidArgument',
    `${labelOf(table)} takes no terms of an ontology. Registries that do: ${termRegistries(model).join(', ')}.`,
    { registry: labelOf(table) },
  );
}

export const termRegistries = (model: Model): string[] =>
  [...model.registry].flatMap(([name, table]) =>
    table.family === 'registry' && table.column.get('source_id')?.references?.table === 'bionty_source'
      ? [name]
      : [],
  );

/** The table that says what is above what, and its two ends; null for genes, proteins and markers. */
export function parentsOf(
  model: Model,
  table: Table,
): { table: string; child: string; parent: string } | null {
  const own = table.name.replace(`${table.module}_`, '');
  const name = `${table.name}_parents`;
  return model.tables.has(name) ? { table: name, child: `from_${own}_id`, parent: `to_${own}_id` } : null;
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
  const { model, read, jobs, random, request, writer } = context;

  return {
    async importTerms(spec: ImportSpec, feed: TermFeed): Promise<ImportedTerms> {
      const table = termTable(model, spec.registry);
      const act = spec.act ?? request() ?? randomUid(16, random);
      const title = spec.title ?? titleOf(table, spec, feed.rows);
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
      const steps = Array.from({ length: feed.rows + feed.links }, (_, i) => i);
      const applied = await jobs.run(
        { uid: act, kind: 'import', title },
        steps,
        function* (tx, part) {
          let from = part[0] ?? 0;
          const to = (part.at(-1) ?? -1) + 1;
          if (!terms) {
            sourceId = yield* sourceRow(tx, table, spec.source);
            const needs = table.column.has('organism_id');
            if (needs && spec.source.organism === 'all')
              throw new LoamError(
                'OrganismNotSet',
                `\`organism\` is required to import ${labelOf(table)} records: say of which organism they are.`,
                { registry: labelOf(table), field: 'organism' },
              );
            const organismId = needs ? (yield* organismRow(tx, spec.source.organism)).id : null;
            const parents = parentsOf(model, table);
            terms = createTermWriter({
              table,
              key: spec.key,
              rows: feed.rows,
              sourceId,
              organismId,
              parents,
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
          if (to === steps.length && spec.whole) yield* sourceIsHere(tx, sourceId);
        },
        supply,
      );
      const { name, version } = spec.source;
      const row = read(one('SELECT uid FROM bionty_source WHERE id = ?', [sourceId]));
      const done = terms as TermWriter | null;
      return {
        registry: labelOf(table),
        source: { uid: String(row?.[0] ?? ''), name, version },
        added: applied ? (done?.added ?? 0) : 0,
        kept: done?.kept ?? 0,
        updated: 0,
        links: done?.linked ?? 0,
        refused: [...(done?.refused ?? [])],
        refusedCount: done?.refusedCount ?? 0,
        act,
      };
    },
  };
}

/** "Import 3,523 CellType terms of cl 2026-03-26". */
function titleOf(table: Table, { source }: ImportSpec, rows: number): string {
  const of = table.column.has('organism_id') ? ` ${source.organism}` : '';
  return `Import ${rows.toLocaleString('en')}${of} ${labelOf(table)} term${rows === 1 ? '' : 's'} of ${source.name} ${source.version}`;
}
