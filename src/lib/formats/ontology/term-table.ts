// The terms of one source by column, whatever file they came from: texts in buffers, parents as row numbers. What makes
// it checks ids and parents and tells what it found; what cannot be kept is left out of it.
import { collectFindings, type Findings, type FindingsBuilder } from './findings.ts';
import {
  textAt,
  textColumn,
  textIndex,
  type TextColumn,
  type TextColumnBuilder,
  type TextIndex,
} from './text-column.ts';

/** What a file says of its terms as a whole. All of it may be missing in a file and given by whoever opens it. */
export interface PackFacts {
  /** bionty's registry: `bionty.CellType`. */
  entity: string | null;
  source: string | null;
  version: string | null;
  organism: string | null;
  licence: string | null;
}

export const noFacts: PackFacts = {
  entity: null,
  source: null,
  version: null,
  organism: null,
  licence: null,
};

export interface TermTable {
  facts: PackFacts;
  /** Rows. */
  count: number;
  /** The column that names a row outside: ontology_id, ensembl_gene_id, uniprotkb_id, or name. */
  key: string;
  /** The column that people read: name, or a gene's symbol. */
  name: string;
  columns: ReadonlyMap<string, TextColumn>;
  /** Parents of row i: `parents[parentStarts[i] … parentStarts[i + 1])`, as rows. */
  parentStarts: Uint32Array;
  parents: Uint32Array;
  /** 1 for a term that is no longer to be used; empty where nothing says so. */
  deprecated: Uint8Array;
  /** Rows that repeat the key of an earlier one and are not taken. */
  repeated: readonly number[];
  findings: Findings;
}

/** bionty's id column by registry. */
const keys: Readonly<Record<string, string>> = {
  Gene: 'ensembl_gene_id',
  Protein: 'uniprotkb_id',
  CellMarker: 'name',
};
export const keyOf = (entity: string | null): string => keys[className(entity)] ?? 'ontology_id';
export const nameColumnOf = (entity: string | null): string =>
  className(entity) === 'Gene' ? 'symbol' : 'name';
export const className = (entity: string | null): string => (entity ?? '').split('.').pop() ?? '';

/** One term as the readers of text give it. */
export interface RawTerm {
  id: string | null;
  name: string | null;
  synonyms: string[];
  description: string | null;
  parents: string[];
  deprecated: boolean;
  replacedBy: string | null;
}

export interface TableBuilder {
  readonly findings: FindingsBuilder;
  readonly count: number;
  /** `place` is what `places` puts in words: a line, a row. */
  term(term: RawTerm, place: number): void;
  /** For tables, which come column by column: the texts of each column, and then of each row the rest. */
  readonly texts: ReadonlyMap<string, TextColumnBuilder>;
  rest(parents: readonly string[], deprecated: boolean, place: number): void;
  finish(facts: PackFacts): TermTable;
}

export interface BuilderOptions {
  columns: readonly string[];
  key: string;
  name: string;
  /** A place in words. */
  places: (place: number) => string;
  expected?: number;
  /** Ids that a file defines and that are not taken: a parent among them is no mistake of the file. */
  known?: ReadonlySet<string>;
}

export const termColumns = ['ontology_id', 'name', 'abbr', 'synonyms', 'description', 'replaced_by'] as const;

export function tableBuilder(options: BuilderOptions): TableBuilder {
  const { key, name, places, expected = 1024, known } = options;
  const findings = collectFindings();
  const columns = new Map(options.columns.map((column) => [column, textColumn(expected)]));
  const parentTexts = textColumn(expected);
  const parentStarts: number[] = [0];
  const placeOf: number[] = [];
  const flags: number[] = [];

  const builder: TableBuilder = {
    findings,
    get count() {
      return placeOf.length;
    },
    texts: columns,
    term({ id, name: called, synonyms, description, parents, deprecated, replacedBy }, place) {
      const texts = { name: called, synonyms: synonyms.join('|'), description, replaced_by: replacedBy };
      const values: Record<string, string | null> = { ...texts, ontology_id: id };
      for (const [column, builder] of columns) builder.push(values[column]);
      builder.rest(parents, deprecated, place);
    },
    rest(parents, deprecated, place) {
      for (const parent of parents) parentTexts.push(parent);
      parentStarts.push(parentTexts.count);
      placeOf.push(place);
      flags.push(deprecated ? 1 : 0);
    },
    finish(facts) {
      const finished = new Map([...columns].map(([column, texts]) => [column, texts.finish()]));
      const ids = finished.get(key);
      if (!ids) throw new Error(`there is no column ${key}`);
      const index = textIndex(ids);
      for (const row of index.repeated) {
        const id = textAt(ids, row);
        findings.add({
          kind: 'duplicate id',
          place: places(placeOf[row] ?? 0),
          term: id,
          message: `${id} is there already, at ${places(placeOf[index.find(id ?? '')] ?? 0)}.`,
        });
      }
      const links = resolve(parentTexts.finish(), parentStarts, ids, index, (row, parent) => {
        if (known?.has(parent)) return;
        const id = textAt(ids, row);
        findings.add({
          kind: 'dangling parent',
          place: places(placeOf[row] ?? 0),
          term: id,
          message: `${id ?? 'A term'} names ${parent} as its parent, which is not in the file.`,
        });
      });
      const open = withoutCycles(placeOf.length, links, (row, parent) => {
        const [id, other] = [textAt(ids, row), textAt(ids, parent)];
        findings.add({
          kind: 'cycle',
          place: places(placeOf[row] ?? 0),
          term: id,
          message:
            row === parent
              ? `${id} is its own parent.`
              : `${id} is below ${other}, and ${other} is below ${id}.`,
        });
      });
      const { list, counts, total } = findings;
      return {
        facts,
        count: placeOf.length,
        key,
        name,
        columns: finished,
        ...open,
        deprecated: flags.includes(1) ? Uint8Array.from(flags) : new Uint8Array(0),
        repeated: index.repeated,
        findings: { list, counts, total },
      };
    },
  };
  return builder;
}

