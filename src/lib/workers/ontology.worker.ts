// Reads packs and files of ontologies away from the database: one of these is kept for look-ups, and each import has one of
// its own, which is ended when it is cancelled. It may ask other sites, since an ontology may lie at its own address.
import * as Comlink from 'comlink';
import { LoamError, toWire } from '../engine/errors.ts';
import { model } from '../engine/model/model.ts';
import { batchesOf, withAncestors, type Batches } from '../engine/ontology/batches.ts';
import { termTable } from '../engine/ontology/tables.ts';
import type { PackFactsGiven } from '../engine/ontology/library.ts';
import type { TermBatch } from '../engine/ontology/types.ts';
import { findingWords } from '../formats/ontology/findings.ts';
import { readTerms } from '../formats/ontology/read.ts';
import { createShelf } from '../formats/ontology/shelf.ts';
import { termRows, type TermTable } from '../formats/ontology/term-table.ts';
import { blobSource } from '../storage/blob/blob-source.ts';
import type { Answer } from './inspect.worker.ts';
import { packCache } from './pack-cache.ts';

/** Bytes of a pack: kept by the browser after the first time, so that look-ups work with the server gone. */
export interface PackPlace {
  url: string;
  /** Changes with the content. */
  version: string;
}

/** No ontology of today is larger; a hostile address must not fill the memory. */
const mostFetched = 2 ** 31;

let places: Record<string, PackPlace> = {};
let imported: TermTable | null = null;
let batches: Batches | null = null;

const shelf = createShelf(async (pack) => {
  const place = places[pack];
  if (!place) throw new LoamError('DoesNotExist', `There is no pack "${pack}".`, { pack });
  return readTerms(blobSource(await packBlob(place)), `${pack}.parquet`);
});

async function packBlob({ url, version }: PackPlace): Promise<Blob> {
  const address = `${url}?v=${encodeURIComponent(version)}`;
  const cache = await caches.open(packCache).catch(() => null);
  const kept = await cache?.match(address);
  if (kept) return kept.blob();
  const response = await fetch(address).catch((error: unknown) => unreachable(url, error));
  if (!response.ok) throw unreachable(url, `the server answers ${response.status}`);
  const blob = await response.blob();
  // Storage may be full: then it is fetched again the next time.
  await cache?.put(address, new Response(blob)).catch(() => {});
  return blob;
}

function unreachable(url: string, why: unknown): never {
  throw new LoamError(
    'FileUnreadable',
    `${url} cannot be fetched: ${why instanceof Error ? why.message : String(why)}. Download the file and import it from here.`,
    { url },
  );
}

/** Public buckets by the address that browsers can ask. */
function webAddress(url: string): string {
  const bucket = /^s3:\/\/([^/]+)\/(.+)$/.exec(url);
  return bucket ? `https://${bucket[1]}.s3.amazonaws.com/${bucket[2]}` : url;
}

async function fetched(given: string): Promise<Blob> {
  const url = webAddress(given);
  const response = await fetch(url).catch((error: unknown) => unreachable(url, error));
  if (!response.ok) throw unreachable(url, `the server answers ${response.status}`);
  if (Number(response.headers.get('content-length') ?? 0) > mostFetched)
    throw unreachable(url, 'it is larger than 2 GB');
  return response.blob();
}

async function answer<T>(work: () => Promise<T> | T): Promise<Answer<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    return { ok: false, error: toWire(error) };
  }
}

const api = {
  setPacks(next: Record<string, PackPlace>): void {
    places = next;
  },

  open: (
    what: { place: PackPlace; name: string } | { file: Blob; name: string } | { url: string },
    given: PackFactsGiven,
  ) =>
    answer(async () => {
      const blob =
        'place' in what ? await packBlob(what.place) : 'file' in what ? what.file : await fetched(what.url);
      const name = 'url' in what ? (what.url.split(/[?#]/)[0] ?? what.url) : what.name;
      const { registry, ...facts } = given;
      const entity =
        registry === undefined ? {} : { entity: registry.includes('.') ? registry : `bionty.${registry}` };
      imported = await readTerms(blobSource(blob), name, { facts: { ...facts, ...entity } });
      const { list, total } = imported.findings;
      return {
        facts: imported.facts,
        rows: imported.count,
        key: imported.key,
        findings: { list, total, words: findingWords(imported.findings) },
      };
    }),

  prepare: (registry: string, organism: string, ids: readonly string[] | null) =>
    answer(() => {
      if (!imported) throw new LoamError('InternalError', 'No ontology is open.');
      const terms = termRows(imported);
      let rows: number[] | null = null;
      if (ids) {
        const wanted = new Set(ids);
        const found = Array.from({ length: terms.count }, (_, row) => row).filter((row) =>
          wanted.has(terms.value(terms.key, row) ?? ''),
        );
        rows = withAncestors(terms, found);
      }
      batches = batchesOf(terms, { table: termTable(model, registry), organism, rows });
      return { rows: batches.rows, links: batches.links };
    }),

  batch: async (from: number): Promise<Answer<TermBatch | null>> => {
    const made = await answer(() => batches?.at(from) ?? null);
    const batch = made.ok ? made.value : null;
    return batch ? Comlink.transfer(made, [batch.links.buffer, batch.deprecated.buffer]) : made;
  },

  find: (text: string, packs: readonly string[], most: number, exact: boolean, wait: boolean) =>
    answer(() => (wait ? shelf.findAll(text, packs, most, exact) : shelf.find(text, packs, most, exact))),
  term: (pack: string, id: string) => answer(() => shelf.term(pack, id)),
  roots: (pack: string, most: number) => answer(() => shelf.roots(pack, most)),
};

export type OntologyWorkerApi = typeof api;

Comlink.expose(api);
