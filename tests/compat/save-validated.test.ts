// Saving a validated artifact beside lamindb: on copies of one database both validate and save the same files, and afterwards
// the same rows are there: the schema on the artifact, what was inferred per slot, and the labels with their features.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { SqlDriver } from '../../src/lib/engine/ports.ts';
import { readDataset } from '../../src/lib/formats/curate/read-dataset.ts';
import { openMemory } from '../../src/lib/storage/sql/memory.ts';
import { fileSource } from '../fixtures/sources.ts';
import { openedEngine } from './opened.ts';
import { python, pythonInstance, whyNot } from './python.ts';

const here = dirname(fileURLToPath(import.meta.url));

/** Inferred schemas have uids of chance, so they are named by their hash; a schema without a name is what it holds. */
const questions: Record<string, string> = {
  artifacts: `SELECT a.key, s.uid FROM lamindb_artifact a LEFT JOIN lamindb_schema s ON s.id = a.schema_id WHERE a.kind IS NOT '__lamindb_run__'`,
  slots: `SELECT a.key, l.slot, s.hash FROM lamindb_artifactschema l JOIN lamindb_artifact a ON a.id = l.artifact_id JOIN lamindb_schema s ON s.id = l.schema_id`,
  schemas: `SELECT s.hash, s.name, s.itype, s.otype, s._dtype_str, s.n_members, s.minimal_set, s.ordered_set, s.maximal_set, s.flexible, s.coerce, s.suffix, s._aux,
      (SELECT group_concat(uid, ',') FROM (SELECT f.uid FROM lamindb_schemafeature m JOIN lamindb_feature f ON f.id = m.feature_id WHERE m.schema_id = s.id ORDER BY f.uid)),
      (SELECT group_concat(uid, ',') FROM (SELECT g.uid FROM bionty_schemagene m JOIN bionty_gene g ON g.id = m.gene_id WHERE m.schema_id = s.id ORDER BY g.uid))
    FROM lamindb_schema s`,
  ulabels: `SELECT a.key, u.uid, f.uid FROM lamindb_artifactulabel l JOIN lamindb_artifact a ON a.id = l.artifact_id JOIN lamindb_ulabel u ON u.id = l.ulabel_id LEFT JOIN lamindb_feature f ON f.id = l.feature_id`,
  cellTypes: `SELECT a.key, c.uid, f.uid FROM bionty_artifactcelltype l JOIN lamindb_artifact a ON a.id = l.artifact_id JOIN bionty_celltype c ON c.id = l.celltype_id LEFT JOIN lamindb_feature f ON f.id = l.feature_id`,
  tissues: `SELECT a.key, c.uid, f.uid FROM bionty_artifacttissue l JOIN lamindb_artifact a ON a.id = l.artifact_id JOIN bionty_tissue c ON c.id = l.tissue_id LEFT JOIN lamindb_feature f ON f.id = l.feature_id`,
  genes: `SELECT count(*) FROM bionty_artifactgene`,
};

const answers = (driver: SqlDriver): Record<string, string[]> =>
  Object.fromEntries(
    Object.entries(questions).map(([name, sql]) => [
      name,
      driver
        .all(sql)
        .map((row) => JSON.stringify(row))
        .sort(),
    ]),
  );

describe.skipIf(python === null)(`saving validated artifacts${whyNot}`, () => {
  it('[row 43] [row 47] leaves the rows that lamindb leaves, and one undo takes them back', async () => {
    const theirs = pythonInstance();
    const out = theirs.script(join(here, 'python/save_validated.py'), theirs.storage);
    const { saved } = JSON.parse(out.slice(out.indexOf('{"saved"'))) as {
      saved: { name: string; uid: string; schema: string; path: string }[];
    };
    const file = (name: string) => new Uint8Array(readFileSync(join(theirs.storage, '.lamindb', name)));
    const after = await openMemory({ bytes: file('lamin.db') });
    const { driver, engine } = await openedEngine(file('before.db'));
    const before = answers(driver);
    for (const { uid, schema, path } of saved) {
      const source = fileSource(path);
      const done = await engine.saveValidated(uid, schema, (asks) => readDataset(source, path, asks));
      expect(done, path).toMatchObject({ saved: true, result: { ok: true } });
    }
    const [wanted, got] = [answers(after), answers(driver)];
    expect(got).toEqual(wanted);
    expect(wanted['slots']).toHaveLength(13);
    expect(wanted['ulabels']?.length).toBeGreaterThan(5);
    expect(driver.all('PRAGMA foreign_key_check')).toEqual([]);
    expect(engine.acts(saved.length).every(({ title }) => title.startsWith('Validate '))).toBe(true);
    for (let i = 0; i < saved.length; i++) await engine.undo();
    expect(answers(driver)).toEqual(before);
    driver.close();
    after.close();
  });
});
