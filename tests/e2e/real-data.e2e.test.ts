// The main journey on real files that nobody here wrote: 58 files and 6 folders of biology dropped at once, the browser
// killed and reopened, and every hash, size and count compared with what Python says of them.
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { withCopy } from '../../scripts/ddl-facts.mjs';
import { dropFiles, openApp, removeProfile, startServer } from './harness.ts';

interface RealFact {
  file: string;
  size: number;
  lamin_hash: string;
  hash_type: string;
  sha256?: string;
  facts: { kind: string; n_obs?: number; n_vars?: number };
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const bio = resolve(root, process.env['LOAM_FIXTURES'] ?? '../shared', 'fixtures/bio');
const there = existsSync(join(bio, 'facts.json'));

/** The same journey runs on generated files every time; the 64 real ones take half a minute more. */
const long = process.env['LOAM_LONG'] === '1';
const whyNot = there
  ? long
    ? ''
    : ' (skipped: LOAM_LONG is needed)'
  : ' (skipped: LOAM_FIXTURES has no fixtures/bio)';

describe.skipIf(!there || !long)(`real files${whyNot}`, () => {
  it('[row 95] all become artifacts with LaminDB’s hashes and counts, and survive a kill', async () => {
    const facts = (JSON.parse(readFileSync(join(bio, 'facts.json'), 'utf8')) as { files: RealFact[] }).files;
    const folders = facts
      .filter((f) => statSync(join(bio, f.file)).isDirectory())
      .map((f) => basename(f.file));
    const folder = mkdtempSync(join(tmpdir(), 'loam-real-'));
    const server = await startServer();
    let app = await openApp({ url: server.url });
    try {
      app.page.setDefaultTimeout(30_000);
      await app.page.getByRole('button', { name: /sample lab/i }).waitFor();
      await dropFiles(
        app.page,
        facts.map((f) => join(bio, f.file)),
      );
      for (const name of folders.filter((f) => !f.endsWith('.zarr'))) {
        await app.page
          .getByRole('group', { name })
          .getByLabel(/Keep as one folder artifact/)
          .check();
      }
      await app.page.getByRole('button', { name: 'Save them' }).click();
      await app.page
        .getByRole('heading', { name: `${facts.length} files done` })
        .waitFor({ timeout: 110_000 });
      expect(app.problems.page).toEqual([]);
      expect(app.problems.csp).toEqual([]);

      await app.kill();
      app = await openApp({ url: server.url, path: '/settings', profile: app.profile });
      await app.page.evaluate(() => Reflect.deleteProperty(window, 'showSaveFilePicker'));
      const download = app.page.waitForEvent('download');
      await app.page.getByRole('button', { name: 'Export the database file' }).click();
      const file = join(folder, 'export.db');
      await (await download).saveAs(file);
      withCopy(file, (db) => {
        expect(db.get('PRAGMA integrity_check')).toEqual({ integrity_check: 'ok' });
        const rows = db.all(
          `SELECT a.key, a.hash, a._hash_type, a.size, a.otype, a.n_observations, b.summary FROM lamindb_artifact a
           JOIN loam_blob b ON b.artifact_id = a.id`,
        );
        expect(rows).toHaveLength(facts.length);
        for (const fact of facts) {
          const row = rows.find((r) => r['key'] === basename(fact.file));
          expect(row, fact.file).toMatchObject({ hash: fact.lamin_hash, _hash_type: fact.hash_type });
          expect(Number(row?.['size']), fact.file).toBe(fact.size);
          if (fact.facts.kind === 'AnnData') {
            expect(row?.['otype'], fact.file).toBe('AnnData');
            expect(Number(row?.['n_observations']), fact.file).toBe(fact.facts.n_obs);
          }
          // What Python cannot read we may read in part; where we cannot, the reason is in words.
          if (fact.facts.kind === 'unreadable' && fact.size === 0)
            expect(String(row?.['summary'])).toMatch(/problem":"/);
        }
      });
    } finally {
      await app.close().catch(() => {});
      await removeProfile(app.profile);
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    }
  }, 180_000);
});