interface Links {
  parentStarts: Uint32Array;
  parents: Uint32Array;
}

/** Parents by id to parents by row; those that no row has are told and left out, as is a parent that is named twice. */
function resolve(
  texts: TextColumn,
  starts: readonly number[],
  ids: TextColumn,
  index: TextIndex,
  dangling: (row: number, parent: string) => void,
): Links {
  const count = starts.length - 1;
  const parentStarts = new Uint32Array(count + 1);
  const parents = new Uint32Array(texts.starts.length - 1);
  let at = 0;
  for (let row = 0; row < count; row++) {
    const from = at;
    for (let i = starts[row] as number; i < (starts[row + 1] as number); i++) {
      const parent = textAt(texts, i);
      if (parent === null) continue;
      const found = index.find(parent);
      if (found < 0) dangling(row, parent);
      else if (!parents.subarray(from, at).includes(found)) parents[at++] = found;
    }
    parentStarts[row + 1] = at;
  }
  return { parentStarts, parents: parents.slice(0, at) };
}

/** Leaves out each link that closes a circle. Walks from every row upwards, without recursion: trees may be deep. */
function withoutCycles(count: number, links: Links, cycle: (row: number, parent: number) => void): Links {
  const { parentStarts, parents } = links;
  /** 0 not seen, 1 on the way, 2 done. */
  const state = new Uint8Array(count);
  const next = parentStarts.slice(0, count);
  const closing = new Set<number>();
  for (let root = 0; root < count; root++) {
    if (state[root] !== 0) continue;
    const way = [root];
    state[root] = 1;
    while (way.length > 0) {
      const row = way[way.length - 1] as number;
      const at = next[row] as number;
      if (at === parentStarts[row + 1]) {
        state[row] = 2;
        way.pop();
        continue;
      }
      next[row] = at + 1;
      const parent = parents[at] as number;
      if (state[parent] === 1) {
        closing.add(at);
        cycle(row, parent);
      } else if (state[parent] === 0) {
        state[parent] = 1;
        way.push(parent);
      }
    }
  }
  if (closing.size === 0) return links;
  const kept = new Uint32Array(parents.length - closing.size);
  const starts = new Uint32Array(count + 1);
  let to = 0;
  for (let row = 0; row < count; row++) {
    for (let at = parentStarts[row] as number; at < (parentStarts[row + 1] as number); at++)
      if (!closing.has(at)) kept[to++] = parents[at] as number;
    starts[row + 1] = to;
  }
  return { parentStarts: starts, parents: kept };
}

export const parentsOf = (table: TermTable, row: number): Uint32Array =>
  table.parents.subarray(table.parentStarts[row], table.parentStarts[row + 1]);

/** A text of a row; null where the table has no such column. */
export function valueOf(table: TermTable, column: string, row: number): string | null {
  const texts = table.columns.get(column);
  return texts ? textAt(texts, row) : null;
}

/** The table as what writes terms into a registry takes it. */
export const termRows = (table: TermTable) => ({
  count: table.count,
  key: table.key,
  has: (column: string): boolean => table.columns.has(column),
  value: (column: string, row: number): string | null => valueOf(table, column, row),
  parents: (row: number): Uint32Array => parentsOf(table, row),
  isDeprecated: (row: number): boolean => table.deprecated[row] === 1,
  repeated: table.repeated,
});
