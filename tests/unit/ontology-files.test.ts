// Ontologies as files: OBO, OBO graphs, OWL as JSON, parquet give the same terms; what is wrong with one is told with its
// place, and nothing but that is left out.
import { gzipSync } from 'node:zlib';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import { isLoamError } from '../../src/lib/engine/errors.ts';
import { BASE62, encodeBytes } from '../../src/lib/engine/base62.ts';
import { findingWords } from '../../src/lib/formats/ontology/findings.ts';
import { readTerms } from '../../src/lib/formats/ontology/read.ts';
import { parentsOf, valueOf, type TermTable } from '../../src/lib/formats/ontology/term-table.ts';
import { textAt, textColumn, textIndex } from '../../src/lib/formats/ontology/text-column.ts';
import { oboOf, sourceOf, type TermLines } from './ontology-files.ts';

const terms: TermLines[] = [
  {
    id: 'CL:0000000',
    name: 'cell',
    def: 'A \\"thing\\" with\\na membrane.',
    synonyms: ['cellula'],
    related: ['unit'],
  },
  { id: 'CL:0000542', name: 'lymphocyte', parents: ['CL:0000000'] },
  {
    id: 'CL:0000084',
    name: 'T cell',
    parents: ['CL:0000542'],
    partOf: ['CL:0000000'],
    synonyms: ['T lymphocyte', 'T-zelle ß'],
  },
  { id: 'CL:0000999', name: 'obsolete T', obsolete: true, replacedBy: 'CL:0000084' },
  { id: 'UBERON:0000001', name: 'of another' },
];
const read = (content: string | Uint8Array, name = 'cl.obo', entity = 'bionty.CellType') =>
  readTerms(sourceOf(content), name, { facts: { entity } });
const told = (table: TermTable) =>
  Array.from({ length: table.count }, (_, row) => ({
    id: valueOf(table, 'ontology_id', row),
    name: valueOf(table, 'name', row),
    synonyms: valueOf(table, 'synonyms', row),
    description: valueOf(table, 'description', row),
    parents: [...parentsOf(table, row)].map((parent) => valueOf(table, 'ontology_id', parent)),
    deprecated: table.deprecated[row] === 1,
    replacedBy: valueOf(table, 'replaced_by', row),
  }));
