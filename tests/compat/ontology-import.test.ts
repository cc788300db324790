// The same terms imported by bionty 2.5.2 and here: the same rows, uids, synonyms, parents and Source, and the same answer to
// rows that are there before. Sources of bionty are a table of an artifact, since nothing is fetched.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { batchesOf, feedOf } from '../../src/lib/engine/ontology/batches.ts';
import { organismRow } from '../../src/lib/engine/ontology/source-row.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import { registryOf } from '../../src/lib/engine/registry/tables.ts';
import { readTerms } from '../../src/lib/formats/ontology/read.ts';
import { termRows } from '../../src/lib/formats/ontology/term-table.ts';
import { writePack } from '../../src/lib/formats/ontology/write-pack.ts';
import { openNode } from '../../src/lib/storage/sql/node.ts';
import { memoryEngine, type MemoryEngine } from '../unit/memory-engine.ts';
import { oboOf, sourceOf } from '../unit/ontology-files.ts';
import { python, pythonInstance, whyNot, type PythonInstance } from './python.ts';

const cells = oboOf('cl', [
  { id: 'CL:0000000', name: 'cell', def: 'A Unit Of Life.', synonyms: ['cellula'] },
  { id: 'CL:0000084', name: 'T cell', parents: ['CL:0000542'], synonyms: ['T lymphocyte', 'T-lymphocyte'] },
  { id: 'CL:0000542', name: 'lymphocyte', parents: ['CL:0000000'] },
  { id: 'CL:0000236', name: 'B cell', parents: ['CL:0000542', 'CL:0000000'] },
  { id: 'CL:0000999', name: 'obsolete thing', obsolete: true, parents: ['CL:0000000'] },
  { id: 'CL:0000777', name: 'ours before', parents: ['CL:0000084'] },
]);
const tissues = oboOf('uberon', [
  { id: 'UBERON:0000062', name: 'organ' },
  { id: 'UBERON:0002048', name: 'lung', parents: ['UBERON:0000062'], synonyms: ['pulmo'] },
]);
const genes = {
  ensembl_gene_id: ['ENSG00000081059', 'ENSG00000010610', 'ENSG00000000001'],
  symbol: ['TCF7', 'CD4', null],
  biotype: ['protein_coding', 'protein_coding', 'lncRNA'],
  synonyms: ['TCF-1|TCF1', null, null],
  description: ['Transcription Factor 7', 'CD4 Molecule', null],
};

/** Imports what the folder holds, and prints the rows as one line of JSON. */
const there = `
import json, sys, pandas as pd, lamindb as ln, bionty as bt
folder = sys.argv[1]
def none(df):
    return df.astype(object).where(df.notna(), None)
human = bt.Organism(name="human", ontology_id="NCBITaxon:9606", scientific_name="homo_sapiens").save()
bt.CellType(name="ours before", ontology_id="CL:0000777", description="kept").save()
for registry, name, organism, file in [(bt.CellType, "cl", "all", "cells"), (bt.Tissue, "uberon", "all", "tissues"), (bt.Gene, "ensembl", "human", "genes")]:
    df = pd.read_parquet(f"{folder}/{file}.parquet").drop(columns=["deprecated", "replaced_by", "abbr"], errors="ignore")
    if "parents" in df.columns:
        df["parents"] = [list(p) for p in df["parents"]]
    source = bt.Source(entity=f"bionty.{registry.__name__}", name=name, organism=organism, version="2099-01-01")
    source = registry.add_source(source, df=df, **({"organism": organism} if organism == "human" else {}))
    registry.import_source(source, **({"organism": human} if organism == "human" else {}))
print("done")
`;

let ours: MemoryEngine;
let theirs: PythonInstance;

async function importHere(
  registry: string,
  source: { name: string; organism: string },
  bytes: Uint8Array,
  name: string,
) {
  const table = await readTerms(sourceOf(bytes), name, { facts: { entity: `bionty.${registry}` } });
  const feed = feedOf(
    batchesOf(termRows(table), { table: registryOf(model, registry), organism: source.organism, rows: null }),
  );
  const spec = { registry, source: { ...source, version: '2099-01-01' }, key: table.key, whole: true };
  return ours.engine.importTerms(spec, feed);
}

const asked = {
  cells: `SELECT c.uid, c.name, c.ontology_id, c.synonyms, c.description, s.uid, (SELECT group_concat(p.uid) FROM (
     SELECT p.uid FROM bionty_celltype_parents l JOIN bionty_celltype p ON p.id = l.to_celltype_id WHERE l.from_celltype_id = c.id ORDER BY 1) p)
   FROM bionty_celltype c LEFT JOIN bionty_source s ON s.id = c.source_id ORDER BY c.ontology_id`,
  tissues: `SELECT c.uid, c.name, c.ontology_id, c.synonyms, s.uid, s.in_db,
     (SELECT count(*) FROM bionty_tissue_parents l WHERE l.from_tissue_id = c.id)
   FROM bionty_tissue c LEFT JOIN bionty_source s ON s.id = c.source_id ORDER BY c.ontology_id`,
  genes: `SELECT g.uid, g.symbol, g.ensembl_gene_id, g.biotype, g.synonyms, g.description, o.uid, o.name, s.uid
   FROM bionty_gene g JOIN bionty_organism o ON o.id = g.organism_id LEFT JOIN bionty_source s ON s.id = g.source_id ORDER BY g.ensembl_gene_id`,
};

describe.skipIf(python === null)(`[row 90] imports beside bionty${whyNot}`, () => {
  beforeAll(async () => {
    theirs = pythonInstance();
    const folder = join(theirs.folder, 'packs');
    mkdirSync(folder);
    for (const [name, text, registry] of [
      ['cells', cells, 'CellType'],
      ['tissues', tissues, 'Tissue'],
    ] as const) {
      const table = await readTerms(sourceOf(text), `${name}.obo`, {
        facts: { entity: `bionty.${registry}` },
      });
      writeFileSync(join(folder, `${name}.parquet`), writePack(table, null));
    }
    theirs.run(
      `import pandas as pd, sys, json\npd.DataFrame(json.loads(sys.argv[1])).to_parquet(sys.argv[2])`,
      JSON.stringify(genes),
      join(folder, 'genes.parquet'),
    );
    theirs.run(there, folder);
    ours = await memoryEngine();
    ours.engine.create('CellType', { name: 'ours before', ontology_id: 'CL:0000777', description: 'kept' });
    ours.engine.writer.act({ kind: 'x', title: 'organism' }, (tx) => organismRow(tx, 'human'));
    const { readFileSync } = await import('node:fs');
    await importHere('CellType', { name: 'cl', organism: 'all' }, new TextEncoder().encode(cells), 'cl.obo');
    await importHere(
      'Tissue',
      { name: 'uberon', organism: 'all' },
      new TextEncoder().encode(tissues),
      'uberon.obo',
    );
    const bytes = new Uint8Array(readFileSync(join(folder, 'genes.parquet')));
    await importHere('Gene', { name: 'ensembl', organism: 'human' }, bytes, 'genes.parquet');
  });

  it.each(Object.keys(asked) as (keyof typeof asked)[])('gives the same %s', (what) => {
    const driver = openNode(join(theirs.storage, '.lamindb', 'lamin.db'));
    try {
      const rows = driver.all(asked[what]);
      expect(rows.length).toBeGreaterThan(1);
      expect(ours.rows(asked[what])).toEqual(rows);
    } finally {
      driver.close();
    }
  });
});
