// The desk over a library of packs: which pack is looked into, what a term is here, giving up while a pack is still read.
import { beforeEach, describe, expect, it } from 'vitest';
import { batchesOf, feedOf } from '../../src/lib/engine/ontology/batches.ts';
import { createDesk, newestOf, type OntologyDesk } from '../../src/lib/engine/ontology/desk.ts';
import type { OpenPack, PackEntry, PackLibrary } from '../../src/lib/engine/ontology/library.ts';
import { LoamError } from '../../src/lib/engine/errors.ts';
import type { JobProgress } from '../../src/lib/engine/jobs.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import { registryOf } from '../../src/lib/engine/registry/tables.ts';
import { findingWords } from '../../src/lib/formats/ontology/findings.ts';
import { readTerms } from '../../src/lib/formats/ontology/read.ts';
import { createShelf } from '../../src/lib/formats/ontology/shelf.ts';
import { termRows, type TermTable } from '../../src/lib/formats/ontology/term-table.ts';
import { memoryEngine, refusal, type MemoryEngine } from './memory-engine.ts';
import { oboOf, sourceOf } from './ontology-files.ts';

let m: MemoryEngine;
let desk: OntologyDesk;
let jobs: JobProgress[];
/** While true, reading waits to be given up. */
let stuck = false;

const entry = (pack: string, more: Partial<PackEntry> = {}): PackEntry => ({
  ...{ pack, entity: 'bionty.Gene', source: 'ensembl', version: '1', organism: 'human' },
  ...{ licence: null, note: null, rows: 2, bytes: 1 },
  ...more,
});
const entries = [
  entry('gene_human'),
  entry('gene_mouse', { organism: 'mouse' }),
  entry('chebi', { entity: null, source: 'chebi', organism: 'all' }),
];
const tables = new Map<string, TermTable>();

async function genes(organism: string, prefix: string, symbols: string[]): Promise<TermTable> {
  const { tableBuilder } = await import('../../src/lib/formats/ontology/term-table.ts');
  const builder = tableBuilder({
    ...{ columns: ['ensembl_gene_id', 'symbol'], key: 'ensembl_gene_id', name: 'symbol' },
    places: (place) => `row ${place + 1}`,
  });
  for (const [i, symbol] of symbols.entries()) {
    builder.texts.get('ensembl_gene_id')?.push(`${prefix}${i}`);
    builder.texts.get('symbol')?.push(symbol);
    builder.rest([], false, i);
  }
  return builder.finish({ entity: 'bionty.Gene', source: 'ensembl', version: '1', organism, licence: null });
}