const expected = [
  {
    id: 'CL:0000000',
    name: 'cell',
    synonyms: 'cellula',
    description: 'A "thing" with\na membrane.',
    parents: [],
    deprecated: false,
    replacedBy: null,
  },
  {
    id: 'CL:0000542',
    name: 'lymphocyte',
    synonyms: null,
    description: null,
    parents: ['CL:0000000'],
    deprecated: false,
    replacedBy: null,
  },
  {
    id: 'CL:0000084',
    name: 'T cell',
    synonyms: 'T lymphocyte|T-zelle ß',
    description: null,
    parents: ['CL:0000542'],
    deprecated: false,
    replacedBy: null,
  },
  {
    id: 'CL:0000999',
    name: 'obsolete T',
    synonyms: null,
    description: null,
    parents: [],
    deprecated: true,
    replacedBy: 'CL:0000084',
  },
];
const purl = (id: string) => `http://purl.obolibrary.org/obo/${id.replace(':', '_')}`;
const plain = (text: string) => text.replaceAll('\\"', '"').replaceAll('\\n', '\n');
const graphs = () => ({
  graphs: [
    {
      id: 'http://purl.obolibrary.org/obo/cl.owl',
      meta: { version: 'http://purl.obolibrary.org/obo/cl/releases/2099-01-01/cl.owl' },
      nodes: terms.map(({ id, name, def, synonyms = [], related = [], obsolete, replacedBy }) => ({
        id: purl(id),
        lbl: name,
        type: 'CLASS',
        meta: {
          ...(def ? { definition: { val: plain(def) } } : {}),
          synonyms: [
            ...synonyms.map((val) => ({ pred: 'hasExactSynonym', val })),
            ...related.map((val) => ({ pred: 'hasRelatedSynonym', val })),
          ],
          ...(obsolete ? { deprecated: true } : {}),
          basicPropertyValues: replacedBy ? [{ pred: purl('IAO:0100001'), val: purl(replacedBy) }] : [],
        },
      })),
      edges: terms.flatMap(({ id, parents = [], partOf = [] }) => [
        ...parents.map((parent) => ({ sub: purl(id), pred: 'is_a', obj: purl(parent) })),
        ...partOf.map((parent) => ({ sub: purl(id), pred: purl('BFO:0000050'), obj: purl(parent) })),
      ]),
    },
  ],
});
const owl = () => ({
  '@graph': [
    {
      '@id': purl('cl').replace('cl', 'cl.owl'),
      '@type': ['http://www.w3.org/2002/07/owl#Ontology'],
      'http://www.w3.org/2002/07/owl#versionInfo': [{ '@value': '2099-01-01' }],
    },
    ...terms.map(({ id, name, def, synonyms = [], parents = [], partOf = [], obsolete, replacedBy }) => ({
      '@id': purl(id),
      '@type': ['http://www.w3.org/2002/07/owl#Class'],
      'http://www.w3.org/2000/01/rdf-schema#label': [{ '@value': name }],
      'http://www.w3.org/2000/01/rdf-schema#subClassOf': [
        ...parents.map((parent) => ({ '@id': purl(parent) })),
        ...partOf.map((_, i) => ({ '@id': `_:part${id}${i}` })),
      ],
      'http://www.geneontology.org/formats/oboInOwl#hasExactSynonym': synonyms.map((text) => ({
        '@value': text,
      })),
      ...(def ? { [purl('IAO:0000115')]: [{ '@value': plain(def) }] } : {}),
      ...(obsolete ? { 'http://www.w3.org/2002/07/owl#deprecated': [{ '@value': true }] } : {}),
      ...(replacedBy ? { [purl('IAO:0100001')]: [{ '@id': purl(replacedBy) }] } : {}),
    })),
    ...terms.flatMap(({ id, partOf = [] }) =>
      partOf.map((parent, i) => ({
        '@id': `_:part${id}${i}`,
        '@type': ['http://www.w3.org/2002/07/owl#Restriction'],
        'http://www.w3.org/2002/07/owl#onProperty': [{ '@id': purl('BFO:0000050') }],
        'http://www.w3.org/2002/07/owl#someValuesFrom': [{ '@id': purl(parent) }],
      })),
    ),
  ],
});
function parquet(columns: Record<string, unknown[]>, lists: string[] = []): Uint8Array {
  const writer = new ByteWriter();
  const file = new ParquetWriter({
    writer,
    schema: [
      { name: 'root', num_children: Object.keys(columns).length },
      ...Object.keys(columns).flatMap((name) =>
        lists.includes(name)
          ? [
              {
                name,
                repetition_type: 'OPTIONAL' as const,
                num_children: 1,
                converted_type: 'LIST' as const,
              },
              { name: 'list', repetition_type: 'REPEATED' as const, num_children: 1 },
              {
                name: 'element',
                type: 'BYTE_ARRAY' as const,
                converted_type: 'UTF8' as const,
                repetition_type: 'OPTIONAL' as const,
              },
            ]
          : [
              {
                name,
                type: 'BYTE_ARRAY' as const,
                converted_type: 'UTF8' as const,
                repetition_type: 'OPTIONAL' as const,
              },
            ],
      ),
    ],
  });
  file.write({ columnData: Object.entries(columns).map(([name, data]) => ({ name, data })) });
  file.finish();
  return new Uint8Array(writer.getBuffer());
}

