// The generated lab: same bytes as on the day Python (lamindb 2.12.1, anndata, pandas, pyarrow) wrote lab-facts.json,
// and hashes, suffixes, rows and sizes equal to what it said.
import { describe, expect, it } from 'vitest';
import { hashFile, hashFolder } from '../../src/lib/engine/hash.ts';
import { suffixOf } from '../../src/lib/engine/suffix.ts';
import { inspectFile, inspectFolder } from '../../src/lib/formats/inspect.ts';
import { generateLab, LAB_FOLDERS } from '../fixtures/generate.ts';
import facts from '../fixtures/lab-facts.json';
import { bufferSource } from '../fixtures/sources.ts';

interface LabFact {
  size: number;
  hash: string;
  hashType: string;
  suffix: string;
  nFiles?: number;
  rows?: number;
  nColumns?: number;
  columns?: string[];
  nObs?: number;
  nVars?: number;
  obs?: string[];
  categories?: number;
}

const lab = await generateLab();
const folderOf = (path: string): string | undefined =>
  LAB_FOLDERS.find((folder) => path.startsWith(`${folder}/`));

describe('the generated lab', () => {
  it('has exactly the files the facts name', () => {
    const keys = new Set(lab.map((file) => folderOf(file.path) ?? file.path));
    expect([...keys].sort()).toEqual(Object.keys(facts).sort());
    expect(lab.filter((file) => folderOf(file.path) === undefined).length).toBeGreaterThanOrEqual(25);
    expect(LAB_FOLDERS.length).toBeGreaterThanOrEqual(3);
  });

  it.each(Object.entries(facts as Record<string, LabFact>))('%s', async (key, fact) => {
    expect(suffixOf(key).canonical).toBe(fact.suffix);
    const members = lab
      .filter((file) => folderOf(file.path) === key)
      .map((file) => ({ path: file.path.slice(key.length + 1), source: bufferSource(file.bytes) }));
    const single = lab.find((file) => file.path === key);
    if (single !== undefined) {
      expect(single.bytes.length).toBe(fact.size);
      expect(await hashFile(bufferSource(single.bytes))).toEqual({
        hash: fact.hash,
        hashType: fact.hashType,
      });
    } else {
      const { size, hash, hashType, nFiles } = fact;
      expect(await hashFolder({ files: members })).toEqual({ size, hash, hashType, nFiles });
    }
    const found = await (single
      ? inspectFile(bufferSource(single.bytes), key)
      : inspectFolder({ files: members }, key));
    if (key === 'damaged.h5ad') expect(found.problem).toContain('name says');
    else if (key === 'empty.txt') expect(found.problem).toContain('empty');
    else expect(found.problem).toBeNull();
    if (fact.rows !== undefined) expect(found.rows).toBe(fact.rows);
    if (fact.nColumns !== undefined) expect(found.columnCount).toBe(fact.nColumns);
    if (fact.columns !== undefined) expect(found.columns?.map((column) => column.name)).toEqual(fact.columns);
    if (fact.nObs !== undefined) {
      expect(found).toMatchObject({ otype: 'AnnData', nObservations: fact.nObs });
      expect(found.shape).toEqual({ observations: fact.nObs, variables: fact.nVars });
      expect(found.obs?.map((column) => column.name)).toEqual(fact.obs);
      expect(found.obs?.[0]?.categories).toBe(fact.categories);
      expect(found.preview?.rows[1]).toEqual(['cell_1', 'NK cell', '0.25']);
    }
  });
});