function library(): PackLibrary {
  const shelf = createShelf(async (pack) => tables.get(pack) as TermTable);
  return {
    list: async () => entries,
    async open(choice, _given, signal): Promise<OpenPack> {
      while (stuck) {
        if (signal.aborted) throw new LoamError('Cancelled', 'given up');
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      const table = tables.get((choice as { pack: string }).pack) as TermTable;
      const { list, total } = table.findings;
      return {
        ...{ facts: table.facts, rows: table.count, key: table.key },
        findings: { list, total, words: findingWords(table.findings) },
        feed: async ({ registry, organism, ids }) => {
          const terms = termRows(table);
          const rows =
            ids &&
            ids.map((id) =>
              Array.from({ length: terms.count }, (_, i) => terms.value(terms.key, i)).indexOf(id),
            );
          return feedOf(batchesOf(terms, { table: registryOf(model, registry), organism, rows }));
        },
        close: () => {},
      };
    },
    find: (text, packs, { most, exact, wait }) =>
      wait ? shelf.findAll(text, packs, most, exact) : Promise.resolve(shelf.find(text, packs, most, exact)),
    term: shelf.term,
    roots: shelf.roots,
  };
}

beforeEach(async () => {
  m?.driver.close();
  m = await memoryEngine();
  jobs = [];
  stuck = false;
  tables.set('gene_human', await genes('human', 'ENSG', ['CD4', 'TCF7']));
  tables.set('gene_mouse', await genes('mouse', 'ENSMUSG', ['Cd4', 'Tcf7']));
  tables.set('chebi', await readTerms(sourceOf(oboOf('chebi', [{ id: 'CHEBI:1', name: 'water' }])), 'x.obo'));
  let uid = 0;
  desk = createDesk({
    engine: m.engine,
    library: library(),
    onJob: (job) => jobs.push(job),
    newUid: () => `desk${String(++uid).padStart(12, '0')}`,
  });
});

describe('look-ups', () => {
  it('[row 93] gene symbols come with their organism, of several none is picked', async () => {
    const { terms } = await desk.findTerms('cd4', { registry: 'Gene', exact: true, wait: true });
    expect(terms.map(({ name, organism, id }) => [name, organism, id])).toEqual([
      ['CD4', 'human', 'ENSG0'],
      ['Cd4', 'mouse', 'ENSMUSG0'],
    ]);
    const human = await desk.findTerms('cd4', { registry: 'Gene', organism: 'human', wait: true });
    expect(human.terms.map(({ organism }) => organism)).toEqual(['human']);
  });

  it('what is not read yet is told, and comes the next time', async () => {
    expect(await desk.findTerms('tcf7', { registry: 'Gene' })).toEqual({
      terms: [],
      loading: ['gene_human', 'gene_mouse'],
      problems: [],
    });
    await expect.poll(async () => (await desk.findTerms('tcf7', { registry: 'Gene' })).terms.length).toBe(2);
  });

  it('[row 91] tell the row that a term is here, and how many artifacts carry it', async () => {
    await desk.importOntology({ pack: 'gene_human' }, { ids: ['ENSG0'] });
    const [uid] = m.artifacts('a.csv') as [string];
    m.engine.relate('Artifact', { uid }, 'genes', {
      add: [{ id: Number(m.value('SELECT id FROM bionty_gene')) }],
    });
    const { terms } = await desk.findTerms('CD4', { registry: 'Gene', organism: 'human', wait: true });
    expect(terms[0]?.here).toMatchObject({ name: 'CD4', artifacts: 1, trashed: false });
    expect((await desk.publicTerm('gene_human', 'ENSG1'))?.here).toBeNull();
    expect(
      m.rows('SELECT g.symbol, o.name FROM bionty_gene g JOIN bionty_organism o ON o.id = g.organism_id'),
    ).toEqual([['CD4', 'human']]);
  });

  it('of several versions of one source the newest is looked into', () => {
    const packs = [
      entry('a', { version: 'release-9' }),
      entry('b', { version: 'release-10' }),
      entry('c', { version: 'release-8' }),
      entry('d', { organism: 'mouse' }),
    ];
    expect(newestOf(packs).map(({ pack }) => pack)).toEqual(['b', 'd']);
  });
});

describe('imports', () => {
  it('given up while the pack is read leave nothing', async () => {
    stuck = true;
    const before = m.state();
    const importing = refusal(() => desk.importOntology({ pack: 'gene_human' }, { act: 'readingone' }));
    await expect.poll(() => desk.readingJobs().map(({ title }) => title)).toEqual(['Read gene_human']);
    expect(desk.cancelReading('readingone')).toBe(true);
    expect((await importing).code).toBe('Cancelled');
    expect(jobs.map(({ state }) => state)).toEqual(['running', 'cancelled']);
    expect(desk.readingJobs()).toEqual([]);
    expect(desk.cancelReading('readingone')).toBe(false);
    expect(m.state()).toBe(before);
  });

  it('say what is missing: a pack that is not there, a registry that nothing names', async () => {
    expect((await refusal(() => desk.importOntology({ pack: 'nothing' }))).message).toContain(
      'Packs: gene_human',
    );
    const error = await refusal(() => desk.importOntology({ pack: 'chebi' }));
    expect(error.message).toContain('chebi does not say which registry its terms are for');
    expect((await desk.ontologyPacks()).map(({ here }) => here)).toEqual([false, false, false]);
    await desk.importOntology({ pack: 'gene_human' });
    expect((await desk.ontologyPacks()).map(({ here }) => here)).toEqual([true, false, false]);
  });
});
