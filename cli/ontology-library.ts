// Packs of a folder for the engine's desk, read in this process: look-ups, imports of files and addresses. The folder is the
// one that `npm run ontologies` fills, unless LOAM_ONTOLOGIES names another.
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LoamError } from '../src/lib/engine/errors.ts';
import { model } from '../src/lib/engine/model/model.ts';
import { batchesOf, feedOf, withAncestors } from '../src/lib/engine/ontology/batches.ts';
import { createDesk, type OntologyDesk } from '../src/lib/engine/ontology/desk.ts';
import type { PackChoice, PackEntry, PackLibrary } from '../src/lib/engine/ontology/library.ts';
import { termTable } from '../src/lib/engine/ontology/tables.ts';
import type { ByteSource } from '../src/lib/engine/ports.ts';
import { findingWords } from '../src/lib/formats/ontology/findings.ts';
import { readTerms } from '../src/lib/formats/ontology/read.ts';
import { createShelf } from '../src/lib/formats/ontology/shelf.ts';
import { termRows } from '../src/lib/formats/ontology/term-table.ts';
import { randomUid } from '../src/lib/engine/uid.ts';
import { getRandomValues } from 'node:crypto';
import { fileOf, type Instance } from './instance.ts';

/** Beside the built command line lie the project's packs. */
const besideUs = join(dirname(fileURLToPath(import.meta.url)), '..', 'static', 'ontologies');

export function packFolder(env: Readonly<Record<string, string | undefined>> = process.env): string {
  return env['LOAM_ONTOLOGIES'] ?? besideUs;
}

export function createFolderLibrary(folder: string, cwd: string): PackLibrary {
  const list = async (): Promise<PackEntry[]> => {
    const index = join(folder, 'packs.json');
    if (!existsSync(index)) return [];
    const { packs } = JSON.parse(readFileSync(index, 'utf8')) as { packs: PackEntry[] };
    return packs.map((entry) => ({
      ...entry,
      entity: /^\w+\.\w+$/.test(entry.entity ?? '') ? entry.entity : null,
    }));
  };
  const packPath = (pack: string) => join(folder, `${basename(pack)}.parquet`);
  const withFile = async <T>(path: string, use: (source: ByteSource) => Promise<T>): Promise<T> => {
    const { source, close } = fileOf(path);
    try {
      return await use(source);
    } finally {
      await close();
    }
  };
  const shelf = createShelf((pack) =>
    withFile(packPath(pack), (source) => readTerms(source, `${pack}.parquet`)),
  );

  async function bytesOf(
    choice: PackChoice,
  ): Promise<{ path: string } | { bytes: Uint8Array; name: string }> {
    if ('pack' in choice) return { path: packPath(choice.pack) };
    if ('url' in choice) {
      // A public bucket answers at its web address.
      const bucket = /^s3:\/\/([^/]+)\/(.+)$/.exec(choice.url);
      const address = bucket ? `https://${bucket[1]}.s3.amazonaws.com/${bucket[2]}` : choice.url;
      const response = await fetch(address).catch((error: Error) => {
        throw new LoamError('FileUnreadable', `${choice.url} cannot be fetched: ${error.message}.`, {
          url: choice.url,
        });
      });
      if (!response.ok)
        throw new LoamError(
          'FileUnreadable',
          `${choice.url} cannot be fetched: the server answers ${response.status}.`,
          { url: choice.url },
        );
      return { bytes: new Uint8Array(await response.arrayBuffer()), name: new URL(address).pathname };
    }
    if (choice.file instanceof Blob)
      return { bytes: new Uint8Array(await choice.file.arrayBuffer()), name: choice.name };
    const path = resolve(cwd, String(choice.file));
    if (existsSync(path)) return { path };
    throw new LoamError('DoesNotExist', `There is no file ${path}.`, { path });
  }

  return {
    list,
    async open(choice, given) {
      const found = await bytesOf(choice);
      const entry = 'pack' in choice ? (await list()).find(({ pack }) => pack === choice.pack) : null;
      const { registry, ...facts } = {
        ...(entry ? { source: entry.source, version: entry.version, organism: entry.organism } : {}),
        ...given,
      };
      const entity =
        registry === undefined ? {} : { entity: registry.includes('.') ? registry : `bionty.${registry}` };
      const ask = { facts: { ...facts, ...entity } };
      const table =
        'path' in found
          ? await withFile(found.path, (source) => readTerms(source, found.path, ask))
          : await readTerms(
              { size: found.bytes.length, read: async (a, b) => found.bytes.slice(a, b) },
              found.name,
              ask,
            );
      const terms = termRows(table);
      const { list: told, total } = table.findings;
      return {
        facts: table.facts,
        rows: table.count,
        key: table.key,
        findings: { list: told, total, words: findingWords(table.findings) },
        async feed({ registry: name, organism, ids }) {
          const wanted = ids && new Set(ids);
          const rows =
            wanted &&
            withAncestors(
              terms,
              Array.from({ length: terms.count }, (_, row) => row).filter((row) =>
                wanted.has(terms.value(terms.key, row) ?? ''),
              ),
            );
          return feedOf(batchesOf(terms, { table: termTable(model, name), organism, rows }));
        },
        close: () => {},
      };
    },
    find: (text, packs, { most, exact }) => shelf.findAll(text, packs, most, exact),
    term: shelf.term,
    roots: shelf.roots,
  };
}

/** The engine's desk over the packs of this computer. */
export function openDesk({ engine }: Pick<Instance, 'engine'>, cwd: string, env = process.env): OntologyDesk {
  return createDesk({
    engine,
    library: createFolderLibrary(packFolder(env), cwd),
    onJob: () => {},
    newUid: () => randomUid(16, (bytes) => getRandomValues(bytes as Uint8Array<ArrayBuffer>)),
  });
}
