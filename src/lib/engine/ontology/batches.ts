// Rows of a pack as batches of table columns, with the uids that bionty 2.5.2 gives them. Runs where the pack is, away from
// the connection: a million uids take seconds.
import type { Table } from '../model/types.ts';
import { labelOf } from '../registry/tables.ts';
import { ontologyUid } from '../uid.ts';
import type { TermBatch, TermFeed, TermRows } from './types.ts';

/** Columns that a pack may fill; the rest follows from the act (source, organism, branch, times). */
const filled = new Set([
  ...['name', 'ontology_id', 'abbr', 'synonyms', 'description', 'scientific_name'],
  ...['symbol', 'stable_id', 'ensembl_gene_id', 'ncbi_gene_ids', 'biotype'],
  ...['uniprotkb_id', 'length', 'gene_symbol', 'ensembl_gene_ids', 'ncbi_gene_id'],
]);

export const batchRows = 4000;

export interface BatchSpec {
  table: Table;
  /** Name of the organism, for uids of rows that have no id of their own. */
  organism: string;
  /** Rows to take, ascending; null takes all. */
  rows: readonly number[] | null;
}

export interface Batches {
  rows: number;
  links: number;
  /** The batch whose first row is the one at this place. */
  at(from: number): TermBatch | null;
}

export function batchesOf(terms: TermRows, { table, organism, rows }: BatchSpec): Batches {
  const taken = rows ?? (terms.repeated.length > 0 ? withoutRepeated(terms) : null);
  const count = taken?.length ?? terms.count;
  /** Place of a row among those taken, plus one; 0 for others. */
  const placeOf = taken ? new Uint32Array(terms.count) : null;
  if (placeOf && taken) for (const [place, row] of taken.entries()) placeOf[row] = place + 1;
  const columns = table.columns.filter(({ name }) => filled.has(name) && terms.has(name));
  const rowAt = (place: number) => taken?.[place] ?? place;
  const uidText = uidTextOf(terms, table, organism);

  function linksOf(place: number, each: (parent: number) => void): void {
    const parents = terms.parents(rowAt(place));
    // LaminDB gives no parents to what calls itself obsolete.
    if (parents.length === 0 || terms.value('name', rowAt(place))?.startsWith('obsolete')) return;
    for (let i = 0; i < parents.length; i++) {
      const parent = parents[i] as number;
      const to = placeOf ? (placeOf[parent] as number) - 1 : parent;
      if (to >= 0) each(to);
    }
  }
  let links = 0;
  for (let place = 0; place < count; place++) linksOf(place, () => (links += 1));

  return {
    rows: count,
    links,
    at(from) {
      const size = Math.min(batchRows, count - from);
      if (size <= 0) return null;
      const values: TermBatch['values'] = {};
      for (const { name, type } of columns) {
        const whole = type === 'bigint' || type === 'integer';
        const column = Array.from({ length: size }, (_, i) => {
          const text = terms.value(name, rowAt(from + i));
          return whole && text !== null ? Math.trunc(Number(text)) || null : text;
        });
        // A column without any value is none, and costs nothing in the log.
        if (column.some((value) => value !== null)) values[name] = column;
      }
      const pairs: number[] = [];
      const deprecated = new Uint8Array(size);
      for (let i = 0; i < size; i++) {
        if (terms.isDeprecated(rowAt(from + i))) deprecated[i] = 1;
        linksOf(from + i, (parent) => pairs.push(from + i, parent));
      }
      return {
        from,
        count: size,
        uids: Array.from({ length: size }, (_, i) => ontologyUid(uidText(rowAt(from + i)), table.uidLength)),
        values,
        links: Uint32Array.from(pairs),
        deprecated: deprecated.includes(1) ? deprecated : new Uint8Array(0),
        replacedBy: terms.has('replaced_by')
          ? Array.from({ length: size }, (_, i) => terms.value('replaced_by', rowAt(from + i)))
          : null,
      };
    },
  };
}

function withoutRepeated(terms: TermRows): number[] {
  const repeated = new Set(terms.repeated);
  return Array.from({ length: terms.count }, (_, row) => row).filter((row) => !repeated.has(row));
}

/** The text that bionty hashes: the id, of a gene the stable id where it has no other, else name and organism. */
function uidTextOf(terms: TermRows, table: Table, organism: string): (row: number) => string {
  const label = labelOf(table);
  const ids =
    label === 'Gene'
      ? ['ensembl_gene_id', 'stable_id']
      : label === 'Protein'
        ? ['uniprotkb_id']
        : label === 'CellMarker'
          ? []
          : ['ontology_id'];
  const name = label === 'Gene' ? 'symbol' : 'name';
  const own = ids.filter((column) => terms.has(column));
  const of = table.column.has('organism_id') ? organism : '';
  return (row) => {
    for (const column of own) {
      const id = terms.value(column, row);
      if (id !== null) return id;
    }
    return `${terms.value(name, row) ?? ''}${of}`;
  };
}

/** A row with all that is above it, ascending: a term comes with its ancestors, as bionty's `save` brings them. */
export function withAncestors(terms: TermRows, rows: readonly number[]): number[] {
  const found = new Set(rows);
  const way = [...rows];
  for (let row = way.pop(); row !== undefined; row = way.pop()) {
    const parents = terms.parents(row);
    for (let i = 0; i < parents.length; i++) {
      const parent = parents[i] as number;
      if (!found.has(parent)) {
        found.add(parent);
        way.push(parent);
      }
    }
  }
  return [...found].sort((a, b) => a - b);
}

/** Batches of the same thread, one after the other. */
export function feedOf(batches: Batches): TermFeed {
  let at = 0;
  return {
    rows: batches.rows,
    links: batches.links,
    async next() {
      const batch = batches.at(at);
      at += batch?.count ?? 0;
      return batch;
    },
  };
}
