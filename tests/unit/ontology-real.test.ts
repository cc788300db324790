// The packs of real ontologies, where this machine has them: all are read whole, searched together within the time that a
// picker has, and imported.
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { batchesOf, feedOf } from '../../src/lib/engine/ontology/batches.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import { registryOf } from '../../src/lib/engine/registry/tables.ts';
import { readTerms } from '../../src/lib/formats/ontology/read.ts';
import { mergeHits, termSearch, type TermSearch } from '../../src/lib/formats/ontology/search.ts';
import { termRows, valueOf, type TermTable } from '../../src/lib/formats/ontology/term-table.ts';
import { memoryEngine } from './memory-engine.ts';
import { sourceOf } from './ontology-files.ts';

const folder = resolve(process.env.LOAM_FIXTURES ?? '../shared', 'ontologies');
const there = existsSync(join(folder, 'packs.json'));
const whyNot = there ? '' : ' (skipped: no packs; LOAM_FIXTURES names a folder with "ontologies" in it)';
const read = (pack: string) =>
  readTerms(sourceOf(new Uint8Array(readFileSync(join(folder, `${pack}.parquet`)))), `${pack}.parquet`);

describe.skipIf(!there)(`packs of real ontologies${whyNot}`, () => {
  it('[row 91] are read whole and searched together in less than 50 ms', async () => {
    const { packs } = JSON.parse(readFileSync(join(folder, 'packs.json'), 'utf8')) as {
      packs: { pack: string; rows: number; source: string; version: string }[];
    };
    const all: { table: TermTable; search: TermSearch }[] = [];
    for (const { pack, rows, source, version } of packs) {
      // A million taxa are the bench's part.
      if (rows > 1_000_000) continue;
      const table = await read(pack);
      expect([pack, table.count, table.facts.source, table.facts.version]).toEqual([
        pack,
        rows,
        source,
        version,
      ]);
      // The root of a part of a tree has a parent elsewhere.
      expect(table.findings.total, pack).toBeLessThanOrEqual(1);
      all.push({ table, search: termSearch(table) });
    }
    const find = (text: string) => {
      const begun = performance.now();
      const hits = mergeHits(
        all.flatMap(({ search }, pack) => search.find(text, 20).map((hit) => ({ ...hit, pack }))),
        20,
      );
      const ms = performance.now() - begun;
      return {
        ms,
        names: hits.map(({ pack, row }) => valueOf(all[pack]!.table, all[pack]!.table.name, row)),
      };
    };
    for (const [text, name] of [
      ['T cell', 'T cell'],
      ['CL:0000084', 'T cell'],
      ['T-cell', 'T cell'],
      ['lung', 'lung'],
      ['breast cancer', 'breast cancer'],
      ['ENSG00000081059', 'TCF7'],
      ['TCF-1', 'TCF7'],
      ['positive regulation of cell migration', 'positive regulation of cell migration'],
      ['migration cell regulation', null],
      ['c', null],
    ] as const) {
      // The best of several: a busy machine says nothing of the search.
      const tries = Array.from({ length: 6 }, () => find(text));
      const { names } = tries[0]!;
      const ms = Math.min(...tries.map((one) => one.ms));
      if (name !== null) expect(names[0], text).toBe(name);
      expect(names.length, text).toBeGreaterThan(0);
      expect(ms, text).toBeLessThan(50);
    }
  }, 120_000);

  it('[row 90] the Cell Ontology comes with its tree, in one act', async () => {
    const table = await read('celltype_cl');
    const m = await memoryEngine();
    const before = m.state();
    const spec = { table: registryOf(model, 'CellType'), organism: 'all', rows: null };
    const source = { name: 'cl', version: table.facts.version ?? '', organism: 'all' };
    const done = await m.engine.importTerms(
      { registry: 'CellType', source, key: table.key, whole: true },
      feedOf(batchesOf(termRows(table), spec)),
    );
    expect(done).toMatchObject({ added: table.count, refusedCount: 0 });
    expect(m.value("SELECT uid FROM bionty_celltype WHERE ontology_id = 'CL:0000084'")).toBe(
      '22LvKd01YyNA1a',
    );
    expect(m.value('SELECT count(*) FROM bionty_celltype_parents')).toBe(done.links);
    await m.engine.undo();
    expect(m.state()).toBe(before);
    m.driver.close();
  }, 120_000);
});
