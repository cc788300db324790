// Packs that are looked into without being imported: read when they are first asked for, searched together. What is still
// being read is told, so that an answer does not wait for a million taxa.
import type { PackTermDetail, PackTermHit } from '../../engine/ports.ts';
import { obsolete, mergeHits, termSearch, type TermHit, type TermSearch } from './search.ts';
import { parentsOf, valueOf, type TermTable } from './term-table.ts';

type TermLink = PackTermDetail['parents'][number];

export interface PackHits {
  hits: PackTermHit[];
  /** Packs that are not read yet; asked again they answer too. */
  loading: string[];
  /** Packs that cannot be read, in words. */
  problems: string[];
}

export interface PackShelf {
  find(text: string, packs: readonly string[], most: number, exact: boolean): PackHits;
  /** The same, once all of them are read. */
  findAll(text: string, packs: readonly string[], most: number, exact: boolean): Promise<PackHits>;
  term(pack: string, id: string): Promise<PackTermDetail | null>;
  /** Terms without parents, and their number. */
  roots(pack: string, most: number): Promise<{ terms: TermLink[]; count: number }>;
  table(pack: string): Promise<TermTable>;
}

interface Open {
  table: TermTable;
  search: TermSearch;
  children: { starts: Uint32Array; rows: Uint32Array } | null;
}

const childrenTold = 100;
const columnsTold = [
  'ncbi_gene_ids',
  'biotype',
  'gene_symbol',
  'uniprotkb_id',
  'ncbi_gene_id',
  'scientific_name',
  'ensembl_gene_ids',
];

export function createShelf(read: (pack: string) => Promise<TermTable>): PackShelf {
  const opening = new Map<string, Promise<Open>>();
  const opened = new Map<string, Open>();
  const failed = new Map<string, string>();

  function open(pack: string): Promise<Open> {
    const known = opening.get(pack);
    if (known) return known;
    const made = read(pack).then(
      (table) => {
        const one: Open = { table, search: termSearch(table), children: null };
        opened.set(pack, one);
        failed.delete(pack);
        return one;
      },
      (error: unknown) => {
        // It may be there at the next try.
        opening.delete(pack);
        failed.set(pack, error instanceof Error ? error.message : String(error));
        throw error;
      },
    );
    opening.set(pack, made);
    return made;
  }
  const idOf = ({ table }: Open, row: number) => valueOf(table, table.key, row) ?? '';
  const nameOf = ({ table }: Open, row: number) =>
    valueOf(table, table.name, row) ?? idOf({ table } as Open, row);
  const link = (one: Open, row: number): TermLink => ({ id: idOf(one, row), name: nameOf(one, row) });

  function hitOf(pack: string, one: Open, { row, matched, rank }: TermHit): PackTermHit {
    const { table, search } = one;
    const replaced = valueOf(table, 'replaced_by', row);
    const other = replaced === null ? -1 : search.ids.find(replaced);
    const name = nameOf(one, row);
    return {
      pack,
      id: idOf(one, row),
      name,
      matched,
      rank,
      description: valueOf(table, 'description', row),
      deprecated: table.deprecated[row] === 1 || obsolete(name),
      replacedBy: replaced === null ? null : { id: replaced, name: other < 0 ? null : nameOf(one, other) },
    };
  }

  function find(text: string, packs: readonly string[], most: number, exact: boolean): PackHits {
    const hits: (TermHit & { pack: number })[] = [];
    const loading: string[] = [];
    for (const [i, pack] of packs.entries()) {
      const one = opened.get(pack);
      if (!one) {
        if (!failed.has(pack)) loading.push(pack);
        open(pack).catch(() => {}); // told as a problem of the next answer
        continue;
      }
      const found = exact ? one.search.exactly(text) : one.search.find(text, most);
      for (const hit of found) hits.push({ ...hit, pack: i });
    }
    return {
      hits: mergeHits(hits, most).map((hit) => {
        const pack = packs[hit.pack] as string;
        return hitOf(pack, opened.get(pack) as Open, hit);
      }),
      loading,
      problems: packs.flatMap((pack) => (failed.has(pack) ? [failed.get(pack) as string] : [])),
    };
  }

  function childrenOf(one: Open, row: number): Uint32Array {
    one.children ??= turnedAround(one.table);
    return one.children.rows.subarray(one.children.starts[row], one.children.starts[row + 1]);
  }

  return {
    find,
    async findAll(text, packs, most, exact) {
      await Promise.all(packs.map((pack) => open(pack).catch(() => null)));
      return find(text, packs, most, exact);
    },
    async term(pack, id) {
      const one = await open(pack);
      const { table } = one;
      const row = one.search.ids.find(id);
      if (row < 0) return null;
      const path: TermLink[] = [];
      for (let at = parentsOf(table, row)[0]; at !== undefined; at = parentsOf(table, at)[0])
        path.unshift(link(one, at));
      const children = [...childrenOf(one, row)];
      return {
        ...hitOf(pack, one, { row, matched: null, rank: 0, length: 0 }),
        synonyms: valueOf(table, 'synonyms', row)?.split('|') ?? [],
        path,
        parents: [...parentsOf(table, row)].map((parent) => link(one, parent)),
        children: sorted(children.slice(0, 2000).map((child) => link(one, child))).slice(0, childrenTold),
        childCount: children.length,
        more: Object.fromEntries(
          columnsTold.flatMap((column) => {
            const value = valueOf(table, column, row);
            return value === null ? [] : [[column, value]];
          }),
        ),
      };
    },
    async roots(pack, most) {
      const one = await open(pack);
      const { table } = one;
      const rows: number[] = [];
      let count = 0;
      for (let row = 0; row < table.count; row++) {
        if (
          parentsOf(table, row).length > 0 ||
          table.deprecated[row] === 1 ||
          childrenOf(one, row).length === 0
        )
          continue;
        count += 1;
        if (rows.length < most) rows.push(row);
      }
      return { terms: sorted(rows.map((row) => link(one, row))), count };
    },
    table: async (pack) => (await open(pack)).table,
  };
}

const sorted = (links: TermLink[]): TermLink[] => links.sort((a, b) => (a.name < b.name ? -1 : 1));

/** Children by row, from parents by row. */
function turnedAround({ count, parents, parentStarts }: TermTable): {
  starts: Uint32Array;
  rows: Uint32Array;
} {
  const starts = new Uint32Array(count + 1);
  for (const parent of parents) starts[parent + 1] = (starts[parent + 1] as number) + 1;
  for (let row = 0; row < count; row++)
    starts[row + 1] = (starts[row + 1] as number) + (starts[row] as number);
  const next = starts.slice();
  const rows = new Uint32Array(parents.length);
  for (let row = 0; row < count; row++)
    for (let at = parentStarts[row] as number; at < (parentStarts[row + 1] as number); at++) {
      const parent = parents[at] as number;
      rows[next[parent] as number] = row;
      next[parent] = (next[parent] as number) + 1;
    }
  return { starts, rows };
}
