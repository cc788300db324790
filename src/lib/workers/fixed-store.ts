// Fixed copies of Zarr stores, as folders and as zip archives: what changed comes from formats/curate/fixed-zarr.ts, all else are the
// original's own files, or its members as they unpack.
import { LoamError } from '../engine/errors.ts';
import type { ByteSource, Fix, FolderSource } from '../engine/ports.ts';
import { fixedZarr } from '../formats/curate/fixed-zarr.ts';
import { zarrRoot } from '../formats/zarr-node.ts';
import { folderStore, zipStore } from '../formats/zarr-store.ts';
import { entryChunks } from '../formats/zip-entry.ts';
import { zipChunks, type ZipMember } from '../formats/zip-write.ts';
import { listZip, type ZipEntry } from '../formats/zip.ts';

/** Null where the folder is no Zarr store. Files that stay are those of `own`, which are not read. */
export async function fixedFolder(
  source: FolderSource,
  own: ReadonlyMap<string, File>,
  fixes: readonly Fix[],
  onRows: (rows: number) => void,
): Promise<{ path: string; file: File }[] | null> {
  if (zarrRoot(source.files.map(({ path }) => path)) === null) return null;
  const objects = await fixedZarr(folderStore(source), fixes, onRows);
  return [...objects].map(([path, object]) => {
    if ('bytes' in object) return { path, file: fileOf(path, object.bytes) };
    const file = own.get(object.from);
    if (file === undefined) throw new Error(`${object.from} is missing`);
    return { path, file };
  });
}

const fileOf = (path: string, bytes: Uint8Array): File =>
  new File([bytes as Uint8Array<ArrayBuffer>], path.slice(path.lastIndexOf('/') + 1));

/** Places beyond this are told in another form, which the list of members does not read. */
const mostZip = 2 ** 32 - 1;

/** The archive in pieces; null where it holds no Zarr store. Members are stored, not packed, as zarr itself writes them. */
export async function fixedZip(
  source: ByteSource,
  fixes: readonly Fix[],
  onRows: (rows: number) => void,
): Promise<AsyncGenerator<Uint8Array, void> | null> {
  const entries = await listZip(source);
  if (zarrRoot(entries.map(({ path }) => path)) === null) return null;
  if (source.size >= mostZip)
    throw new LoamError(
      'NotImplementedError',
      'The archive has more than 4 GB. A fixed copy is written of smaller ones, and of Zarr stores that are folders.',
    );
  let rows = 0;
  const objects = await fixedZarr(await zipStore(source, entries), fixes, (done) => onRows((rows = done)));
  const known = new Map(entries.map((entry) => [entry.path, entry]));
  const members = [...objects].map(([path, object]): ZipMember => {
    if ('bytes' in object)
      return { path, size: object.bytes.length, chunks: () => alive([object.bytes], () => onRows(rows)) };
    const entry = known.get(object.from) as ZipEntry;
    return {
      path,
      size: entry.size,
      chunks: () => alive(entryChunks(source, entry, entry.size), () => onRows(rows)),
    };
  });
  return zipChunks(members, new Date());
}

/** Tells that work goes on, also where no row is counted. */
async function* alive(
  parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  tell: () => void,
): AsyncGenerator<Uint8Array, void> {
  for await (const part of parts) {
    tell();
    yield part;
  }
}
