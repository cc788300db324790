// Terms of a public source as rows: bionty's uids, parents, synonyms and Source row; rows that are there stay; one act with
// progress, cancel and one undo.
import { beforeEach, describe, expect, it } from 'vitest';
import { batchesOf, feedOf, withAncestors } from '../../src/lib/engine/ontology/batches.ts';
import { organismRow } from '../../src/lib/engine/ontology/source-row.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import type { TermFeed } from '../../src/lib/engine/ontology/types.ts';
import { registryOf } from '../../src/lib/engine/registry/tables.ts';
import { bringBackAll, setAside } from '../../src/lib/engine/write/bulk-indexes.ts';
import { readTerms } from '../../src/lib/formats/ontology/read.ts';
import { termRows } from '../../src/lib/formats/ontology/term-table.ts';
import type { JobProgress } from '../../src/lib/engine/jobs.ts';
import { memoryEngine, refusal, type MemoryEngine } from './memory-engine.ts';
import { oboOf, sourceOf } from './ontology-files.ts';

let m: MemoryEngine;
let jobs: JobProgress[];
beforeEach(async () => {
  m?.driver.close();
  jobs = [];
  m = await memoryEngine(model, { onJob: (job) => jobs.push(job) });
});

const cl = { name: 'cl', version: '2099-01-01', organism: 'all' };
const cells = oboOf('cl', [
  { id: 'CL:0000000', name: 'cell', def: 'A material entity.', synonyms: ['cellula'] },
  { id: 'CL:0000084', name: 'T cell', parents: ['CL:0000542'], synonyms: ['T lymphocyte', 'T-lymphocyte'] },
  { id: 'CL:0000542', name: 'lymphocyte', parents: ['CL:0000000'] },
  { id: 'CL:0000236', name: 'B cell', parents: ['CL:0000542'] },
  {
    id: 'CL:0000999',
    name: 'obsolete thing',
    obsolete: true,
    replacedBy: 'CL:0000084',
    parents: ['CL:0000000'],
  },
]);

async function feed(
  registry: string,
  text: string,
  organism = 'all',
  rows: string[] | null = null,
): Promise<TermFeed> {
  const terms = termRows(
    await readTerms(sourceOf(text), 'x.obo', { facts: { entity: `bionty.${registry}` } }),
  );
  const at = rows?.map((id) =>
    Array.from({ length: terms.count }, (_, i) => terms.value(terms.key, i)).indexOf(id),
  );
  const taken = at ? withAncestors(terms, at) : null;
  return feedOf(batchesOf(terms, { table: registryOf(model, registry), organism, rows: taken }));
}
const importCells = async (text = cells, source = cl) =>
  m.engine.importTerms(
    { registry: 'CellType', source, key: 'ontology_id', whole: true },
    await feed('CellType', text),
  );
const parents = () =>
  m
    .rows(
      `SELECT c.ontology_id, p.ontology_id FROM bionty_celltype_parents l JOIN bionty_celltype c ON c.id = l.from_celltype_id
       JOIN bionty_celltype p ON p.id = l.to_celltype_id ORDER BY 1, 2`,
    )
    .map((row) => row.join(' '));

const indexes = () =>
  m
    .rows(
      "SELECT sql FROM sqlite_schema WHERE type = 'index' AND tbl_name IN ('bionty_celltype', 'bionty_celltype_parents') AND sql IS NOT NULL ORDER BY name",
    )
    .map(([sql]) => String(sql).replace('IF NOT EXISTS ', ''));

