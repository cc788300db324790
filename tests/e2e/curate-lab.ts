// A lab whose tables are messy: its database with terms and schemas, the tables, and the app with both.
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { memoryEngine } from '../unit/memory-engine.ts';
import { openNode } from '../../src/lib/storage/sql/node.ts';
import { downloaded, workIn, toSettings, type Suite } from './app.ts';
import type { OpenedApp } from './harness.ts';

export const cells = [
  'natural killer cell',
  'classical monocyte',
  'plasmacytoid dendritic cell',
  'regulatory T cell',
  'naive B cell',
  'memory B cell',
  'megakaryocyte',
  'hepatocyte',
  'endothelial cell',
  'epithelial cell',
];

export const ensemblGenes = [
  ['CD8A', 'ENSG00000153563'],
  ['CD4', 'ENSG00000010610'],
] as const;

/** A database with the terms and schemas of a lab, as a colleague would send it. */
async function lab(): Promise<Uint8Array> {
  const { engine: e, driver } = await memoryEngine();
  for (const name of cells)
    e.create('CellType', { name, synonyms: name === 'natural killer cell' ? 'NK cell|NK' : null });
  const cell = e.create('Feature', { name: 'cell_type', dtype: 'cat[bionty.CellType]', coerce: true });
  const type = e.create('ULabel', { name: 'Donor', is_type: true });
  const donor = e.create('Feature', { name: 'donor', dtype: `cat[ULabel[${type.uid}]]`, coerce: true });
  const genes = e.create('Feature', { name: 'n_genes', dtype: 'float' });
  const features = [{ uid: cell.uid }, { uid: donor.uid }, { uid: genes.uid }];
  e.create('Schema', { name: 'cells of donors', features, otype: 'DataFrame', maximal_set: true });
  e.create('Organism', { name: 'human', ontology_id: 'NCBITaxon:9606' });
  for (const [symbol, id] of ensemblGenes)
    e.create('Gene', { symbol, ensembl_gene_id: id, organism: 'human' });
  const counts = e.create('Feature', { name: 'n_counts', dtype: 'int' });
  e.create('Schema', { name: 'counts alone', features: [{ uid: counts.uid }], otype: 'DataFrame' });
  e.create('Schema', { name: 'cells alone', features: [{ uid: cell.uid }], otype: 'DataFrame' });
  const bytes = driver.serialize();
  driver.close();
  return bytes;
}

/** 40 spellings that no registry has: letters swapped, doubled, left out. */
export function misspelt(): string[] {
  const slips = [
    (name: string) => name.slice(0, 3) + name.slice(4),
    (name: string) => name.slice(0, 4) + (name[5] ?? '') + (name[4] ?? '') + name.slice(6),
    (name: string) => name.slice(0, -2) + name.slice(-1),
    (name: string) => name.slice(0, 6) + (name[5] ?? '') + name.slice(6),
  ];
  return cells.flatMap((name) => slips.map((slip) => slip(name)));
}

export function messy(): string {
  const wrong = misspelt();
  const lines = ['Cell type,donor,n_genes,scratch'];
  for (let i = 0; i < 500; i++) {
    const cell = i < 80 ? wrong[i % 40] : i % 25 === 0 ? 'NK cell' : cells[i % cells.length];
    lines.push(`${cell ?? ''},donor ${1 + (i % 5)},${i === 250 ? 'n.d.' : 1000 + i},x`);
  }
  return `${lines.join('\n')}\n`;
}

/** The app with that database to be worked in. */
export async function openLab(suite: Suite): Promise<OpenedApp> {
  const app = await suite.open({ path: '/' });
  const { page } = app;
  page.setDefaultTimeout(20_000);
  const file = join(suite.folder, 'lab.sqlite');
  await writeFile(file, await lab());
  await workIn(page, file, 'lab');
  return app;
}

/** Answers of the database as it is exported by Settings. */
export async function asked({ folder }: Suite, page: Page, ...statements: string[]): Promise<unknown[][][]> {
  await toSettings(page);
  const exporting = page.getByRole('button', { name: 'Export the database file' });
  // Only on the screen itself: the document may have been another one before.
  await exporting.waitFor();
  const path = join(folder, 'exported.db');
  await downloaded(page, path, () => exporting.click());
  const driver = openNode(path);
  try {
    return statements.map((sql) => driver.all(sql));
  } finally {
    driver.close();
    await rm(path);
  }
}
