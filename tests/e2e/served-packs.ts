// The built app with packs of public ontologies beside it, made by the readers and the writer of `npm run ontologies`.
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readTerms } from '../../src/lib/formats/ontology/read.ts';
import { writePack } from '../../src/lib/formats/ontology/write-pack.ts';
import { oboOf, sourceOf, type TermLines } from '../unit/ontology-files.ts';
import { builtApp, startServer } from './harness.ts';

export interface ServedPacks {
  folder: string;
  server: Awaited<ReturnType<typeof startServer>>;
  /** Lays another pack beside the app. */
  pack(name: string, registry: string, ontology: string, terms: TermLines[], version: string): Promise<void>;
  end(): Promise<void>;
}

export async function servePacks(): Promise<ServedPacks> {
  const folder = await mkdtemp(join(tmpdir(), 'loam-ontologies-'));
  await cp(builtApp, folder, { recursive: true });
  await mkdir(join(folder, 'ontologies'), { recursive: true });
  const entries: object[] = [];
  const server = await startServer(0, folder);
  return {
    folder,
    server,
    async pack(name, registry, ontology, terms, version) {
      const table = await readTerms(sourceOf(oboOf(ontology, terms, version)), 'x.obo', {
        facts: { entity: `bionty.${registry}` },
      });
      table.facts.organism = 'all';
      const bytes = writePack(table, null);
      await writeFile(join(folder, 'ontologies', `${name}.parquet`), bytes);
      entries.push({ ...table.facts, pack: name, rows: table.count, bytes: bytes.length, note: '' });
      await writeFile(join(folder, 'ontologies', 'packs.json'), JSON.stringify({ packs: entries }));
    },
    async end() {
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