describe('an import', () => {
  it('[row 90] writes the terms with bionty’s uids, synonyms, parents and their Source', async () => {
    const done = await importCells();
    expect(done).toMatchObject({ registry: 'CellType', added: 5, kept: 0, links: 3, refusedCount: 0 });
    expect(
      m.rows('SELECT uid, synonyms, description FROM bionty_celltype WHERE name = ?', ['T cell']),
    ).toEqual([['22LvKd01YyNA1a', 'T lymphocyte|T-lymphocyte', null]]);
    expect(parents()).toEqual(
      ['CL:0000084 CL:0000542', 'CL:0000236 CL:0000542', 'CL:0000542 CL:0000000'].sort(),
    );
    expect(
      m.rows(
        `SELECT entity, organism, version, in_db, currently_used FROM bionty_source s WHERE s.id = (SELECT DISTINCT source_id FROM bionty_celltype)`,
      ),
    ).toEqual([['bionty.CellType', 'all', '2099-01-01', 1, 1]]);
    // Of the versions of one source one is in use.
    expect(
      m.value(
        "SELECT count(*) FROM bionty_source WHERE entity = 'bionty.CellType' AND name = 'cl' AND currently_used = 1",
      ),
    ).toBe(1);
  });

  it('[row 90] is one act: one undo takes all of it back, one redo brings the same rows', async () => {
    const before = m.state();
    await importCells();
    const after = m.state();
    await m.engine.undo();
    expect(m.state()).toBe(before);
    await m.engine.redo();
    expect(m.state()).toBe(after);
  });

  it('keeps rows that are there, and a second import adds nothing', async () => {
    m.engine.create('CellType', { name: 'T cell', ontology_id: 'CL:0000084', description: 'ours' });
    expect(await importCells()).toMatchObject({ added: 4, kept: 1 });
    expect(m.rows("SELECT description, source_id FROM bionty_celltype WHERE name = 'T cell'")).toEqual([
      ['ours', null],
    ]);
    // LaminDB ties rows of the source alone.
    expect(parents()).not.toContain('CL:0000084 CL:0000542');
    const state = m.state();
    expect(await importCells()).toMatchObject({ added: 0, kept: 5, links: 0 });
    expect(m.state()).toBe(state);
  });

  it('brings some terms with all that is above them, and does not call the source imported', async () => {
    const some = await feed('CellType', cells, 'all', ['CL:0000084']);
    const spec = { registry: 'CellType', source: cl, key: 'ontology_id', whole: false };
    expect(await m.engine.importTerms(spec, some)).toMatchObject({ added: 3, links: 2 });
    expect(m.value("SELECT in_db FROM bionty_source WHERE version = '2099-01-01'")).toBe(0);
    expect(await importCells()).toMatchObject({ added: 2, kept: 3, links: 1 });
  });

  it('tells its progress; cancelled it leaves no row behind, and others can write meanwhile', async () => {
    const many = oboOf(
      'cl',
      Array.from({ length: 20_000 }, (_, i) => ({
        id: `CL:${String(i).padStart(7, '0')}`,
        name: `cell ${i}`,
        parents: i === 0 ? [] : [`CL:${String(Math.floor(i / 3)).padStart(7, '0')}`],
      })),
    );
    const before = m.state();
    const all = indexes();
    const aside = all.filter((sql) => !sql.startsWith('CREATE UNIQUE')).length;
    expect(aside).toBeGreaterThan(5);
    const slow = await feed('CellType', many);
    const act = 'importtobecancel';
    let made = false;
    const watched: TermFeed = {
      ...slow,
      async next(cancelled) {
        const batch = await slow.next(cancelled);
        if (batch && batch.from > 8000 && !made) {
          made = true;
          m.engine.create('ULabel', { name: 'in between' });
          m.engine.cancelJob(act);
        }
        return batch;
      },
    };
    const spec = { registry: 'CellType', source: cl, key: 'ontology_id', whole: true, act };
    const error = await refusal(() => m.engine.importTerms(spec, watched));
    expect(error.code).toBe('Cancelled');
    expect(jobs.map(({ state }) => state)).toEqual(
      expect.arrayContaining(['running', 'cancelling', 'cancelled']),
    );
    expect(m.value('SELECT count(*) FROM bionty_celltype')).toBe(0);
    expect(m.value('SELECT count(*) FROM bionty_celltype_parents')).toBe(0);
    expect(m.value("SELECT count(*) FROM bionty_source WHERE version = '2099-01-01'")).toBe(0);
    expect(m.value("SELECT count(*) FROM lamindb_ulabel WHERE name = 'in between'")).toBe(1);
    await m.engine.undo();
    expect(m.state()).toBe(before);
    // Rows, links, and the indexes that were set aside.
    expect(jobs.some(({ total }) => total === 20_000 + 19_999 + aside)).toBe(true);
    expect(indexes()).toEqual(all);
  });

  it('of very many rows makes the indexes again that it set aside, after a crash too', async () => {
    const many = oboOf(
      'cl',
      Array.from({ length: 6_000 }, (_, i) => ({
        id: `CL:${String(i).padStart(7, '0')}`,
        name: `cell ${i}`,
      })),
    );
    const all = indexes();
    await importCells(many);
    expect(m.value('SELECT count(*) FROM bionty_celltype')).toBe(6_000);
    expect(indexes()).toEqual(all);
    expect(m.value('PRAGMA integrity_check')).toBe('ok');
    m.engine.writer.act({ kind: 'x', title: 'x' }, () => setAside('bionty_celltype'));
    expect(indexes().length).toBeLessThan(all.length);
    bringBackAll(m.driver);
    expect(indexes()).toEqual(all);
  });

  it('leaves out, and tells, what no column can hold', async () => {
    const long = oboOf('cl', [
      { id: 'CL:0000001', name: 'x'.repeat(256) },
      { id: 'CL:0000002', name: 'short' },
    ]);
    const done = await importCells(long);
    expect(done).toMatchObject({ added: 1, refusedCount: 1 });
    expect(done.refused[0]).toContain('CL:0000001: "name" of CellType may have 255 characters');
  });

  it('needs an organism for genes, which it finds or makes', async () => {
    const m1 = await refusal(async () =>
      m.engine.importTerms(
        { registry: 'Gene', source: { ...cl, name: 'ensembl' }, key: 'ensembl_gene_id', whole: true },
        {
          rows: 1,
          links: 0,
          next: async () => ({
            from: 0,
            count: 1,
            uids: ['a'.repeat(14)],
            values: {},
            links: new Uint32Array(),
            deprecated: new Uint8Array(),
            replacedBy: null,
          }),
        },
      ),
    );
    expect(m1.code).toBe('OrganismNotSet');
    const made = m.engine.writer.act({ kind: 'x', title: 'x' }, (tx) => organismRow(tx, 'human'));
    expect(m.rows('SELECT id, uid, ontology_id, scientific_name FROM bionty_organism')).toEqual([
      [made?.id, expect.stringMatching(/^\w{14}$/), 'NCBITaxon:9606', 'homo_sapiens'],
    ]);
  });

  it('refuses registries that take no terms, in words', async () => {
    const error = await refusal(async () =>
      m.engine.importTerms(
        { registry: 'ULabel', source: cl, key: 'ontology_id', whole: true },
        await feed('CellType', cells),
      ),
    );
    expect(error.message).toContain('ULabel takes no terms of an ontology. Registries that do: Organism');
  });
});