describe('[row 90] the same terms come out of', () => {
  it.each([
    ['OBO', () => oboOf('cl', terms)],
    ['OBO with other line ends', () => oboOf('cl', terms).replaceAll('\n', '\r\n')],
    ['gzip OBO', () => gzipSync(oboOf('cl', terms))],
    ['OBO graphs', () => JSON.stringify(graphs())],
    ['OWL as JSON', () => JSON.stringify(owl())],
    ['gzip OWL as a list', () => gzipSync(JSON.stringify(owl()['@graph']))],
  ])('%s', async (_, content) => {
    const table = await read(content());
    expect(told(table)).toEqual(expected);
    expect(table.facts).toMatchObject({ source: 'cl', version: '2099-01-01', entity: 'bionty.CellType' });
    expect(table.findings.list).toEqual([]);
  });

  it('parquet of bionty, whose name says what it is', async () => {
    const bytes = parquet(
      {
        ontology_id: terms.slice(0, 3).map(({ id }) => id),
        name: terms.slice(0, 3).map(({ name }) => name),
        definition: ['A "thing" with\na membrane.', null, null],
        synonyms: ['cellula', null, 'T lymphocyte|T-zelle ß'],
        parents: [[], ['CL:0000000'], ['CL:0000542']],
      },
      ['parents'],
    );
    const table = await readTerms(sourceOf(bytes), 'df_all__cl__2099-01-01__CellType.parquet');
    expect(told(table)).toEqual(expected.slice(0, 3));
    expect(table.facts).toMatchObject({
      source: 'cl',
      version: '2099-01-01',
      entity: 'bionty.CellType',
      organism: 'all',
    });
  });

  it('genes of bionty: rows of one gene become one with all NCBI ids', async () => {
    const bytes = parquet({
      ensembl_gene_id: ['ENSG1', 'ENSG1', 'ENSG2'],
      symbol: ['A1', 'A1', null],
      ncbi_gene_id: ['11', '12', null],
    });
    const table = await readTerms(sourceOf(bytes), 'df_canis-lupus__ensembl__release-1__Gene.parquet');
    expect(table.count).toBe(2);
    expect(valueOf(table, 'ncbi_gene_ids', 0)).toBe('11|12');
    expect(table.facts).toMatchObject({ organism: 'canis lupus', entity: 'bionty.Gene' });
    expect(table.findings.total).toBe(0);
  });

  it('tissues and stages have what they are part of above them too, as in bionty', async () => {
    for (const content of [oboOf('cl', terms), JSON.stringify(graphs()), JSON.stringify(owl())])
      expect(told(await read(content, 'x', 'bionty.Tissue'))[2]?.parents).toEqual([
        'CL:0000542',
        'CL:0000000',
      ]);
  });
});

