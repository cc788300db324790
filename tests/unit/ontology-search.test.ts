// Looking terms up in packs that are not imported: by name, synonym, id, begins of words; what is ambiguous stays so.
import { describe, expect, it } from 'vitest';
import { readTerms } from '../../src/lib/formats/ontology/read.ts';
import { mergeHits, termSearch } from '../../src/lib/formats/ontology/search.ts';
import { valueOf } from '../../src/lib/formats/ontology/term-table.ts';
import { oboOf, sourceOf, type TermLines } from './ontology-files.ts';

async function searching(terms: TermLines[], ontology = 'cl') {
  const table = await readTerms(sourceOf(oboOf(ontology, terms)), 'x.obo');
  const search = termSearch(table);
  const names = (text: string, most = 20) =>
    search
      .find(text, most)
      .map(({ row, matched }) => `${valueOf(table, 'name', row)}${matched ? ` (${matched})` : ''}`);
  return { table, search, names };
}
const cells: TermLines[] = [
  { id: 'CL:0000084', name: 'T cell', synonyms: ['T lymphocyte', 'T-lymphocyte'] },
  { id: 'CL:0000624', name: 'CD4-positive, alpha-beta T cell', synonyms: ['CD4+ T cell'] },
  { id: 'CL:0000787', name: 'memory B cell' },
  { id: 'CL:0000236', name: 'B cell', synonyms: ['B lymphocyte'] },
  { id: 'CL:0000542', name: 'lymphocyte' },
  { id: 'CL:0000998', name: 'obsolete T cell of old', obsolete: true },
  { id: 'CL:0000997', name: 'T cell of another age', obsolete: true },
  { id: 'CL:0000000', name: 'cell' },
];

describe('[row 91] a term is found', () => {
  it('by its name first, then by words in it, obsolete ones after their like', async () => {
    const { names } = await searching(cells);
    expect(names('t cell')).toEqual([
      'T cell',
      'T cell of another age',
      'CD4-positive, alpha-beta T cell',
      'obsolete T cell of old',
    ]);
    expect(names('cell')[0]).toBe('cell');
    expect(names('lympho')).toEqual(['lymphocyte', 'T cell (T lymphocyte)', 'B cell (B lymphocyte)']);
  });

  it('by a synonym, which is told', async () => {
    const { names } = await searching(cells);
    expect(names('T lymphocyte')).toEqual(['T cell (T lymphocyte)']);
    expect(names('cd4+ t')).toEqual(['CD4-positive, alpha-beta T cell (CD4+ T cell)']);
  });

  it('by its id, however that is written', async () => {
    const { names } = await searching(cells);
    for (const text of ['CL:0000084', 'cl:0000084', 'CL_0000084', 'cl_0000084', '0000084'])
      expect(names(text)).toEqual(['T cell (CL:0000084)']);
    expect(names('CL:00009')).toEqual([
      'obsolete T cell of old (CL:0000998)',
      'T cell of another age (CL:0000997)',
    ]);
  });

  it('by words in any order', async () => {
    const { names } = await searching(cells);
    expect(names('cell mem')).toEqual(['memory B cell']);
    expect(names('cell unknown')).toEqual([]);
    expect(names('')).toEqual([]);
    expect(names('  ')).toEqual([]);
  });

  it('across packs in one order', async () => {
    const packs = [
      await searching(cells),
      await searching(
        [
          { id: 'GO:1', name: 'cell' },
          { id: 'GO:2', name: 'T cell activation' },
        ],
        'go',
      ),
    ];
    const hits = mergeHits(
      packs.flatMap(({ search }, pack) => search.find('t cell', 20).map((hit) => ({ ...hit, pack }))),
      3,
    );
    expect(hits.map(({ pack, row }) => valueOf(packs[pack]!.table, 'name', row))).toEqual([
      'T cell',
      'T cell activation',
      'T cell of another age',
    ]);
  });

  // How long it takes is the benchmark's to tell.
  it('among two hundred thousand', async () => {
    const many = Array.from({ length: 200_000 }, (_, i) => ({
      id: `CL:${i}`,
      name: `cell type ${i % 977} of layer ${i}`,
      synonyms: [`kind ${i}`],
    }));
    const { names } = await searching(many);
    for (const text of ['cell', 'c', 'layer 1999', 'kind 77777', 'of cell', 'CL:4711', '1']) {
      expect(names(text).length, text).toBeGreaterThan(0);
    }
  }, 120_000);
});

describe('[row 93] a name that several terms have', () => {
  it('is given as several, never as one of them', async () => {
    const { search } = await searching(
      [
        { id: 'X:1', name: 'CD1', synonyms: ['R4'] },
        { id: 'X:2', name: 'CD2', synonyms: ['cd1'] },
        { id: 'X:3', name: 'CD10' },
      ],
      'x',
    );
    expect(search.exactly('CD1').map(({ row }) => row)).toEqual([0, 1]);
    expect(search.exactly('r4').map(({ row }) => row)).toEqual([0]);
    expect(search.exactly('CD')).toEqual([]);
  });
});