describe('[row 90] what is wrong is told with its place', () => {
  it('cycles, dangling parents, duplicate ids and broken stanzas', async () => {
    const bad = [
      'format-version: 1.2',
      'ontology: cl',
      '',
      '[Term]',
      'id: CL:1',
      'name: one',
      'is_a: CL:2',
      '',
      '[Term]',
      'id: CL:2',
      'name: two',
      'is_a: CL:1',
      '',
      '[Term]',
      'id: CL:3',
      'name: three',
      'is_a: CL:404',
      '',
      '[Term]',
      'id: CL:3',
      'name: three again',
      '',
      '[Term]',
      'id: CL:4',
      'name: four',
      'def: "never ends',
      '',
      '[Term]',
      'name: without id',
      '',
      '[Term',
      'id: CL:5',
      '[Term]',
      'id: CL:6',
      'name: six',
      'this is no tag',
      '[Term]',
      'id: CL:7',
      'name: seven',
      'is_a: CL:7',
    ].join('\n');
    const table = await read(bad);
    const said = table.findings.list.map(({ kind, place, message }) => `${place} ${kind}: ${message}`);
    expect(said.sort()).toEqual(
      [
        'line 9 cycle: CL:2 is below CL:1, and CL:1 is below CL:2.',
        'line 14 dangling parent: CL:3 names CL:404 as its parent, which is not in the file.',
        'line 19 duplicate id: CL:3 is there already, at line 14.',
        'line 26 broken stanza: The definition is not between quotes.',
        'line 28 broken stanza: The stanza has no id.',
        'line 31 broken stanza: "[Term" is no head of a stanza, such as [Term].',
        'line 36 broken stanza: "this is no tag" is no "tag: value".',
        'line 37 cycle: CL:7 is its own parent.',
      ].sort(),
    );
    expect(findingWords(table.findings)).toBe(
      '4 broken stanzas, 1 duplicate id, 1 dangling parent, 2 cycles',
    );
    // What is left out is no more than that.
    const rows = told(table);
    expect(rows.map(({ id }) => id)).toEqual(['CL:1', 'CL:2', 'CL:3', 'CL:3', 'CL:7']);
    expect(rows.map(({ parents }) => parents)).toEqual([['CL:2'], [], [], [], []]);
    expect(table.repeated).toEqual([3]);
  });

  it('in JSON and tables by the position there', async () => {
    const broken = graphs();
    (broken.graphs[0]?.nodes as unknown[]).push({ lbl: 'no id' }, { id: purl('CL:0000542'), lbl: 'twice' });
    (broken.graphs[0]?.edges as unknown[]).push(
      { sub: purl('CL:0000084'), pred: 'is_a', obj: purl('CL:5') },
      7,
    );
    const table = await read(JSON.stringify(broken));
    expect(table.findings.list.map(({ kind, place }) => `${kind} ${place}`).sort()).toEqual([
      'broken stanza edges[4]',
      'broken stanza nodes[5]',
      'dangling parent nodes[2]',
      'duplicate id nodes[6]',
    ]);
    const rows = await readTerms(
      sourceOf(parquet({ ontology_id: ['A:1', null, 'A:1', 'A:2'], name: ['a', 'b', 'c', null] })),
      'x.parquet',
    );
    expect(rows.findings.list.map(({ kind, place }) => `${kind} ${place}`)).toEqual([
      'broken stanza row 2',
      'no name row 4',
      'duplicate id row 3',
    ]);
  });

  it('is counted whole and listed in part', async () => {
    const many = Array.from({ length: 300 }, (_, i) => ({ id: `CL:${i}`, name: 'x', parents: [`CL:x${i}`] }));
    const { findings } = await read(oboOf('cl', many));
    expect(findings.total).toBe(300);
    expect(findings.list).toHaveLength(50);
  });

  it.each([
    ['what is no ontology', 'a,b\n1,2\n', 'neither OBO text, OBO graphs, OWL as JSON nor parquet'],
    ['broken JSON', '{"graphs": [', 'JSON'],
    ['other JSON', '{"a": 1}', 'neither an OBO graph'],
    ['OWL as XML', '<?xml version="1.0"?><rdf:RDF/>', 'take the .obo or .json'],
    ['nothing', '', 'neither OBO text'],
    ['a cut parquet file', parquet({ ontology_id: ['A:1'], name: ['a'] }).slice(0, 60), 'incomplete'],
    [
      'a table of something else',
      parquet({ a: ['1'] }),
      'its columns are a; terms need ontology_id and name',
    ],
  ])('%s is refused in a sentence', async (_, content, words) => {
    const error = await read(content as string, 'file.x').catch((e: unknown) => e);
    expect(isLoamError(error, 'FileUnreadable')).toBe(true);
    expect((error as Error).message).toContain(words);
    expect((error as Error).message).toMatch(/^file\.x cannot be read as an ontology: /);
  });

  it('a chain of a hundred thousand parents is no harm', async () => {
    const deep = Array.from({ length: 100_000 }, (_, i) => ({
      id: `CL:${i}`,
      name: 'x',
      parents: i > 0 ? [`CL:${i - 1}`] : ['CL:99999'],
    }));
    const table = await read(oboOf('cl', deep));
    expect(table.findings.counts).toEqual({ cycle: 1 });
  });
});

describe('columns of texts', () => {
  it('give back what they were given, and find it', () => {
    const given = ['a', null, 'ß', '', 'long '.repeat(30), 'T cell', '日本', 'a'];
    const builder = textColumn(2);
    for (const text of given) builder.push(text);
    const column = builder.finish();
    expect(given.map((_, row) => textAt(column, row))).toEqual(given.map((text) => text || null));
    const index = textIndex(column);
    expect(index.repeated).toEqual([7]);
    expect(['a', 'ß', 'T cell', '日本', 'x', ''].map((text) => index.find(text))).toEqual([
      0, 2, 5, 6, -1, -1,
    ]);
  });

  it('base62 of a digest is what BigInt says, leading zeros too', () => {
    for (let i = 0; i < 400; i++) {
      const bytes = crypto.getRandomValues(new Uint8Array(16));
      bytes.fill(0, 0, i % 17);
      let value = 0n;
      for (const byte of bytes) value = value * 256n + BigInt(byte);
      let text = '';
      for (; value > 0n; value /= 62n) text = BASE62.charAt(Number(value % 62n)) + text;
      const zeros = bytes.findIndex((byte) => byte !== 0);
      const head = zeros < 0 ? 16 : zeros;
      expect(encodeBytes(bytes)).toBe((head > 0 ? `0${BASE62.charAt(head)}` : '') + text);
    }
  });
});
